import type { TelemetryOptions } from '../options.js';
import { createRedactor, type Redactor } from './redact.js';

/** Which attribute keys hold secrets by these options: those of `redact`, and of redactors among the processors. */
export function secretKeys({
  redact,
  spanProcessors = [],
}: Pick<TelemetryOptions, 'redact' | 'spanProcessors'>): ((key: string) => boolean) | undefined {
  const redactors = spanProcessors.filter((processor): processor is Redactor => 'isSecret' in processor);
  if (redact) redactors.push(createRedactor(redact));
  return redactors.length ? (key) => redactors.some((redactor) => redactor.isSecret(key)) : undefined;
}
