import { createMetering } from './create-metering.js';

/**
 * Counters, histograms and gauges, behind `telemetry.meter` and the metrics API of OpenTelemetry; collected at an interval, and before everything
 * that sends: flush, shutdown, a program that might not come back. A small telemetry is handed it: `start(options, { metering })`. What stands in the
 * option `metrics` (views, exponential histograms, exemplars, readers of the program's own) needs `fullMetering`.
 */
export const metering = /* @__PURE__ */ createMetering();
