import type { OperationSummary, OperationsAnswer, ServiceSummary, ServicesAnswer } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { IS_ENTRY, IS_ERROR, kindName } from './stored-names.js';
import { type TimeRange, withinRange } from './time-range.js';

const MOST_SERVICES = 1_000;
const MOST_OPERATIONS = 2_000;

interface ServiceRow {
  readonly name: string;
  readonly spans: string;
  readonly errors: string;
  readonly quantiles: readonly (number | null)[];
}

/** All services seen in the range, busiest first, at most 1,000. Percentiles are of entry spans. */
export async function services(reader: Reader, range: TimeRange): Promise<ServicesAnswer> {
  const bindings = createBindings();
  const rows = await reader.rows<ServiceRow>(
    `SELECT ServiceName AS name, count() AS spans, countIf(${IS_ERROR}) AS errors,
       quantilesIf(0.5, 0.95, 0.99)(Duration, ${IS_ENTRY}) AS quantiles
     FROM otel_traces WHERE ${withinRange(range, bindings)}
     GROUP BY ServiceName ORDER BY spans DESC, name LIMIT ${MOST_SERVICES}`,
    bindings,
  );
  return { services: rows.map(summaryOf), stats: reader.stats() };
}

/** What a service does, by span name and kind, busiest first, at most 2,000. Percentiles are of all its spans. */
export async function operations(reader: Reader, service: string, range: TimeRange): Promise<OperationsAnswer> {
  const bindings = createBindings();
  const rows = await reader.rows<ServiceRow & { readonly kind: string }>(
    `SELECT SpanName AS name, SpanKind AS kind, count() AS spans, countIf(${IS_ERROR}) AS errors,
       quantiles(0.5, 0.95, 0.99)(Duration) AS quantiles
     FROM otel_traces WHERE ServiceName = ${bindings.bind('String', service)} AND ${withinRange(range, bindings)}
     GROUP BY SpanName, SpanKind ORDER BY spans DESC, name, kind LIMIT ${MOST_OPERATIONS}`,
    bindings,
  );
  return {
    operations: rows.map((row): OperationSummary => ({ ...summaryOf(row), kind: kindName(row.kind) })),
    stats: reader.stats(),
  };
}

function summaryOf(row: ServiceRow): ServiceSummary {
  const [p50, p95, p99] = row.quantiles;
  return {
    name: row.name,
    spans: Number(row.spans),
    errors: Number(row.errors),
    // No entry span at all: there is nothing to take a percentile of.
    p50: Math.round(p50 ?? 0),
    p95: Math.round(p95 ?? 0),
    p99: Math.round(p99 ?? 0),
  };
}
