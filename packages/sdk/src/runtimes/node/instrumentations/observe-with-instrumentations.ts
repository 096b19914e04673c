import type { Instrument } from '../../../core/instrument.js';
import type { Diagnostic } from '../../../core/options.js';
import type { Instrumentation } from './instrumentation.js';
import { patchBuiltinModules } from './patch-builtin-modules.js';

/**
 * OpenTelemetry's instrumentation packages as one thing to observe with: each is given the tracer provider and turned on, and
 * turned off when telemetry stops. One that throws is reported and left out.
 */
export function observeWithInstrumentations(
  instrumentations: readonly Instrumentation[],
  onDiagnostic: (diagnostic: Diagnostic) => void,
): Instrument {
  const guarded = (instrumentation: Instrumentation, what: string, run: () => void): boolean => {
    try {
      run();
      return true;
    } catch (error) {
      const name = instrumentation?.instrumentationName ?? String(instrumentation);
      onDiagnostic({
        level: 'error',
        code: 'instrumentation-failed',
        message: `The instrumentation ${name} could not be ${what}: ${error instanceof Error ? error.message : String(error)}`,
      });
      return false;
    }
  };
  return ({ tracerProvider }) => {
    const enabled = instrumentations.filter((instrumentation) =>
      guarded(instrumentation, 'enabled', () => {
        instrumentation.setTracerProvider(tracerProvider);
        instrumentation.enable();
      }),
    );
    const showOriginals = patchBuiltinModules(enabled);
    return () => {
      for (const instrumentation of enabled) guarded(instrumentation, 'disabled', () => instrumentation.disable());
      showOriginals();
    };
  };
}
