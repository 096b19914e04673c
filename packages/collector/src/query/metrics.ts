import type { MetricKind, MetricSummary, MetricsAnswer } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import { METRIC_KINDS, POINT_NANO, SERIES } from './metric-kinds.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';

const MOST_METRICS = 1_000;
const MOST_SERVICES = 20;

export interface MetricsQuestion {
  readonly range: TimeRange;
  readonly service?: string | undefined;
  /** A part of the name, in any case. */
  readonly text?: string | undefined;
}

interface MetricRow {
  readonly name: string;
  readonly kind: MetricKind;
  readonly services: readonly string[];
  readonly series: string;
  readonly points: string;
  /** Of the newest point: time, unit, description, value, count, temporality, whether it only grows. */
  readonly newest: readonly [string, string, string, number | null, string, number, boolean];
}

const TEMPORALITIES = { 1: 'delta', 2: 'cumulative' } as const;

/** The metrics that have points in the range, by name; one name of two kinds is two metrics. At most 1,000. */
export async function metrics(reader: Reader, { range, service, text }: MetricsQuestion): Promise<MetricsAnswer> {
  const bindings = createBindings();
  const conditions = [withinRange(range, bindings, 'otel_metrics')];
  if (service !== undefined) conditions.push(`ServiceName = ${bindings.bind('String', service)}`);
  if (text !== undefined)
    conditions.push(`positionCaseInsensitiveUTF8(MetricName, ${bindings.bind('String', text)}) > 0`);
  const tables = METRIC_KINDS.map(
    ({ kind, table, value, count, temporality, isMonotonic, says }) =>
      `SELECT MetricName::String AS name, '${kind}' AS kind, groupUniqArray(${MOST_SERVICES})(ServiceName::String) AS services,
         uniq(${SERIES}) AS series, count() AS points,
         argMax((${POINT_NANO}, MetricUnit::String, MetricDescription::String, ${value}, ${count}, ${temporality}, ${isMonotonic}::Bool), TimeUnix) AS newest
       FROM ${table} WHERE ${conditions.join(' AND ')} AND ${says} GROUP BY name`,
  );
  const rows = await reader.rows<MetricRow>(
    `SELECT * FROM (${tables.join(' UNION ALL ')}) ORDER BY name, kind LIMIT ${MOST_METRICS + 1}`,
    bindings,
  );
  return {
    metrics: rows.slice(0, MOST_METRICS).map(summaryOf),
    ...(rows.length > MOST_METRICS ? { truncated: true } : {}),
    stats: reader.stats(),
  };
}

function summaryOf({ name, kind, services, series, points, newest }: MetricRow): MetricSummary {
  const [timeUnixNano, unit, description, value, count, temporality, isMonotonic] = newest;
  const isNumber = kind === 'gauge' || kind === 'sum';
  return {
    name,
    kind,
    unit,
    description,
    ...(kind === 'sum' ? { monotonic: isMonotonic } : {}),
    ...(temporality === 1 || temporality === 2 ? { temporality: TEMPORALITIES[temporality] } : {}),
    services: [...services].sort(),
    series: Number(series),
    points: Number(points),
    newest: { timeUnixNano, value, ...(isNumber ? {} : { count: Number(count) }) },
  };
}
