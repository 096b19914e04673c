import { type Meter, metrics } from '@opentelemetry/api';
import { expect, onTestFinished } from 'vitest';
import type { ScopeMetrics } from '../../src/core/metrics/metric-data.js';
import type { MetricsOptions } from '../../src/core/metrics/metrics-options.js';
import type { Diagnostic } from '../../src/core/options.js';
import { type NodeOptions, start } from '../../src/runtimes/node/index.js';
import { type PrometheusReaderOptions, prometheusReader } from '../../src/runtimes/node/prometheus/index.js';

/*
 * What a scraper is answered, by a telemetry of its own whose only reader is Prometheus.
 */

export const openMetrics = 'application/openmetrics-text; version=1.0.0';

/** Starts it, records, and answers with how it is asked; it is shut down when the test is over. */
export async function scraped(
  record: (meter: Meter) => void,
  options: PrometheusReaderOptions = {},
  more: NodeOptions & { readonly metrics?: MetricsOptions } = {},
) {
  const diagnostics: Diagnostic[] = [];
  const reader = prometheusReader({ port: 0, ...options });
  const telemetry = start({
    serviceName: 'shop',
    signals: false,
    env: { OTEL_NODE_RESOURCE_DETECTORS: 'none' },
    destinations: { copies: [] },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...more,
    metrics: { ...more.metrics, readers: [reader] },
  });
  onTestFinished(async () => void (await telemetry.shutdown()));
  record(metrics.getMeter('io.shop', '1.2'));
  const url = await reader.listening;
  const scrape = async (accept?: string): Promise<string> => {
    const answer = await fetch(url, { headers: accept ? { accept } : {} });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  return { telemetry, diagnostics, url, scrape };
}

/** Lines of these families, or all of them. */
export const linesOf = (text: string, ...starts: string[]) =>
  text
    .split('\n')
    .filter((line) => !starts.length || starts.some((start) => line.replace(/^# \w+ /, '').startsWith(start)));

export const bare: PrometheusReaderOptions = { scopeInfo: false, targetInfo: false };

/** A producer of one collection: what an instrument of the program would come to, said directly. */
export const producing = (...made: ScopeMetrics['metrics']): MetricsOptions['producers'] => [
  { produce: async () => [{ scope: { name: 'other' }, metrics: made }] },
];

/** Of points that producers hand over. */
export const at: [number, number] = [1_700_000_000, 0];
export const described = (name: string) => ({ name, description: '', unit: '', valueType: 1 }) as const;
