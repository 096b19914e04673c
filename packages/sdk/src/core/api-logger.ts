import type { DiagLogger } from '@opentelemetry/api';
import type { Report } from './limit-diagnostics.js';

/** What the OpenTelemetry API and instrumentations say about themselves (`diag.error`, `diag.warn`), as diagnostics of ours. */
export function createApiLogger(report: Report): DiagLogger {
  const say =
    (level: 'error' | 'warn') =>
    (...parts: unknown[]): void =>
      report(level, `opentelemetry-${level}`, parts.map(String).join(' '));
  const ignore = (): void => {};
  return { error: say('error'), warn: say('warn'), info: ignore, debug: ignore, verbose: ignore };
}
