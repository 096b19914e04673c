import { environmentShare } from '../sampling/environment.js';
import { type RoutePattern, routeMatcher, routeOf } from '../sampling/routes.js';
import { thresholdDigits, thresholdOf } from '../sampling/threshold.js';
import type { ReadableSpan } from '../trace/readable-span.js';

/** Which traces are kept whatever their share, and how many of the rest. */
export interface OutcomeRules {
  /** A span that takes this long, in milliseconds, keeps its trace. Default 1,000. `Infinity`: none is slow. */
  readonly slowMs?: number | undefined;
  /** The share of traces without an error and not slow that is kept, 0 to 1. Default: what `environment` says. */
  readonly share?: number | undefined;
  /** `production`: 1 %, `staging`: 10 %, anything else: all. */
  readonly environment?: string | undefined;
  /** Other shares for what begins a trace here: the first that fits its `http.route`, `url.path` or name. Errors and slow ones are kept all the same. */
  readonly routes?: readonly { readonly route: RoutePattern; readonly share: number }[] | undefined;
  /** Keeps a span's trace for any other reason. Asked as each span ends, so it must be quick; what it throws counts as no. */
  readonly keep?: ((span: ReadableSpan) => boolean) | undefined;
  /** Bytes held at most, of all traces. Default 16 MiB. What is over it is decided early, the oldest first. */
  readonly maxBytes?: number | undefined;
  /** Bytes held of one trace at most. Default 1 MiB. */
  readonly maxTraceBytes?: number | undefined;
  /** Traces with open spans that are known at most, held or decided; of those that are over, the last 1,000 are. Default 10,000. */
  readonly maxTraces?: number | undefined;
  /** A trace is held for so long at most, in milliseconds. Default 30,000. */
  readonly maxHoldMs?: number | undefined;
}

/** What a trace's randomness must reach: as `th` has it, and as its upper 24 and lower 32 bits. */
export interface Threshold {
  readonly text: string;
  readonly hi: number;
  readonly lo: number;
}

/** 14 hex digits, or the first of them, as two numbers: making digits of a trace id costs more than the rest of a decision. */
export function bitsOf(digits: string): { readonly hi: number; readonly lo: number } {
  const all = digits.padEnd(thresholdDigits, '0');
  return { hi: Number.parseInt(all.slice(0, 6), 16), lo: Number.parseInt(all.slice(6), 16) };
}

export interface CheckedRules {
  readonly slowMs: number;
  readonly keep: (span: ReadableSpan) => boolean;
  /** By what began a trace; `undefined`: none reaches it. */
  readonly thresholdFor: (root: ReadableSpan) => Threshold | undefined;
  readonly maxBytes: number;
  readonly maxTraceBytes: number;
  readonly maxTraces: number;
  readonly maxHoldMs: number;
}

/** Rules with their defaults; a value that is no number of 0 and more means the default. */
export function checkedRules(rules: OutcomeRules): CheckedRules {
  const number = (name: 'slowMs' | 'share' | 'maxBytes' | 'maxTraceBytes' | 'maxTraces' | 'maxHoldMs', or: number) => {
    const value = rules[name];
    return typeof value === 'number' && value >= 0 ? value : or;
  };
  const { keep } = rules;
  const others = thresholdFor(number('share', environmentShare(rules.environment)));
  const routes = (rules.routes ?? []).map(({ route, share }) => ({
    fits: routeMatcher(route),
    threshold: thresholdFor(share),
  }));
  return {
    slowMs: number('slowMs', 1_000),
    keep(span) {
      try {
        return keep?.(span) === true;
      } catch {
        return false;
      }
    },
    thresholdFor(root) {
      if (!routes.length) return others;
      const names = routeOf(root.name, root.attributes);
      const found = routes.find(({ fits }) => fits(names));
      return found ? found.threshold : others;
    },
    maxBytes: number('maxBytes', 16 * 1024 * 1024),
    maxTraceBytes: number('maxTraceBytes', 1024 * 1024),
    maxTraces: Math.max(1, number('maxTraces', 10_000)),
    maxHoldMs: number('maxHoldMs', 30_000),
  };
}

function thresholdFor(share: number): Threshold | undefined {
  const text = thresholdOf(Math.min(1, share));
  return text === undefined ? undefined : { text, ...bitsOf(text) };
}
