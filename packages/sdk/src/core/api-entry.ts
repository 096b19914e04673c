import type { TracerProvider } from '@opentelemetry/api';
import type { Report } from './limit-diagnostics.js';
import { apiGlobal } from './otel-api.js';

/**
 * Puts a further signal's provider into the OpenTelemetry API's global, beside `tracerProvider`: where that one does not stand there, another SDK
 * answers and nothing is taken. Returns how to give it back; `undefined` where it was not taken.
 */
export function claimApiEntry(
  name: 'metrics' | 'logs',
  provider: object,
  tracerProvider: TracerProvider,
  report: Report,
): (() => void) | undefined {
  const api = apiGlobal();
  if (api?.trace !== tracerProvider) return undefined;
  if (api[name]) {
    report('warn', `another-${name}`, `Another OpenTelemetry ${name} keeps its place.`);
    return undefined;
  }
  api[name] = provider;
  return () => {
    if (api[name] === provider) delete api[name];
  };
}
