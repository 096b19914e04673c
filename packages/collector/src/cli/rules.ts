import type { Intake } from '../admit/intake.js';
import { createRuledIntake } from '../admit/ruled-intake.js';
import type { Metrics } from '../ops/metrics.js';
import { RuleError, type Rules, readRules } from '../process/rules/read-rules.js';
import type { Settings } from './settings.js';
import { UsageError } from './usage-error.js';

type Given = Pick<Settings, 'redact' | 'drop' | 'sample'>;

/** Throws `UsageError` for a rule that cannot be read, and says which. */
export function checkRules(settings: Given): Rules | undefined {
  try {
    return readRules(settings);
  } catch (error) {
    throw error instanceof RuleError ? new UsageError(error.message) : error;
  }
}

/** The same intake where there are no rules. */
export function withRules(intake: Intake, settings: Given, metrics: Metrics): Intake {
  const rules = checkRules(settings);
  return rules === undefined ? intake : createRuledIntake(intake, rules, metrics);
}
