export { type HealthHandlerOptions, type HealthReport, healthHandler, healthReport } from './health-handler.js';
export type { Instrumentation } from './instrumentations/instrumentation.js';
export type { NodeOptions } from './node-options.js';
export { processDetector } from './resource/detectors.js';
export { start } from './start.js';
