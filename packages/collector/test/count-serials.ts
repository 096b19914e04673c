import type { FaultCount } from '../../testkit/src/faults/fault-run.js';
import { SERIAL, tallySerials } from '../../testkit/src/faults/serials.js';
import type { FaultSignal } from '../../testkit/src/faults/serials-on-the-wire.js';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import type { Store } from '../src/store/store.js';
import { buildEngineProcess } from './open-test-store.js';

/** So many serials come in one answer. */
const SLICE = 100_000;
const NUMBER = `toUInt64OrZero(SpanAttributes['${SERIAL}'])`;
/** Where the serials of a signal stand: those of metrics on points of sums. */
const places = {
  traces: { table: 'otel_traces', column: 'SpanAttributes' },
  logs: { table: 'otel_logs', column: 'LogAttributes' },
  metrics: { table: 'otel_metrics_sum', column: 'Attributes' },
} as const;

async function foundSerials(
  ask: <Row>(sql: string) => Promise<Row[]>,
  most: number,
  signal: FaultSignal = 'traces',
): Promise<number[]> {
  const found: number[] = [];
  const { table, column } = places[signal];
  const number = `toUInt64OrZero(${column}['${SERIAL}'])`;
  for (let from = 0; from <= most; from += SLICE) {
    const rows = await ask<{ serials: string[] }>(
      `SELECT groupArray(${number}) AS serials FROM ${table}
       WHERE mapContains(${column}, '${SERIAL}') AND ${number} >= ${from} AND ${number} < ${from + SLICE}`,
    );
    for (const each of rows[0]?.serials ?? []) found.push(Number(each));
  }
  return found;
}

/**
 * Asks the store by SQL what became of the spans with these serials, in `otel_traces` and in what its views made of them. A row too few or too
 * many in a view counts like a span: summaries and metrics of spans name how many spans they are of, and the times of traces have a row for each summary.
 */
export async function countSerials(store: Pick<Store, 'query'>, sent: Iterable<number>): Promise<FaultCount> {
  const ask = async <Row>(sql: string): Promise<Row[]> =>
    (await store.query<Row>(sql, { maxExecutionMs: 120_000 })).rows;
  const [whole] = await ask<Record<'all' | 'most' | 'traces', string>>(
    `SELECT count() AS all, max(${NUMBER}) AS most, uniqExactIf(TraceId, TraceId != '') AS traces FROM otel_traces`,
  );
  const tables = tallySerials(sent, await foundSerials(ask, Number(whole!.most)));
  const [views] = await ask<Record<'spans' | 'counted' | 'summaries' | 'times' | 'timed', string>>(
    `SELECT (SELECT sum(arraySum(Spans)) FROM otel_traces_summaries) AS spans, (SELECT sum(Spans) FROM otel_span_metrics) AS counted, (SELECT count() FROM otel_traces_summaries) AS summaries,
       (SELECT count() FROM otel_traces_trace_id_ts) AS times, (SELECT uniqExact(TraceId) FROM otel_traces_trace_id_ts) AS timed`,
  );
  const differences = [
    Number(views!.spans) - Number(whole!.all),
    Number(views!.counted) - Number(whole!.all),
    Number(views!.times) - Number(views!.summaries),
    Number(views!.timed) - Number(whole!.traces),
  ];
  return {
    ...tables,
    missing: tables.missing + differences.reduce((sum, each) => sum + Math.max(0, -each), 0),
    duplicated: tables.duplicated + differences.reduce((sum, each) => sum + Math.max(0, each), 0),
  };
}

/** The same of a collector's data directory, once the collector has ended; of another signal what stands in its table. */
export async function countSerialsIn(
  dataDir: string,
  sent: Iterable<number>,
  signal: FaultSignal = 'traces',
): Promise<FaultCount> {
  const store = await createEmbeddedStore({ dataDir, engineEntry: buildEngineProcess() });
  try {
    if (signal === 'traces') return await countSerials(store, sent);
    const numbers = [...sent];
    const ask = async <Row>(sql: string): Promise<Row[]> => (await store.query<Row>(sql)).rows;
    return tallySerials(numbers, await foundSerials(ask, Math.max(0, ...numbers), signal));
  } finally {
    await store.close();
  }
}

/** The serials in a data directory, each as often as it is there, once the collector has ended. */
export async function serialsIn(dataDir: string): Promise<number[]> {
  const store = await createEmbeddedStore({ dataDir, engineEntry: buildEngineProcess() });
  try {
    const ask = async <Row>(sql: string): Promise<Row[]> => (await store.query<Row>(sql)).rows;
    const [whole] = await ask<{ most: string }>(`SELECT max(${NUMBER}) AS most FROM otel_traces`);
    return await foundSerials(ask, Number(whole!.most));
  } finally {
    await store.close();
  }
}
