import type { RequestOptions } from '../../core/client-request.js';
import type { Instrument } from '../../core/instrument.js';
import type { TelemetryOptions } from '../../core/options.js';
import { createParcelOutbox } from '../../core/outbox/parcel-outbox.js';
import { traceContextWith } from '../../core/propagation/trace-context.js';
import { smallTracing } from '../../core/small/small-tracing.js';
import { startTelemetryWith } from '../../core/start-telemetry-with.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { observeErrors } from '../../instruments/errors/observe-errors.js';
import { observeFetch } from '../../instruments/fetch/observe-fetch.js';
import { carrierToPage } from '../../instruments/workers/carrier-to-page.js';
import { browserPorts } from './ports/browser-ports.js';

export type { RequestOptions } from '../../core/client-request.js';
export type { Telemetry } from '../../core/telemetry-handle.js';

export interface WebWorkerOptions extends Omit<TelemetryOptions, 'destinations' | 'store' | 'preset'>, RequestOptions {
  /** `false` leaves a thing unobserved. Default: both. */
  readonly fetch?: boolean | undefined;
  readonly errors?: boolean | undefined;
  /** What is observed beside these. Default: nothing. */
  readonly instruments?: readonly Instrument[] | undefined;
}

/**
 * Starts traces in a page's worker. What it records leaves through the outbox of the page, which connects the worker
 * (`shareWithWorkers().connect(worker)` of `@throughline/sdk/workers`); until then it waits. Call it before anything listens to messages. Never throws.
 */
export function start(options: WebWorkerOptions = {}): Telemetry {
  const { fetch: requests, errors, instruments = [], ...rest } = options;
  return startTelemetryWith(
    { tracing: smallTracing, createOutbox: createParcelOutbox(carrierToPage()) },
    browserPorts({ onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} }),
    {
      propagators: [traceContextWith()],
      ...rest,
      instruments: [
        ...(requests === false ? [] : ([(host) => observeFetch(host, options)] satisfies Instrument[])),
        ...(errors === false ? [] : [observeErrors]),
        ...instruments,
      ],
      sdkLanguage: 'webjs',
    },
  );
}
