import type { TelemetryOptions } from '../../core/options.js';
import type { OutgoingFetchOptions } from '../../instruments/fetch/observe-outgoing-fetch.js';
import type { IncomingRequestOptions } from '../../instruments/incoming-request/trace-incoming-request.js';
import type { KvNamespaceOptions } from '../../instruments/kv-namespace/observe-kv-namespace.js';
import type { RequestHeaders } from '../../transports/request-headers.js';
import type { OtlpUrl } from '../../transports/signal-url.js';

type NotHere = 'spanExporters' | 'resourceDetectors' | 'unendedSpanMs' | 'store' | 'global';

export interface WorkerOptions
  extends Omit<TelemetryOptions, NotHere>,
    IncomingRequestOptions,
    KvNamespaceOptions,
    OutgoingFetchOptions {
  /**
   * Where the collector takes OTLP/HTTP: its base address, to which `/v1/traces` is added, or a whole address per signal.
   * Default `http://localhost:4318`, which is somebody only beside a Worker under development.
   */
  readonly endpoint?: OtlpUrl | undefined;
  /** For every send: `{ authorization: `Bearer ${env.OTLP_TOKEN}` }`. */
  readonly headers?: RequestHeaders | undefined;
  /** `false`: outgoing `fetch` gets no spans and no headers. Default `true`. */
  readonly fetch?: boolean | undefined;
  /** `false`: KV namespaces get no spans. Default `true`. */
  readonly kv?: boolean | undefined;
}
