import type { ExportResult } from '../trace/span-exporter.js';
import { within } from '../within.js';
import type { InstrumentKind } from './instrument-kinds.js';
import type { MetricData, ResourceMetrics, ScopeMetrics } from './metric-data.js';
import type { MetricReader, MetricReaderHost, MetricReaderOptions } from './metric-reader.js';
import { createMetricReader } from './pull-reader.js';

/**
 * The object path out (specification "Push Metric Exporter"), as in OpenTelemetry's SDK for JavaScript, so that exporters written for it work. It is handed
 * metrics in batches, never while an earlier `export` has not called back (or was given up).
 */
export interface PushMetricExporter {
  export(metrics: ResourceMetrics, resultCallback: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
  /** How it wants what it is handed; asked with `COUNTER`, `OBSERVABLE_GAUGE` …, answers 0: delta, 1: cumulative. An option of the reader counts before it. */
  selectAggregationTemporality?(instrumentType: never): number;
}

export interface PeriodicReaderOptions extends MetricReaderOptions {
  readonly exporter: PushMetricExporter;
  /** Collected and exported this often, in milliseconds. Default 60,000. */
  readonly intervalMs?: number | undefined;
  /** Callbacks are waited for no longer than this, and each export as long, in milliseconds. Default 30,000, at most `intervalMs`. */
  readonly timeoutMs?: number | undefined;
  /** Data points of one `export` at most. Default: all of a collection. */
  readonly maxExportBatchSize?: number | undefined;
}

const defaultIntervalMs = 60_000;
const defaultTimeoutMs = 30_000;
/** What timers can count: a longer wait, `Infinity` among them, some take for none. */
const longestMs = 2 ** 31 - 1;

/**
 * A reader that collects at an interval and hands what there is to an exporter (specification "Periodic exporting MetricReader"): for
 * `start({ metrics: { readers: [reader] } })`. Failures are reported and not tried again, because exporters of this kind do that themselves. `flush()` and
 * `shutdown()` of telemetry collect and export, one at a time, and are `false` where the exporter failed or took too long.
 */
export function createPeriodicExportingMetricReader(options: PeriodicReaderOptions): MetricReader {
  const { exporter, maxExportBatchSize } = options;
  const positive = (value: number | undefined, standard: number) =>
    typeof value === 'number' && value > 0 ? Math.min(value, longestMs) : standard;
  const intervalMs = positive(options.intervalMs, defaultIntervalMs);
  const timeoutMs = Math.min(positive(options.timeoutMs, defaultTimeoutMs), intervalMs);
  const reader = createMetricReader({ ...options, temporality: options.temporality ?? temporalityOf(exporter) });
  let host: MetricReaderHost | undefined;
  let cancel: (() => void) | undefined;
  let running: Promise<boolean> | undefined;
  let closing: Promise<boolean> | undefined;

  const failed = (error: unknown) => host?.report('warn', 'exporter-failed', `A metric exporter failed: ${error}`);

  /** Whether the exporter took it, in time. */
  function exportOne(
    { timers, quietly }: MetricReaderHost,
    metrics: ResourceMetrics,
    waitMs: number,
  ): Promise<boolean> {
    const answer = new Promise<ExportResult>((resolve) => {
      try {
        quietly(() => exporter.export(metrics, (result) => resolve(result ?? { code: 1 })));
      } catch (error) {
        resolve({ code: 1, error: error as Error });
      }
    });
    const done = answer.then(({ code, error }) => {
      if (code) failed(error?.message ?? 'no reason given');
      return !code;
    });
    return within(timers, waitMs, done);
  }

  async function collectAndExport(given: MetricReaderHost, waitMs: number): Promise<boolean> {
    const { resource, report } = given;
    const { resourceMetrics, errors } = await reader.collect({ timeoutMs: waitMs });
    for (const error of errors) report('warn', 'observable-failed', `A callback of an observable failed: ${error}`);
    if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
    let isSent = true;
    for (const scopeMetrics of batchesOf(resourceMetrics.scopeMetrics, maxExportBatchSize))
      isSent = (await exportOne(given, { ...resourceMetrics, scopeMetrics }, waitMs)) && isSent;
    return isSent;
  }

  /** One at a time: who comes while one is under way has its own afterwards. */
  function run(waitMs: number): Promise<boolean> {
    const mine = (running ?? Promise.resolve(true)).then(() => (host ? collectAndExport(host, waitMs) : false));
    running = mine;
    return mine;
  }

  function arm(given: MetricReaderHost): void {
    cancel = given.timers.after(intervalMs, async () => {
      await run(timeoutMs);
      if (!closing) arm(given);
    });
  }

  /** What an exporter does by itself, in time. */
  const asked = async (what: 'forceFlush' | 'shutdown'): Promise<boolean> => {
    try {
      await host?.quietly(() => exporter[what]());
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  };
  const inTime = (waitMs: number, work: Promise<boolean>) =>
    host ? within(host.timers, waitMs, work) : Promise.resolve(false);

  return {
    attach(given) {
      if (!reader.attach(given)) return false;
      host = given;
      arm(given);
      return true;
    },
    flush: (waitMs) =>
      inTime(
        waitMs,
        run(Math.min(waitMs, timeoutMs)).then(async (isSent) => (await asked('forceFlush')) && isSent),
      ),
    shutdown(waitMs) {
      closing ??= (async () => {
        cancel?.();
        const isSent = await inTime(waitMs, run(Math.min(waitMs, timeoutMs)));
        await reader.shutdown(waitMs);
        return (await inTime(waitMs, asked('shutdown'))) && isSent;
      })();
      return closing;
    },
  };
}

const kinds: readonly InstrumentKind[] = [
  'counter',
  'upDownCounter',
  'histogram',
  'gauge',
  'observableCounter',
  'observableUpDownCounter',
  'observableGauge',
];

/** By its own selector, where it has one. */
function temporalityOf(exporter: PushMetricExporter): MetricReaderOptions['temporality'] {
  if (!exporter.selectAggregationTemporality) return undefined;
  const theirs = (kind: InstrumentKind) => kind.replace(/[A-Z]/g, '_$&').toUpperCase() as never;
  return Object.fromEntries(
    kinds.map((kind) => [kind, exporter.selectAggregationTemporality!(theirs(kind)) === 0 ? 'delta' : 'cumulative']),
  );
}

/** Metrics in shares of `most` data points; a metric of many may be in several of them. */
function batchesOf(all: readonly ScopeMetrics[], most: number | undefined): readonly (readonly ScopeMetrics[])[] {
  if (!all.length) return [];
  if (!most || !(most >= 1)) return [all];
  const batches: { scope: ScopeMetrics['scope']; metrics: MetricData[] }[][] = [];
  let room = 0;
  for (const { scope, metrics } of all) {
    for (const metric of metrics) {
      for (let from = 0; from < metric.dataPoints.length; ) {
        if (!room) {
          batches.push([]);
          room = Math.floor(most);
        }
        const part = { ...metric, dataPoints: metric.dataPoints.slice(from, from + room) } as MetricData;
        const batch = batches.at(-1)!;
        const last = batch.at(-1);
        if (last?.scope === scope) last.metrics.push(part);
        else batch.push({ scope, metrics: [part] });
        from += part.dataPoints.length;
        room -= part.dataPoints.length;
      }
    }
  }
  return batches;
}
