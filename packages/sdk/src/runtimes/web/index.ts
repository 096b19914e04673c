import type { RequestOptions } from '../../core/client-request.js';
import type { TelemetryParts } from '../../core/start-telemetry-with.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { createRedactor } from '../../core/trace/redact.js';
import { type ClickOptions, observeClicks } from '../../instruments/clicks/observe-clicks.js';
import { observeErrors } from '../../instruments/errors/observe-errors.js';
import { observeFetch } from '../../instruments/fetch/observe-fetch.js';
import { type KeyOptions, observeKeys } from '../../instruments/keys/observe-keys.js';
import { observePageLoad } from '../../instruments/page-load/observe-page-load.js';
import { observeResources, type ResourceOptions } from '../../instruments/resources/observe-resources.js';
import { observeWebVitals } from '../../instruments/web-vitals/observe-web-vitals.js';
import { observeXhr } from '../../instruments/xhr/observe-xhr.js';
import { type BareWebOptions, start as startBare } from './bare.js';

export type { RequestOptions } from '../../core/client-request.js';
export {
  createFullOutbox,
  fullLogging,
  fullMetering,
  gzip,
  type Instrument,
  type InstrumentHost,
  logging,
  metering,
  otlpJson,
  type Telemetry,
  type TelemetryParts,
} from './bare.js';
// Keys, resources and web vitals are for `instruments`, in the bundles of those who name them; `offline` likewise.
export { type OfflineOptions, offline } from './offline.js';
export {
  type ClickOptions,
  type KeyOptions,
  observeClicks,
  observeErrors,
  observeFetch,
  observeKeys,
  observePageLoad,
  observeResources,
  observeWebVitals,
  observeXhr,
  type ResourceOptions,
};

export interface WebOptions extends BareWebOptions, RequestOptions {
  /** `false` leaves a thing unobserved. Default: all of them. */
  readonly pageLoad?: boolean | undefined;
  readonly fetch?: boolean | undefined;
  readonly xhr?: boolean | undefined;
  readonly clicks?: boolean | ClickOptions | undefined;
  readonly errors?: boolean | undefined;
}

/**
 * Starts traces in a page and observes its load, its requests, clicks and uncaught errors. What to observe beside these goes into
 * `instruments`, what an option needs beside into `parts`; who wants none of them starts `@throughline/sdk/web/bare`.
 */
export function start(options: WebOptions = {}, parts: Partial<TelemetryParts> = {}): Telemetry {
  // What is observed of `fetch` is no way to send.
  const { clicks, redact, fetch: _, ...rest } = options;
  return startBare(
    {
      ...rest,
      spanProcessors: [...(options.spanProcessors ?? []), ...(redact ? [createRedactor(redact)] : [])],
      instruments: [
        options.pageLoad !== false && ((host) => observePageLoad(host, options)),
        options.fetch !== false && ((host) => observeFetch(host, options)),
        options.xhr !== false && ((host) => observeXhr(host, options)),
        clicks !== false && ((host) => observeClicks(host, clicks === true ? {} : clicks)),
        options.errors !== false && observeErrors,
        ...(options.instruments ?? []),
      ],
    },
    parts,
  );
}
