import { createApiLogger } from './api-logger.js';
import { createExportingProcessor } from './exporting-processor.js';
import { createResource } from './resource/resource.js';
import type { Extras, ExtrasRequest } from './start-telemetry-with.js';
import type { StartOptions } from './telemetry.js';
import { createRedactor } from './trace/redact.js';
import { watchUnendedSpans } from './trace/unended-spans.js';

/**
 * What stands behind the options that most pages do without: `redact`, `spanExporters`, `unendedSpanMs` (and the development preset's),
 * `resourceDetectors`; and the OpenTelemetry API's own messages in `onDiagnostic`. A page that wants them:
 * `start(options, { createExtras })`.
 */
export function createExtras(options: StartOptions, { clock, timers, limits, quietly, report }: ExtrasRequest): Extras {
  const { preset, redact, spanExporters = [], spanProcessors = [] } = options;
  const ageMs = options.unendedSpanMs ?? (preset === 'development' ? 60_000 : 0);
  const unended = ageMs
    ? watchUnendedSpans({ ageMs, clock, timers, captureOrigin: preset === 'development', report })
    : undefined;
  const detectors = options.resourceDetectors;
  return {
    resource:
      detectors &&
      createResource({
        ...options,
        attributes: options.resource,
        detectors,
        timers,
        onProblem: (detector, error) => report('warn', 'detector-failed', `${detector}: ${error}`),
      }),
    processors: [
      ...spanProcessors,
      ...(redact ? [createRedactor(redact)] : []),
      ...(unended ? [unended] : []),
      ...spanExporters.map((exporter) => createExportingProcessor(exporter, { timers, limits, quietly, report })),
    ],
    openSpans: unended?.openSpans,
    diag: createApiLogger(report),
  };
}
