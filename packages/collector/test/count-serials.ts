import type { FaultCount } from '../../testkit/src/faults/fault-run.js';
import { SERIAL, tallySerials } from '../../testkit/src/faults/serials.js';
import type { FaultSignal } from '../../testkit/src/faults/serials-on-the-wire.js';
import { logHistogram } from '../src/query/log-histogram.js';
import { createReader } from '../src/query/reader.js';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import type { Store } from '../src/store/store.js';
import { buildEngineProcess } from './open-test-store.js';

type Asked = Pick<Store, 'query'>;

/** So many serials come in one answer. */
const SLICE = 100_000;
const MAX_EXECUTION_MS = 120_000;
/** Each kind of points as the series name it. */
const POINT_TABLES = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  'exponential-histogram': 'otel_metrics_exp_histogram',
  summary: 'otel_metrics_summary',
} as const;
/** Where the serials of a signal stand. */
const places = {
  traces: { tables: ['otel_traces'], column: 'SpanAttributes' },
  logs: { tables: ['otel_logs'], column: 'LogAttributes' },
  metrics: { tables: Object.values(POINT_TABLES), column: 'Attributes' },
} as const;

async function ask<Row>(store: Asked, sql: string): Promise<readonly Row[]> {
  return (await store.query<Row>(sql, { maxExecutionMs: MAX_EXECUTION_MS })).rows;
}

async function foundSerials(store: Asked, signal: FaultSignal): Promise<number[]> {
  const found: number[] = [];
  const { tables, column } = places[signal];
  const number = `toUInt64OrZero(${column}['${SERIAL}'])`;
  for (const table of tables) {
    const [whole] = await ask<{ most: string }>(store, `SELECT max(${number}) AS most FROM ${table}`);
    for (let from = 0; from <= Number(whole!.most); from += SLICE) {
      const rows = await ask<{ serials: string[] }>(
        store,
        `SELECT groupArray(${number}) AS serials FROM ${table}
         WHERE mapContains(${column}, '${SERIAL}') AND ${number} >= ${from} AND ${number} < ${from + SLICE}`,
      );
      for (const each of rows[0]?.serials ?? []) found.push(Number(each));
    }
  }
  return found;
}

/** By how many rows each view differs from its table: too many, or (below zero) too few. */
const views: Readonly<Record<FaultSignal, (store: Asked) => Promise<readonly number[]>>> = {
  /** Summaries and metrics of spans name how many spans they are of, and the times of traces have a row for each summary. */
  async traces(store) {
    const [each] = await ask<Record<'all' | 'traces' | 'spans' | 'counted' | 'summaries' | 'times' | 'timed', string>>(
      store,
      `SELECT (SELECT count() FROM otel_traces) AS all, (SELECT uniqExactIf(TraceId, TraceId != '') FROM otel_traces) AS traces,
         (SELECT sum(arraySum(Spans)) FROM otel_traces_summaries) AS spans, (SELECT sum(Spans) FROM otel_span_metrics) AS counted, (SELECT count() FROM otel_traces_summaries) AS summaries,
         (SELECT count() FROM otel_traces_trace_id_ts) AS times, (SELECT uniqExact(TraceId) FROM otel_traces_trace_id_ts) AS timed`,
    );
    return [
      Number(each!.spans) - Number(each!.all),
      Number(each!.counted) - Number(each!.all),
      Number(each!.times) - Number(each!.summaries),
      Number(each!.timed) - Number(each!.traces),
    ];
  },
  /** The histogram that a page shows counts each record. */
  async logs(store) {
    const [each] = await ask<Record<'all' | 'first' | 'last', string>>(
      store,
      'SELECT count() AS all, toUnixTimestamp64Nano(min(Timestamp)) AS first, toUnixTimestamp64Nano(max(Timestamp)) AS last FROM otel_logs',
    );
    const range = { startNano: BigInt(each!.first), endNano: BigInt(each!.last) + 1n };
    const reader = createReader(store, { maxExecutionMs: MAX_EXECUTION_MS });
    const { severities } = await logHistogram(reader, { range, buckets: 40 });
    const records = severities.flatMap(({ count }) => count).reduce((sum, count) => sum + count, 0);
    return [records - Number(each!.all)];
  },
  /**
   * Each series of a day is known with the spans of the first and the last of its points (store/known-series.ts), and no other is; the steps of sums are those of their points.
   */
  async metrics(store) {
    const span = (time: string, ends: 0 | 1): string =>
      `fromUnixTimestamp64Nano((intDiv(toUnixTimestamp64Nano(${time}), ${2 ** 40}) + ${ends}) * ${2 ** 40} - ${ends})`;
    const differences: number[] = [];
    for (const [kind, table] of Object.entries(POINT_TABLES)) {
      const made = `SELECT toDate(TimeUnix) AS Day, MetricName, SeriesId, ${span('min(TimeUnix)', 0)} AS first, ${span('max(TimeUnix)', 1)} AS last
        FROM ${table} GROUP BY Day, MetricName, SeriesId`;
      const known = `SELECT Day, MetricName, SeriesId, min(First) AS first, max(Last) AS last
        FROM otel_metrics_series WHERE Kind = '${kind}' GROUP BY Day, MetricName, SeriesId`;
      const [each] = await ask<Record<'lacking' | 'more', string>>(
        store,
        `SELECT (SELECT count() FROM (${made} EXCEPT ${known})) AS lacking, (SELECT count() FROM (${known} EXCEPT ${made})) AS more`,
      );
      differences.push(-Number(each!.lacking), Number(each!.more));
    }
    const { lacking, more } = await differencesOfSteps(store);
    return [...differences, -lacking, more];
  },
};

/** Steps that are not what the points of sums come to, and steps of no points. The newest of points of one moment may be any of them. */
export async function differencesOfSteps(store: Asked): Promise<{ readonly lacking: number; readonly more: number }> {
  const made = `SELECT MetricName::String AS name, toDateTime(intDiv(toUnixTimestamp64Nano(TimeUnix), 300000000000) * 300) AS Time, SeriesId, StartTimeUnix,
      max(if(isNaN(Value), 3, AggregationTemporality))::UInt8 AS temporality, min(TimeUnix) AS first, max(TimeUnix) AS last,
      if(temporality = 3, 0, argMax(Value, (TimeUnix, Value))) AS newest, if(temporality = 3, 0, min(Value)) AS low, if(temporality = 3, 0, max(Value)) AS high
    FROM otel_metrics_sum WHERE ValueType != 'n' GROUP BY name, Time, SeriesId, StartTimeUnix`;
  const kept = `SELECT MetricName::String AS name, Time, SeriesId, StartTimeUnix,
      max(Temporality) AS temporality, min(First) AS first, fromUnixTimestamp64Nano(toInt64(bitShiftRight(max(Newest), 64))) AS last,
      if(temporality = 3, 0, reinterpretAsFloat64(max(Newest))) AS newest, if(temporality = 3, 0, min(Low)) AS low, if(temporality = 3, 0, max(High)) AS high
    FROM otel_metrics_sum_steps GROUP BY name, Time, SeriesId, StartTimeUnix`;
  const [each] = await ask<Record<'lacking' | 'more', string>>(
    store,
    `SELECT (SELECT count() FROM (${made} EXCEPT ${kept})) AS lacking, (SELECT count() FROM (${kept} EXCEPT ${made})) AS more`,
  );
  return { lacking: Number(each!.lacking), more: Number(each!.more) };
}

/**
 * Asks the store by SQL what became of the items with these serials, in the tables of their signal and in what its views made of them. A row too few or too
 * many in a view counts like an item.
 */
export async function countSerials(
  store: Asked,
  sent: Iterable<number>,
  signal: FaultSignal = 'traces',
): Promise<FaultCount> {
  const tables = tallySerials(sent, await foundSerials(store, signal));
  const differences = await views[signal](store);
  return {
    ...tables,
    missing: tables.missing + differences.reduce((sum, each) => sum + Math.max(0, -each), 0),
    duplicated: tables.duplicated + differences.reduce((sum, each) => sum + Math.max(0, each), 0),
  };
}

async function inStoreOf<T>(dataDir: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await createEmbeddedStore({ dataDir, engineEntry: buildEngineProcess() });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The same of a collector's data directory, once the collector has ended. */
export const countSerialsIn = (
  dataDir: string,
  sent: Iterable<number>,
  signal: FaultSignal = 'traces',
): Promise<FaultCount> => inStoreOf(dataDir, (store) => countSerials(store, sent, signal));

/** The same of each of some signals. */
export const countSignalsIn = (
  dataDir: string,
  signals: readonly FaultSignal[],
  sentOf: (signal: FaultSignal) => Iterable<number>,
): Promise<(readonly [FaultSignal, FaultCount])[]> =>
  inStoreOf(dataDir, async (store) => {
    const counts: (readonly [FaultSignal, FaultCount])[] = [];
    for (const signal of signals) counts.push([signal, await countSerials(store, sentOf(signal), signal)]);
    return counts;
  });

/** The serials in a data directory, each as often as it is there, once the collector has ended. */
export const serialsIn = (dataDir: string, signal: FaultSignal = 'traces'): Promise<number[]> =>
  inStoreOf(dataDir, (store) => foundSerials(store, signal));
