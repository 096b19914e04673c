import { within } from '../within.js';
import type { ReaderPipeline } from './meter-provider.js';
import type { ResourceMetrics, ScopeMetrics } from './metric-data.js';
import { filterMetrics } from './metric-producer.js';
import type { MetricReader, MetricReaderHost, MetricReaderOptions } from './metric-reader.js';
import { readMetrics } from './read-metrics.js';
import { readerRules } from './reader-rules.js';

/** What a collection came to. */
export interface CollectionResult {
  readonly resourceMetrics: ResourceMetrics;
  /** What callbacks and producers threw, and who did not answer in time; the rest was collected all the same. */
  readonly errors: readonly unknown[];
}

/** A reader that is asked (specification "MetricReader", Collect): by a scraper, a test, an exporter of one's own. */
export interface PullMetricReader extends MetricReader {
  /**
   * Everything the program measured and observes, now. Callbacks and producers that answer later are waited for, `timeoutMs` at most (default 10,000). Never
   * rejects. One at a time: who asks while another collection is under way is answered after it.
   */
  collect(options?: { readonly timeoutMs?: number | undefined }): Promise<CollectionResult>;
}

const defaultTimeoutMs = 10_000;
const nobody: ResourceMetrics = { resource: { attributes: {} }, scopeMetrics: [] };
const noResource = { bytes: new Uint8Array(0), schemaUrl: '' };

/** Makes a reader for `start({ metrics: { readers: [reader] } })`. Until then, and after shutdown, it has nothing and says so in `errors`. */
export function createMetricReader(options: MetricReaderOptions = {}): PullMetricReader {
  const { producers = [], filter } = options;
  let host: MetricReaderHost | undefined;
  let pipeline: ReaderPipeline | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function collectNow(timeoutMs: number): Promise<CollectionResult> {
    if (!host || !pipeline)
      return { resourceMetrics: nobody, errors: [new Error('this reader is not started, or shut down')] };
    const { provider, timers, resource } = host;
    const errors: unknown[] = [];
    const fail = (error: unknown) => void errors.push(error);
    const produced: (readonly ScopeMetrics[])[] = [];
    const later: Promise<unknown>[] = producers.map(async (producer, i) => {
      try {
        // One that pays no heed to the filter is filtered here.
        produced[i] = filterMetrics(await producer.produce({ filter, timeoutMs }), filter);
      } catch (error) {
        fail(error);
      }
    });
    later.push(...provider.observe(pipeline, fail));
    if (
      later.length &&
      !(await within(
        timers,
        timeoutMs,
        Promise.all(later).then(() => true),
      ))
    )
      fail(new Error(`callbacks or producers did not answer in ${timeoutMs} ms`));
    // It may have been shut down meanwhile.
    if (!pipeline) return { resourceMetrics: nobody, errors };
    provider.collect(pipeline, () => {});
    provider.endCollection(pipeline);
    const request = pipeline.buffer.take(noResource);
    return {
      resourceMetrics: {
        resource,
        scopeMetrics: [...(request ? readMetrics(request.bytes) : []), ...produced.flat()],
      },
      errors,
    };
  }

  return {
    attach(given) {
      if (host) {
        given.report('warn', 'bad-option', 'A metric reader belongs to one telemetry; it stays with the first.');
        return false;
      }
      host = given;
      pipeline = given.provider.addReader(readerRules(options, given.report));
      return true;
    },
    collect({ timeoutMs = defaultTimeoutMs } = {}) {
      const mine = last.then(() => collectNow(timeoutMs));
      last = mine;
      return mine;
    },
    flush: async () => true,
    async shutdown() {
      if (host && pipeline) host.provider.removeReader(pipeline);
      pipeline = undefined;
      return true;
    },
  };
}
