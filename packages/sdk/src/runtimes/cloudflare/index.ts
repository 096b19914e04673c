export { currentTelemetry } from '../../core/telemetry-global.js';
export type { Telemetry } from '../../core/telemetry-handle.js';
export { instrument } from './instrument.js';
export { measure, traced } from './own-spans.js';
export type { WorkerOptions } from './worker-options.js';
