import type { SpanMetricsAnswer, SpanMetricsSeries } from '../shapes/api.js';
import { NO_TIME_BUCKET, SPAN_METRICS_SCALE } from '../store/span-metrics-table.js';
import { createBindings } from './bindings.js';
import { MOST_BUCKETS, stepFor } from './histogram.js';
import { exponentialQuantile } from './histogram-quantile.js';
import { QueryProblem } from './query-problem.js';
import type { Reader } from './reader.js';
import { kindName } from './stored-names.js';
import type { TimeRange } from './time-range.js';

const MOST_SERIES = 100;
const MINUTE_NANO = 60_000_000_000n;

const DIMENSIONS = {
  service: 'ServiceName',
  operation: 'SpanName',
  kind: 'SpanKind',
  version: 'ServiceVersion',
} as const;
export type SpanDimension = keyof typeof DIMENSIONS;
export const SPAN_DIMENSIONS = Object.keys(DIMENSIONS) as readonly SpanDimension[];

export interface SpanMetricsQuestion {
  readonly range: TimeRange;
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  /** Without an operation, where work enters a service is what counts; `all` takes the rest as well. */
  readonly all: boolean;
  readonly by: readonly SpanDimension[];
  /** Whole minutes. */
  readonly stepNano?: bigint | undefined;
  readonly buckets: number;
}

interface Row {
  readonly labels: readonly string[];
  readonly steps: readonly string[];
  readonly spans: readonly string[];
  readonly errors: readonly string[];
  readonly sums: readonly (string | number)[];
  readonly durations: readonly (readonly [keys: readonly number[], counts: readonly string[]])[];
}

/** Rate, errors and duration of spans from what was counted when they came: a thousandth of the rows. Minutes that the range cuts are counted whole. */
export async function spanMetrics(reader: Reader, question: SpanMetricsQuestion): Promise<SpanMetricsAnswer> {
  const { all, by, operation, range, service } = question;
  const wanted = question.stepNano ?? stepFor(range, question.buckets);
  const step = ((wanted + MINUTE_NANO - 1n) / MINUTE_NANO) * MINUTE_NANO;
  const startNano = (range.startNano / step) * step;
  const length = Number((range.endNano - startNano + step - 1n) / step);
  if (length > MOST_BUCKETS) {
    throw new QueryProblem('bad-parameter', `${length} steps are more than one answer has (${MOST_BUCKETS}).`, {
      hint: 'Ask for a wider step or a shorter time.',
    });
  }
  const bindings = createBindings();
  const seconds = (nano: bigint): string => bindings.bind('Int64', String(nano / 1_000_000_000n));
  const first = (range.startNano / MINUTE_NANO) * MINUTE_NANO;
  const conditions = [
    `Time >= toDateTime(${seconds(first)})`,
    `Time < toDateTime(${seconds(range.endNano + 999_999_999n)})`,
  ];
  if (service !== undefined) conditions.push(`ServiceName = ${bindings.bind('String', service)}`);
  if (operation !== undefined) conditions.push(`SpanName = ${bindings.bind('String', operation)}`);
  else if (!all) conditions.push('IsEntry');
  const columns = by.map((dimension) => DIMENSIONS[dimension]);
  const grouped = columns.map((column) => `${column}, `).join('');
  const rows = await reader.rows<Row>(
    `SELECT [${columns.map((column) => `${column}::String`).join(', ')}]::Array(String) AS labels, groupArray(step) AS steps, groupArray(number) AS spans,
       groupArray(failed) AS errors, groupArray(length) AS sums, groupArray(lengths) AS durations
     FROM (SELECT ${grouped}intDiv(toInt64(toUnixTimestamp(Time)) - ${seconds(startNano)}, ${seconds(step)}) AS step, sum(Spans) AS number, sum(Errors) AS failed,
         sum(DurationSum) AS length, sumMap(DurationMap.Bucket, DurationMap.Count) AS lengths
       FROM otel_span_metrics WHERE ${conditions.join(' AND ')} GROUP BY ${grouped}step)
     GROUP BY labels ORDER BY sum(number) DESC, labels LIMIT ${MOST_SERIES}`,
    bindings,
  );
  return {
    stepNano: Number(step),
    startUnixNano: String(startNano),
    series: rows.map((row) => seriesOf(row, by, length)),
    stats: reader.stats(),
  };
}

function seriesOf(row: Row, by: readonly SpanDimension[], length: number): SpanMetricsSeries {
  const count = new Array<number>(length).fill(0);
  const errorCount = new Array<number>(length).fill(0);
  const p95Nano = new Array<number | null>(length).fill(null);
  const whole = new Map<number, number>();
  row.steps.forEach((step, index) => {
    const at = Number(step);
    const [keys, counts] = row.durations[index]!;
    const buckets = new Map(keys.map((key, place) => [Number(key), Number(counts[place] ?? 0)]));
    for (const [bucket, number] of buckets) whole.set(bucket, (whole.get(bucket) ?? 0) + number);
    count[at] = Number(row.spans[index]);
    errorCount[at] = Number(row.errors[index]);
    p95Nano[at] = durationQuantile(0.95, buckets);
  });
  const labels = Object.fromEntries(
    by.map((dimension, index) => [dimension, dimension === 'kind' ? kindName(row.labels[index]!) : row.labels[index]!]),
  );
  return {
    ...labels,
    spans: count.reduce((sum, each) => sum + each, 0),
    errors: errorCount.reduce((sum, each) => sum + each, 0),
    durationSumNano: row.sums.reduce<number>((sum, each) => sum + Number(each), 0),
    p50: durationQuantile(0.5, whole),
    p95: durationQuantile(0.95, whole),
    p99: durationQuantile(0.99, whole),
    count,
    errorCount,
    p95Nano,
  };
}

function durationQuantile(q: number, buckets: ReadonlyMap<number, number>): number {
  const positive = new Map(buckets);
  const zero = positive.get(NO_TIME_BUCKET) ?? 0;
  positive.delete(NO_TIME_BUCKET);
  const value = exponentialQuantile(q, {
    scale: SPAN_METRICS_SCALE,
    zero,
    zeroThreshold: 0,
    positive,
    negative: new Map(),
  });
  return Number.isNaN(value) ? 0 : Math.round(value);
}
