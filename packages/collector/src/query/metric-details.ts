import type { MetricAttributesAnswer, MetricExemplarsAnswer, MetricKind } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import { METRIC_KINDS } from './metric-kinds.js';
import { attributeSql, type MetricMatcher, matcherSql, seriesWithin } from './metric-matchers.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';

const MOST_ATTRIBUTES = 200;
const SHOWN_VALUES = 50;

interface MetricNamed {
  readonly name: string;
  readonly kind: MetricKind;
  readonly range: TimeRange;
}

/** The attributes that series of a metric carry, those of points before those of resources, with their values. From the table of series alone. */
export async function metricAttributes(
  reader: Reader,
  { name, kind, range }: MetricNamed,
): Promise<MetricAttributesAnswer> {
  const of = async (scope: 'point' | 'resource') => {
    const bindings = createBindings();
    const map = scope === 'point' ? 'Attributes' : 'ResourceAttributes';
    const rows = await reader.rows<{
      readonly key: string;
      readonly count: string;
      readonly values: readonly string[];
    }>(
      `SELECT key, uniq(value) AS count, topK(${SHOWN_VALUES})(value) AS values
       FROM (SELECT mapKeys(${map}) AS keys, mapValues(${map}) AS all FROM otel_metrics_series
         WHERE MetricName = ${bindings.bind('String', name)} AND Kind = ${bindings.bind('String', kind)} AND ${seriesWithin(range, bindings)})
       ARRAY JOIN keys AS key, all AS value GROUP BY key ORDER BY key LIMIT ${MOST_ATTRIBUTES}`,
      bindings,
    );
    return rows.map(({ key, count, values }) => ({ key, scope, count: Number(count), values }));
  };
  const [point, resource] = await Promise.all([of('point'), of('resource')]);
  return { attributes: [...point, ...resource], stats: reader.stats() };
}

interface ExemplarRow {
  readonly time: string;
  readonly value: number | null;
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/** Measurements with a trace behind them. Where there are more than `limit`, each stretch of the range shows its greatest: those are what one looks for. */
export async function metricExemplars(
  reader: Reader,
  {
    name,
    kind,
    range,
    where,
    limit,
  }: MetricNamed & { readonly where: readonly MetricMatcher[]; readonly limit: number },
): Promise<MetricExemplarsAnswer> {
  const { table } = METRIC_KINDS.find((each) => each.kind === kind)!;
  if (kind === 'summary') return { exemplars: [], stats: reader.stats() };
  const bindings = createBindings();
  const conditions = [
    `MetricName = ${bindings.bind('String', name)}`,
    withinRange(range, bindings, 'otel_metrics'),
    ...where.map((matcher) => matcherSql(attributeSql(matcher.key, bindings), matcher, bindings)),
  ];
  const start = bindings.bind('Int64', String(range.startNano));
  // One for each stretch, of as many as are wanted.
  const stretch = bindings.bind('Int64', String((range.endNano - range.startNano) / BigInt(limit) + 1n));
  const rows = await reader.rows<ExemplarRow>(
    `SELECT * FROM (
       SELECT toUnixTimestamp64Nano(toDateTime64(at, 9)) AS time, number AS value, ServiceName::String AS service, trace AS traceId, span AS spanId,
         arrayConcat(mapKeys(Attributes), mapKeys(filtered))::Array(String) AS keys, arrayConcat(mapValues(Attributes), mapValues(filtered)) AS values
       FROM ${table}
       ARRAY JOIN Exemplars.TimeUnix AS at, Exemplars.Value AS number, Exemplars.TraceId AS trace, Exemplars.SpanId AS span, Exemplars.FilteredAttributes AS filtered
       WHERE ${conditions.join(' AND ')} AND notEmpty(Exemplars.TraceId) AND trace != ''
       ORDER BY value DESC LIMIT 1 BY intDiv(time - toInt64(${start}), toInt64(${stretch})))
     ORDER BY time LIMIT ${limit}`,
    bindings,
  );
  return {
    exemplars: rows
      .filter(({ value }) => value !== null)
      .map(({ time, value, service, traceId, spanId, keys, values }) => ({
        timeUnixNano: time,
        value: value!,
        service,
        traceId,
        spanId,
        attributes: Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ''])),
      })),
    stats: reader.stats(),
  };
}
