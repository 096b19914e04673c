import type { Diagnostic, ResourceDetector } from '../../../core/options.js';
import { hostDetector, osDetector, processDetector, serviceInstanceDetector } from './detectors.js';

/** What describes a Node process unless the program or the environment says otherwise. All of it is there at once. */
const defaultDetectors = (): readonly ResourceDetector[] => [
  processDetector(),
  hostDetector,
  osDetector,
  serviceInstanceDetector,
];

/**
 * `OTEL_NODE_RESOURCE_DETECTORS`: comma-separated of `process`, `host`, `os`, `serviceinstance`, or `all` or `none`; `env` is
 * always on. An unknown name is reported.
 */
export function selectDetectors(
  names: readonly string[] | undefined,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): readonly ResourceDetector[] {
  const known = defaultDetectors();
  if (names === undefined || names.includes('all')) return known;
  for (const name of names) {
    if (name === 'none' || name === 'env' || known.some((detector) => detector.name === name)) continue;
    onDiagnostic({
      level: 'warn',
      code: 'invalid-environment',
      message: `OTEL_NODE_RESOURCE_DETECTORS names "${name}", which is not one of ${known.map((detector) => detector.name).join(', ')}.`,
    });
  }
  return names.includes('none') ? [] : known.filter((detector) => names.includes(detector.name));
}
