import { afterEach } from 'vitest';
import {
  createTestTelemetry,
  type TestTelemetry,
  type TestTelemetryOptions,
} from '../../src/runtimes/testing/index.js';
import { decodeLogRequests, type WireLog } from './decode-logs.js';
import { decodeMetricRequests, type WireMetric } from './decode-metrics.js';
import { decodeRequests, type WireSpan } from './decode-requests.js';

const started: TestTelemetry[] = [];
afterEach(async () => {
  for (const telemetry of started.splice(0)) await telemetry.shutdown();
});

/** A telemetry behind the OpenTelemetry API whose bytes are read by a foreign decoder; it ends with the test. */
export function recorded(options: TestTelemetryOptions = {}) {
  const telemetry = createTestTelemetry(options);
  started.push(telemetry);
  const spans = (): readonly WireSpan[] => decodeRequests(telemetry.requests());
  return {
    telemetry,
    spans,
    logs: (): readonly WireLog[] => decodeLogRequests(telemetry.requests('logs')),
    /** Collects now; the metrics of that collection alone. */
    async metrics(): Promise<readonly WireMetric[]> {
      const before = telemetry.requests('metrics').length;
      await telemetry.flush();
      return decodeMetricRequests(telemetry.requests('metrics').slice(before));
    },
    span(name: string): WireSpan {
      const found = spans().filter((span) => span.name === name);
      if (found.length !== 1) throw new Error(`${found.length} spans are called ${name}`);
      return found[0]!;
    },
  };
}
