import type { Signal } from '../../core/batch.js';
import type { Instrument } from '../../core/instrument.js';
import type { TelemetryOptions } from '../../core/options.js';
import { traceContextWith } from '../../core/propagation/trace-context.js';
import { createSmallOutbox } from '../../core/small/small-outbox.js';
import { smallTracing } from '../../core/small/small-tracing.js';
import { startTelemetryWith, type TelemetryParts } from '../../core/start-telemetry-with.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { fetchTransport } from '../../transports/fetch.js';
import { keepaliveShare } from '../../transports/keepalive.js';
import type { RequestHeaders } from '../../transports/request-headers.js';
import type { OtlpUrl } from '../../transports/signal-url.js';
import { browserPorts } from './ports/browser-ports.js';
import { createPageLifecycle } from './ports/lifecycle.js';
import { pageResource } from './ports/page-resource.js';

export { createExtras } from '../../core/extras.js';
export type { Instrument, InstrumentHost } from '../../core/instrument.js';
export { fullLogging } from '../../core/logs/full-logging.js';
export { fullMetering } from '../../core/metrics/full-metering.js';
export { createFullOutbox } from '../../core/outbox/full-outbox.js';
export { smallLogging as logging } from '../../core/small/small-logging.js';
export { smallMetering as metering } from '../../core/small/small-metering.js';
export type { TelemetryParts } from '../../core/start-telemetry-with.js';
export type { Telemetry } from '../../core/telemetry-handle.js';
export { createRedactor } from '../../core/trace/redact.js';
export { exportRequestToJson as otlpJson } from '../../core/wire/export-request-to-json.js';
export { gzip } from './ports/gzip.js';

export interface BareWebOptions extends TelemetryOptions {
  /**
   * Where the collector takes OTLP/HTTP: its base address, to which `/v1/traces` is added, or a whole address per signal.
   * Default `http://localhost:4318`.
   */
  readonly endpoint?: OtlpUrl | undefined;
  /** For every send. In a page any header of one's own costs a CORS preflight per batch; a write-only token can stand in `endpoint`'s query. */
  readonly headers?: RequestHeaders | undefined;
  /** `otlpJson` sends OTLP/JSON. Default: protobuf. */
  readonly encoding?: ((signal: Signal, bytes: Uint8Array) => string) | undefined;
  /**
   * The collector takes protobuf under `text/plain`, as Throughline's does: then a collector on another origin is sent to without a CORS
   * preflight, which a page that is being closed would not live to see answered, and each batch carries its id. Default `false`.
   */
  readonly plainText?: boolean | undefined;
  /** What is observed. Default: nothing. */
  readonly instruments?: readonly (Instrument | false | undefined)[] | undefined;
}

const pageParts: TelemetryParts = { tracing: smallTracing, createOutbox: createSmallOutbox };

/**
 * Starts traces in a page and observes nothing that is not asked for. Never throws; a second start returns the first telemetry. What has
 * ended is sent when the page is hidden or left, through requests that outlive it.
 *
 * `parts` are what some options need beside: `start({ unendedSpanMs: 60_000 }, { createExtras })`. An option whose part is not there is
 * named in `onDiagnostic`.
 */
export function start(options: BareWebOptions = {}, parts: Partial<TelemetryParts> = {}): Telemetry {
  return startTelemetryWith({ ...pageParts, ...parts }, browserPorts(createPageLifecycle()), {
    propagators: [traceContextWith()],
    ...options,
    destinations:
      options.destinations ??
      fetchTransport({
        ...options,
        url: options.endpoint ?? 'http://localhost:4318',
        toJson: options.encoding,
        // The id in the address would make each batch ask again: a browser remembers a preflight per address.
        sendBatchId: options.plainText === true,
        keepalive: keepaliveShare(),
      }),
    // Four of these are what a browser carries on after a page is gone; then nothing has to be split.
    batch: { maxBytes: 15_000, ...options.batch },
    resource: { ...pageResource(), ...options.resource },
    sdkLanguage: 'webjs',
  });
}
