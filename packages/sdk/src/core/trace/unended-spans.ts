import type { Diagnostic } from '../options.js';
import type { Clock, Timers } from '../ports.js';
import type { SdkSpan, SpanProcessor } from './span-processor.js';

/** Spans named in one message; of more, only the number is said. */
const maxNamed = 5;
/** Spans remembered by name; of a program that leaks faster, the rest is counted. */
const maxRemembered = 10_000;

export interface UnendedSpansOptions {
  /** A span open this long is reported, once. Milliseconds, above 0. */
  readonly ageMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Remember where each span was started. Costs some microseconds a span: for development. */
  readonly captureOrigin: boolean;
  readonly report: (level: Diagnostic['level'], code: string, message: string) => void;
}

export interface UnendedSpans extends SpanProcessor {
  /** Spans started and not ended, those already reported included. */
  openSpans(): number;
}

interface Open {
  readonly name: string;
  readonly startedMs: number;
  readonly origin: string | undefined;
  /** For the name it has by now; never keeps the span alive, because what is forgotten is often unreachable too. */
  readonly span: WeakRef<SdkSpan> | undefined;
}

/** Finds spans that are never ended and says their names and where they were started. */
export function watchUnendedSpans(options: UnendedSpansOptions): UnendedSpans {
  const { ageMs, clock, timers, report } = options;
  const opens = new WeakMap<object, Open>();
  // In order of start, so the oldest is the first.
  const remembered = new Set<Open>();
  let count = 0;
  let cancel: (() => void) | undefined;

  const arm = (delayMs: number): void => {
    cancel ??= timers.after(Math.max(delayMs, 1), check);
  };

  function check(): void {
    cancel = undefined;
    const now = clock.monotonicMs();
    const overdue: Open[] = [];
    for (const open of remembered) {
      if (now - open.startedMs < ageMs) break;
      overdue.push(open);
      remembered.delete(open);
    }
    if (overdue.length) report('warn', 'span-never-ended', describe(overdue, now));
    // Not sooner than an age after a report: what is overdue then is said together.
    for (const oldest of remembered) {
      arm(overdue.length ? ageMs : ageMs - (now - oldest.startedMs));
      break;
    }
  }

  return {
    onStart(span) {
      count++;
      if (remembered.size >= maxRemembered) return;
      const open: Open = {
        name: span.name,
        startedMs: clock.monotonicMs(),
        origin: options.captureOrigin ? originOf(new Error().stack) : undefined,
        span: typeof WeakRef === 'function' ? new WeakRef(span) : undefined,
      };
      opens.set(span, open);
      remembered.add(open);
      arm(ageMs);
    },
    onEnd(span) {
      count--;
      const open = opens.get(span);
      if (open) remembered.delete(open);
    },
    openSpans: () => count,
    forceFlush: async () => {},
    async shutdown() {
      cancel?.();
      remembered.clear();
    },
  };
}

function describe(overdue: readonly Open[], now: number): string {
  const named = overdue.slice(0, maxNamed).map(({ name, startedMs, origin, span }) => {
    const seconds = Math.round((now - startedMs) / 1000);
    return `"${span?.deref()?.name ?? name}" (started ${seconds} s ago${origin ? ` ${origin}` : ''})`;
  });
  const more = overdue.length - named.length;
  return (
    `${overdue.length === 1 ? 'A span was' : `${overdue.length} spans were`} never ended and will not be sent: ` +
    `${named.join(', ')}${more ? ` and ${more} more` : ''}. Call span.end(), in a finally block or by traced().`
  );
}

/** The directory of this package's code, file by file or in the few files Node gets, where it is not bundled into one file with the program's. */
const ownRoot = (stack: string): string | undefined =>
  /([^\s(@]+?)\/(?:core\/trace\/unended-spans\.[jt]s|(?<=\/dist\/)for-node\/(?:shared-\w+|index|node|register|testing)\.js)/.exec(
    stack,
  )?.[1];

/** `at place (file:line:column)` of the first frame that is the program's own; engines that print frames otherwise too. */
function originOf(stack = ''): string | undefined {
  const frames = stack.split('\n').filter((line) => /:\d+:\d+\)?$/.test(line));
  const root = ownRoot(stack);
  const own = frames.find((line) => !/node_modules|node:/.test(line) && !(root && line.includes(`${root}/`)));
  return own?.trim().replace(/^(?!at )/, 'at ');
}
