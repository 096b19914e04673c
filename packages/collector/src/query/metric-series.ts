import type { MetricKind, MetricSeriesAnswer } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import { stepFor } from './histogram.js';
import { METRIC_KINDS, POINT_NANO, SERIES } from './metric-kinds.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';

/** Lines in one chart; those with the most points come first. */
const MOST_LINES = 20;

export interface MetricSeriesQuestion {
  readonly name: string;
  readonly kind: MetricKind;
  readonly range: TimeRange;
  readonly service?: string | undefined;
  readonly buckets: number;
}

interface PointRow {
  readonly service: string;
  readonly bucket: string;
  readonly value: number | null;
  readonly measured: string;
  readonly points: string;
}

/**
 * One metric over time, a line for each service. What a step says: of a gauge the mean of its points; of what is sent as deltas their sum; of what is sent as a
 * running total the newest total of each series, added up. For histograms and summaries this is the sum of what was measured, and beside it how often.
 */
export async function metricSeries(reader: Reader, question: MetricSeriesQuestion): Promise<MetricSeriesAnswer> {
  const { buckets, name, range, service } = question;
  const kind = METRIC_KINDS.find((each) => each.kind === question.kind)!;
  const step = stepFor(range, buckets);
  const start = (range.startNano / step) * step;
  const length = Number((range.endNano - start + step - 1n) / step);
  const bindings = createBindings();
  const conditions = [
    `MetricName = ${bindings.bind('String', name)}`,
    withinRange(range, bindings, 'otel_metrics'),
    kind.says,
  ];
  if (service !== undefined) conditions.push(`ServiceName = ${bindings.bind('String', service)}`);
  const bucket = `intDiv(${POINT_NANO} - toInt64(${bindings.bind('Int64', String(start))}), toInt64(${bindings.bind('Int64', String(step))}))`;
  const isDelta = `${kind.temporality} = 1`;
  const rows = await reader.rows<PointRow>(
    kind.kind === 'gauge'
      ? `SELECT ServiceName AS service, ${bucket} AS bucket, avg(${kind.value}) AS value, toUInt64(0) AS measured, count() AS points
         FROM ${kind.table} WHERE ${conditions.join(' AND ')} GROUP BY service, bucket`
      : `SELECT service, bucket, sum(part) AS value, sum(times) AS measured, sum(rows) AS points
         FROM (SELECT ServiceName AS service, ${bucket} AS bucket, ${isDelta} AS delta, ${SERIES} AS series, count() AS rows,
             if(delta, sum(${kind.value}), argMax(${kind.value}, TimeUnix)) AS part,
             if(delta, sum(${kind.count}), argMax(${kind.count}, TimeUnix)) AS times
           FROM ${kind.table} WHERE ${conditions.join(' AND ')} GROUP BY service, bucket, delta, series)
         GROUP BY service, bucket`,
    bindings,
  );
  const lines = new Map<string, { points: number; values: (number | null)[]; counts: (number | null)[] }>();
  for (const row of rows) {
    const line = lines.get(row.service) ?? { points: 0, values: nothing(length), counts: nothing(length) };
    lines.set(row.service, line);
    line.points += Number(row.points);
    line.values[Number(row.bucket)] = row.value;
    line.counts[Number(row.bucket)] = Number(row.measured);
  }
  const isNumber = kind.kind === 'gauge' || kind.kind === 'sum';
  const busiest = [...lines].sort(([a, one], [b, other]) => other.points - one.points || (a < b ? -1 : 1));
  return {
    kind: kind.kind,
    stepNano: Number(step),
    startUnixNano: String(start),
    series: busiest
      .slice(0, MOST_LINES)
      .map(([name, { values, counts }]) => ({ service: name, values, ...(isNumber ? {} : { counts }) })),
    stats: reader.stats(),
  };
}

const nothing = (length: number): (number | null)[] => new Array<number | null>(length).fill(null);
