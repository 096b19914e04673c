import type { Attributes, Meter, Observable } from '@opentelemetry/api';
import type { Signal } from '../batch.js';
import type { Transport } from '../ports.js';
import type { ExportCounts } from './export-counts.js';
import type { OutboxCounts } from './observed-outbox.js';
import { parentOrigins, type SpanCounts, samplingResults } from './span-counts.js';

/** What is read when metrics are collected. */
export interface SdkCounts {
  readonly spans: SpanCounts;
  /** Absent where batches are another program part's (a worker thread's outbox is its maker's). */
  readonly outbox: OutboxCounts | undefined;
  /** Log records that a logger was given. */
  readonly logsCreated: number;
  /** Collections since the last one, in seconds, with what failed in them; read once. */
  takeCollections(): readonly { readonly seconds: number; readonly errorType: string }[];
}

/** The word that stands for a signal's items in names of metrics and components, and their unit. */
const words = {
  traces: { metric: 'span', component: 'span', unit: '{span}', items: 'spans' },
  logs: { metric: 'log', component: 'log', unit: '{log_record}', items: 'log records' },
  metrics: { metric: 'metric_data_point', component: 'metric', unit: '{data_point}', items: 'metric data points' },
} as const;
const queuedSignals = ['traces', 'logs'] as const;
const everySignal: readonly Signal[] = ['traces', 'logs', 'metrics'];

/** `ValueType.INT` of the API; core takes only its types. */
const integers = { valueType: 0 };

/**
 * The metrics of the specification about an SDK itself (semantic conventions, "OpenTelemetry SDK metrics"). Nothing is recorded while they are not
 * collected: counts are numbers that are read then, and durations wait until then, so that an export of metrics is not by itself a reason for the next.
 */
export function registerSdkMetrics(meter: Meter, counts: SdkCounts): void {
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(`otel.sdk.${name}`, { unit, description, ...integers });
  const upDown = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(`otel.sdk.${name}`, { unit, description, ...integers });

  const started = counter('span.started', '{span}', 'The number of created spans.');
  const live = upDown(
    'span.live',
    '{span}',
    'The number of created spans with `recording=true` for which the end operation has not been called yet.',
  );
  const created = counter('log.created', '{log_record}', 'The number of log records submitted to an enabled Logger.');
  const queues = queuedSignals.map((signal) => {
    const { metric, unit, items } = words[signal];
    const of = `of a given instance of an SDK ${metric} processor`;
    return {
      signal,
      size: upDown(`processor.${metric}.queue.size`, unit, `The number of ${items} in the queue ${of}.`),
      capacity: upDown(
        `processor.${metric}.queue.capacity`,
        unit,
        `The maximum number of ${items} the queue ${of} can hold.`,
      ),
      processed: counter(
        `processor.${metric}.processed`,
        unit,
        `The number of ${items} for which the processing has finished, either successful or failed.`,
      ),
    };
  });
  const exporters = everySignal.map((signal) => {
    const { metric, unit, items } = words[signal];
    return {
      signal,
      inflight: upDown(
        `exporter.${metric}.inflight`,
        unit,
        `The number of ${items} which were passed to the exporter, but that have not been exported yet (neither successful, nor failed).`,
      ),
      exported: counter(
        `exporter.${metric}.exported`,
        unit,
        `The number of ${items} for which the export has finished, either successful or failed.`,
      ),
    };
  });
  // Without bounds, as OpenTelemetry's own SDKs have them: count and sum. A view may give others.
  const advice = { explicitBucketBoundaries: [] };
  const collection = meter.createHistogram('otel.sdk.metric_reader.collection.duration', {
    unit: 's',
    description: 'The duration of the collect operation of the metric reader.',
    advice,
  });
  const operation = meter.createHistogram('otel.sdk.exporter.operation.duration', {
    unit: 's',
    description: 'The duration of exporting a batch of telemetry records.',
    advice,
  });

  const observables: Observable[] = [
    started,
    live,
    created,
    ...queues.flatMap(({ size, capacity, processed }) => [size, capacity, processed]),
    ...exporters.flatMap(({ inflight, exported }) => [inflight, exported]),
  ];
  meter.addBatchObservableCallback((result) => {
    const { spans, outbox } = counts;
    parentOrigins.forEach((origin, at) => {
      samplingResults.forEach((decision, code) => {
        const count = spans.started[at * 3 + code]!;
        const attributes = { 'otel.span.parent.origin': origin, 'otel.span.sampling_result': decision };
        if (count) result.observe(started, count, attributes);
        // Spans that are not recorded have no end.
        if (!at && code) result.observe(live, spans.live[code]!, { 'otel.span.sampling_result': decision });
      });
    });
    result.observe(created, counts.logsCreated);
    for (const { seconds, errorType } of counts.takeCollections())
      collection.record(seconds, { ...componentOf('periodic_metric_reader', 0), ...errorOf(errorType) });

    outbox?.accounts.forEach((account, number) => {
      const takes = (signal: Signal) => account.transports.some(({ signals }) => !signals || signals.includes(signal));
      for (const { signal, size, capacity, processed } of queues) {
        if (!takes(signal)) continue;
        const component = componentOf(`batching_${words[signal].component}_processor`, number);
        const now = account.signals[signal];
        result.observe(size, outbox.open(signal) + now.queued, component);
        result.observe(capacity, outbox.capacity, component);
        for (const [errorType, items] of now.processed)
          result.observe(processed, items, { ...component, ...errorOf(errorType) });
      }
      for (const { signal, inflight, exported } of exporters) {
        if (!takes(signal)) continue;
        const exporter = exporterOf(account, signal, number);
        const now = account.signals[signal];
        result.observe(inflight, now.inflight, exporter);
        for (const [errorType, items] of now.exported)
          result.observe(exported, items, { ...exporter, ...errorOf(errorType) });
      }
      for (const { signal, seconds, transport, errorType, status } of account.durations.splice(0))
        operation.record(seconds, {
          ...exporterOf(account, signal, number),
          ...addressOf(transport),
          ...status,
          ...errorOf(errorType),
        });
    });
  }, observables);
}

const componentOf = (type: string, number: number): Attributes => ({
  'otel.component.name': `${type}/${number}`,
  'otel.component.type': type,
});

const errorOf = (errorType: string): Attributes => (errorType ? { 'error.type': errorType } : {});

/** An account is one exporter, and its name that of the first way it has. */
function exporterOf(account: ExportCounts, signal: Signal, number: number): Attributes {
  const { kind = 'otlp_http' } = account.transports[0]!;
  const component = componentOf(`${kind}_${words[signal].component}_exporter`, number);
  // Of a list the one that took it last cannot be told for numbers that were added up.
  return account.transports.length === 1 ? { ...component, ...addressOf(account.transports[0]!) } : component;
}

/** `server.address` and `server.port`, where the destination is an address in a network. */
function addressOf({ destination }: Transport): Attributes {
  const [, scheme, name, port] = /^(https?|grpcs?):\/\/(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?/.exec(destination) ?? [];
  if (!name) return {};
  return {
    'server.address': name.replace(/^\[|\]$/g, ''),
    'server.port': Number(port ?? (scheme === 'http' ? 80 : 443)),
  };
}
