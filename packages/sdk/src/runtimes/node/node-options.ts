import type { Instrument } from '../../core/instrument.js';
import type { ResourceDetector, TelemetryOptions } from '../../core/options.js';
import type { BatchStore } from '../../core/ports.js';
import type { Tracing } from '../../core/trace/tracing.js';
import type { RequestHeaders } from '../../transports/request-headers.js';
import type { TlsOptions } from '../../transports/tls.js';
import type { EnvironmentVariables } from './env/environment.js';
import type { OtlpProtocol } from './env/read-exporter.js';
import type { Instrumentation } from './instrumentations/instrumentation.js';
import type { NodeStoreOptions } from './node-store.js';

/** What a Node program may say to `start()`. What it says wins over the environment (`OTEL_*`), which wins over the defaults. */
export interface NodeOptions extends Omit<TelemetryOptions, 'store'> {
  /**
   * Where the collector is: `http://host:4318` (to which `/v1/traces` is added) or, over gRPC, `http://host:4317`. Default:
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT`, else the protocol's port on `localhost`.
   */
  readonly endpoint?: string | URL | undefined;
  /** Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf`. */
  readonly protocol?: OtlpProtocol | undefined;
  /** HTTP headers or gRPC metadata of each request; a function is asked at each send, so that a token may change. */
  readonly headers?: RequestHeaders | undefined;
  /** Of request bodies from 1 KiB on. `br` is HTTP's only, and not every backend takes it. Default: none. */
  readonly compression?: 'gzip' | 'br' | 'none' | undefined;
  /** Own authorities and a client certificate, as PEM text or bytes. */
  readonly tls?: TlsOptions | undefined;
  /** HTTP/2 for `http/protobuf` and `http/json`. Default `false`. */
  readonly http2?: boolean | undefined;
  /**
   * Instances of OpenTelemetry's instrumentation packages, as they are. They must be made and started before the packages they patch
   * are loaded: in a file that runs first, `node --import ./telemetry.mjs server.mjs`. Turned off again at shutdown.
   */
  readonly instrumentations?: readonly Instrumentation[] | undefined;
  /** Things to observe beside uncaught exceptions: `observeNodeRuntime` and `observeProcess` of `@throughline/sdk/node/metrics`, your own. */
  readonly instruments?: readonly (Instrument | false | undefined)[] | undefined;
  /** What makes spans and decides which leave, where that is not known before they end: `outcomeSampling` of `@throughline/sdk/sampling`. */
  readonly tracing?: Tracing | undefined;
  /**
   * Telemetry tells of itself as metrics: spans begun and open, what waits, what was exported and how long that took (`otel.sdk.…`). Default:
   * `OTEL_NODE_EXPERIMENTAL_SDK_METRICS`, else `false`.
   */
  readonly selfObservability?: boolean | undefined;
  /**
   * Let `instrumentations` patch packages loaded with `import`. Default: unless the program's entry file is CommonJS.
   */
  readonly esmHook?: boolean | undefined;
  /**
   * Signals after which telemetry is sent before the process ends, within `batch.shutdownTimeoutMs`. Where the program itself listens to
   * one, telemetry does not end the process. `false`: none. Default `SIGTERM`, `SIGINT`, `SIGHUP`.
   */
  readonly signals?: readonly NodeJS.Signals[] | false | undefined;
  /**
   * Worker threads that start telemetry hand what they record to the telemetry of the thread that made them, and leave in its batches. `false`: they
   * send by themselves, as one that names `destinations` of its own does. Default `true`.
   */
  readonly shareWithThreads?: boolean | undefined;
  /**
   * Where batches wait until a collector has them: a folder, or one with further wishes. What a process leaves there when it ends, however it ends, the next one
   * that names the same folder sends; several may share one. Or a store of your own. Default: memory, which ends with the process.
   */
  readonly store?: BatchStore | NodeStoreOptions | string | undefined;
  /** Beside those of process, host and operating system (`OTEL_NODE_RESOURCE_DETECTORS`), over which they win. */
  readonly resourceDetectors?: readonly ResourceDetector[] | undefined;
  /** Variables to read instead of `process.env`. */
  readonly env?: EnvironmentVariables | undefined;
}
