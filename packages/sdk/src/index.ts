/*
 * What is the same in every runtime, by name. Programs start telemetry from their runtime's own entry (`@throughline/sdk/node`,
 * `/web` …); this one has what they pass to it, and what a new runtime is made of.
 */

// Batches: where they wait, and ways out for every runtime that has `fetch`; Node's own are in `@throughline/sdk/node`
export {
  type Batch,
  batchIdKey,
  type EncodedResource,
  type OpenBuffer,
  type Priority,
  type Signal,
} from './core/batch.js';
// Context, for programs without `@opentelemetry/api`; formats of headers are in `@throughline/sdk/propagation`
export { createContextKey, rootContext } from './core/context/context.js';
export { isSpanContextValid } from './core/context/span-context-validity.js';
export { deleteSpan, getSpan, getSpanContext, setSpan, withSpanContext } from './core/context/span-in-context.js';
export { createStackContextStore } from './core/context/stack-context-store.js';
export { isTracingSuppressed, suppressTracing, unsuppressTracing } from './core/context/suppress-tracing.js';
// Starting, for a runtime that has no entry of its own
export type { Instrument, InstrumentHost } from './core/instrument.js';
export type {
  BatchLimits,
  Destinations,
  Diagnostic,
  DropReason,
  OpenTelemetryApiCopy,
  PresetName,
  ResourceDetector,
  TelemetryOptions,
  TelemetryStatus,
  TracedOptions,
} from './core/options.js';
export type {
  AbortSignalLike,
  BatchStore,
  ClaimOptions,
  Clock,
  Compressor,
  ContextStore,
  Entropy,
  EvictionOrder,
  Lifecycle,
  Locks,
  Outcome,
  Ports,
  SendOptions,
  StoreSize,
  Timers,
  Transport,
} from './core/ports.js';
export { batchDefaults, presets } from './core/presets.js';
// Samplers
export {
  alwaysOffSampler,
  alwaysOnSampler,
  alwaysRecordSampler,
  type ComposableSampler,
  composableAlwaysOff,
  composableAlwaysOn,
  composableAnnotating,
  composableParentThreshold,
  composableProbability,
  composableRuleBased,
  compositeSampler,
  environmentSampler,
  type ParentBasedOptions,
  parentBasedSampler,
  type QuickSampler,
  rateLimitingSampler,
  type Sampler,
  type SamplingDecision,
  type SamplingIntent,
  type SamplingQuestion,
  type SamplingResult,
  type SamplingRule,
  traceIdRatioSampler,
} from './core/sampling/index.js';
export { type StartOptions, startTelemetry } from './core/telemetry.js';
export type { Logger, LogRecord, Telemetry } from './core/telemetry-handle.js';
// Spans, and what a program may do to them before they leave
export type { IdGenerator } from './core/trace/id-generator.js';
export { RandomIdGenerator } from './core/trace/random-id-generator.js';
export type { InstrumentationScope, ReadableResource, ReadableSpan, TimedEvent } from './core/trace/readable-span.js';
export { createRedactor } from './core/trace/redact.js';
export type { ExportResult, SpanExporter } from './core/trace/span-exporter.js';
export { defaultSpanLimits, type SpanLimits } from './core/trace/span-limits.js';
export type { SdkSpan, SpanProcessor } from './core/trace/span-processor.js';
export { exportRequestToJson } from './core/wire/export-request-to-json.js';
export { type RequestPart, splitExportRequest } from './core/wire/split-request.js';
export { type MemoryStoreOptions, memoryStore } from './stores/memory.js';
export { type FetchTransportOptions, fetchTransport, type KeepaliveShare } from './transports/fetch.js';
export { type HttpAnswer, httpOutcome } from './transports/http-answer.js';
export { keepaliveBudget } from './transports/keepalive.js';
export type { RequestHeaders } from './transports/request-headers.js';
export type { OtlpUrl } from './transports/signal-url.js';
