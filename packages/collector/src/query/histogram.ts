import type { HistogramAnswer, RedAnswer } from '../shapes/api.js';
import type { Clause } from '../shapes/filter.js';
import { type Bindings, createBindings } from './bindings.js';
import { filterBranches } from './filter-sql.js';
import type { Reader } from './reader.js';
import { IS_ENTRY, IS_ERROR } from './stored-names.js';
import { type TimeRange, withinRange } from './time-range.js';

export const MOST_BUCKETS = 2_000;

/** Widths that read well on an axis, in nanoseconds. */
export const STEPS = [
  1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8, 2e8, 5e8, 1e9, 2e9, 5e9, 10e9, 15e9,
  30e9, 60e9, 120e9, 300e9, 600e9, 900e9, 1800e9, 3600e9, 7200e9, 10800e9, 21600e9, 43200e9, 86400e9,
].map((step) => BigInt(step));

/** The smallest width that reads well and makes at most `buckets` of them. */
export function stepFor(range: TimeRange, buckets: number): bigint {
  const wanted = (range.endNano - range.startNano) / BigInt(buckets) || 1n;
  const found = STEPS.find((step) => step >= wanted);
  if (found !== undefined) return found;
  const day = STEPS.at(-1)!;
  return ((wanted + day - 1n) / day) * day;
}

/** Matching spans over time. Buckets start at multiples of their width, so that they stay put while a page refreshes. */
export async function histogram(
  reader: Reader,
  question: { readonly clauses: readonly Clause[]; readonly range: TimeRange; readonly buckets: number },
): Promise<HistogramAnswer> {
  const bindings = createBindings();
  const branches = filterBranches(question.clauses, bindings);
  return perStep(reader, question.range, stepFor(question.range, question.buckets), branches, bindings);
}

/**
 * Rate, errors and duration per step: of all spans of an operation, or of a service's entry spans when no operation is named, or of
 * all services' entry spans.
 */
export async function red(
  reader: Reader,
  question: {
    readonly service?: string | undefined;
    readonly operation?: string | undefined;
    readonly range: TimeRange;
    readonly stepNano: bigint;
  },
): Promise<RedAnswer> {
  const bindings = createBindings();
  const conditions: string[] = [];
  if (question.service !== undefined) conditions.push(`ServiceName = ${bindings.bind('String', question.service)}`);
  conditions.push(
    question.operation === undefined ? IS_ENTRY : `SpanName = ${bindings.bind('String', question.operation)}`,
  );
  return perStep(reader, question.range, question.stepNano, [conditions.join(' AND ')], bindings);
}

async function perStep(
  reader: Reader,
  range: TimeRange,
  step: bigint,
  branches: readonly string[],
  bindings: Bindings,
): Promise<HistogramAnswer> {
  const start = (range.startNano / step) * step;
  const length = Number((range.endNano - start + step - 1n) / step);
  const rows = await reader.rows<{
    readonly bucket: string;
    readonly spans: string;
    readonly errors: string;
    readonly quantiles: readonly (number | null)[];
  }>(
    `SELECT intDiv(toUnixTimestamp64Nano(Timestamp) - toInt64(${bindings.bind('Int64', String(start))}), toInt64(${bindings.bind('Int64', String(step))})) AS bucket,
       count() AS spans, countIf(${IS_ERROR}) AS errors, quantiles(0.5, 0.95)(Duration) AS quantiles
     FROM (${branches.map((branch) => `SELECT Timestamp, StatusCode, Duration FROM otel_traces WHERE ${withinRange(range, bindings)} AND ${branch}`).join(' UNION ALL ')})
     GROUP BY bucket`,
    bindings,
  );
  const count = new Array<number>(length).fill(0);
  const errors = new Array<number>(length).fill(0);
  const p50 = new Array<number | null>(length).fill(null);
  const p95 = new Array<number | null>(length).fill(null);
  for (const row of rows) {
    const index = Number(row.bucket);
    count[index] = Number(row.spans);
    errors[index] = Number(row.errors);
    p50[index] = Math.round(row.quantiles[0] ?? 0);
    p95[index] = Math.round(row.quantiles[1] ?? 0);
  }
  return { stepNano: Number(step), startUnixNano: String(start), count, errors, p50, p95, stats: reader.stats() };
}
