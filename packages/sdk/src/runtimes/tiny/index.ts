// Telemetry for small engines (QuickJS, XS, Hermes …): nothing is asked of them but the language, ArrayBuffer and promises.
export type { Diagnostic, DropReason, TelemetryStatus } from '../../core/options.js';
export type { Clock, Entropy, Timers } from '../../core/ports.js';
export type { BlockDevice } from '../../stores/ring/block-device.js';
export type { Publish } from '../../transports/publish.js';
export { start, type TinyOptions, type TinyTelemetry } from './start.js';
