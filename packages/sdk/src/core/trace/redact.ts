import type { Attributes } from '@opentelemetry/api';
import type { SdkSpan, SpanProcessor } from './span-processor.js';

/** What stands in the place of a value that must not leave. */
export const redacted = '[REDACTED]';
/** Decisions remembered; programs have few keys, and one that makes them up must not fill the memory. */
const maxRemembered = 2_000;

/** A processor that knows which keys hold secrets: logs and metrics ask the same one. */
export interface Redactor extends SpanProcessor {
  isSecret(key: string): boolean;
}

/**
 * A processor that replaces values before they are encoded: of every attribute on a span, its events and its links whose key
 * matches. A string matches the whole key in any case; a regular expression matches by `test`, always from the key's start
 * (its own `lastIndex` is neither used nor changed). Keys stay, so that people see that something was there. It must run after
 * processors that add attributes.
 */
export function createRedactor(keys: readonly (string | RegExp)[]): Redactor {
  const secrets = keys.map((key) => (typeof key === 'string' ? key.toLowerCase() : key));
  const decisions = new Map<string, boolean>();

  const decide = (key: string): boolean =>
    // A pattern that remembers where it was is not asked itself.
    secrets.some((secret) =>
      typeof secret === 'string' ? secret === key.toLowerCase() : new RegExp(secret).test(key),
    );
  const isSecret = (key: string): boolean => {
    let decision = decisions.get(key);
    if (decision === undefined) {
      decision = decide(key);
      if (decisions.size < maxRemembered) decisions.set(key, decision);
    }
    return decision;
  };
  /** The same object where nothing matches, else a copy: it may be the program's own. */
  const clean = (attributes: Attributes | undefined): Attributes | undefined => {
    let copy = attributes;
    for (const key in attributes) {
      if (!isSecret(key)) continue;
      if (copy === attributes) copy = { ...attributes };
      copy![key] = redacted;
    }
    return copy;
  };

  return {
    isSecret,
    onStart() {},
    onEnding(span: SdkSpan) {
      const { attributes, events, links } = span;
      for (const key of Object.keys(attributes)) {
        if (isSecret(key)) attributes[key] = redacted;
      }
      for (const part of [...events, ...links]) {
        const cleaned = clean(part.attributes);
        if (cleaned && cleaned !== part.attributes) part.attributes = cleaned;
      }
    },
    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
