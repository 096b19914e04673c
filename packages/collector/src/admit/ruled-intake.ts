import type { Metrics } from '../ops/metrics.js';
import { Malformed } from '../process/malformed.js';
import { applyRules } from '../process/rules/apply-rules.js';
import type { Rules } from '../process/rules/read-rules.js';
import type { Intake } from './intake.js';

/** What comes behind sees requests as the rules leave them. Only who has rules has this step; what it does is in `/metrics`. */
export function createRuledIntake(behind: Intake, rules: Rules, metrics: Metrics): Intake {
  const dropped = metrics.counter(
    'throughline_dropped_items_total',
    'Spans, log records and metrics that a rule (--drop) or the share (--sample) left out.',
    ['signal', 'rule'],
  );
  const redacted = metrics.counter('throughline_redacted_values_total', 'Values that a rule (--redact) changed.', [
    'rule',
  ]);
  const account = {
    dropped: (signal: string, rule: string) => dropped.add(1, signal, rule),
    redacted: (rule: string) => redacted.add(1, rule),
  };
  return {
    async submit(request) {
      let bytes: Uint8Array;
      try {
        bytes = applyRules(request.bytes, request.signal, rules, account);
      } catch (error) {
        // Passed on it might be kept as it is.
        if (error instanceof Malformed)
          return { kind: 'malformed', message: `This is not an OTLP export request: ${error.message}.` };
        throw error;
      }
      return behind.submit(bytes === request.bytes ? request : { ...request, bytes });
    },
  };
}
