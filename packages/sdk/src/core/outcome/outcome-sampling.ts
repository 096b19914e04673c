import { createResource } from '../resource/resource.js';
import { RecordingSpan } from '../trace/recording-span.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import { sampledFlag } from '../trace/trace-flags.js';
import { createTracerProvider } from '../trace/tracer-provider.js';
import type { Tracing } from '../trace/tracing.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import { HeldTraces, type OutcomeStatus } from './held-traces.js';
import { checkedRules, type OutcomeRules } from './outcome-rules.js';

/** A part of one telemetry: `start({ tracing: outcomeSampling({ … }) })`, in a page `start(options, { tracing })`. */
export interface OutcomeSampling extends Tracing {
  /** What became of traces so far. */
  status(): OutcomeStatus;
}

/** Where there is no time but the wall clock's, a trace is looked at when something ends; this bounds how often a timer looks. */
const shortestLookMs = 50;

/**
 * Sampling that knows the outcome: the spans of a trace wait, encoded, until it is known how it went. Traces with an error, slow ones and those `keep`
 * names are kept, of the rest a share: the same traces in every process that has the same share, with `th` of the tracestate raised to it, so that whoever
 * counts later knows how many one stands for (specification "Probability sampling").
 *
 * It decides about what this process has of a trace. An error in one process does not keep what others have of it, unless it reaches them as one.
 */
export function outcomeSampling(rules: OutcomeRules = {}): OutcomeSampling {
  const checked = checkedRules(rules);
  let traces: HeldTraces | undefined;
  return {
    createResource,
    status: () => traces?.status ?? nothing,
    createProvider(options, onFragment) {
      if (!onFragment) return createTracerProvider(options);
      const { clock, timers, lifecycle } = options;
      const held = new HeldTraces({
        rules: checked,
        normal: createOpenBuffer('traces', 'normal'),
        high: createOpenBuffer('traces', 'high'),
        onFragment,
        nowMs: () => clock.monotonicMs(),
        headKeepsAll: keepsAll.test(String(options.sampler)),
      });
      traces = held;
      let cancel: (() => void) | undefined;
      const look = (): void => {
        cancel = undefined;
        held.decideDue();
        arm();
      };
      function arm(): void {
        const { nextMs } = held;
        if (nextMs !== undefined) cancel ??= timers?.after(Math.max(shortestLookMs, nextMs), look);
      }
      const isHeld = (span: unknown): span is RecordingSpan =>
        span instanceof RecordingSpan && (span.flags & sampledFlag) !== 0;
      const holding: SpanProcessor = {
        onStart(span) {
          if (!isHeld(span)) return;
          held.began(span);
          if (!cancel) arm();
        },
        onEnd(span) {
          if (isHeld(span)) held.ended(span);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      // Last, as the encoder is: what the others changed in `onEnding` is what is held.
      const provider = createTracerProvider({ ...options, processors: [...options.processors, holding] });
      // Before the outbox hears of it, which was told of later.
      const stopListening = lifecycle?.onSuspend(() => held.decideAll());
      return {
        ...provider,
        shutdown() {
          // Not in a processor's own time: the outbox seals what there is in this turn.
          held.decideAll();
          cancel?.();
          stopListening?.();
          return provider.shutdown();
        },
      };
    },
  };
}

/** The descriptions of samplers that record every trace which begins here; `undefined`: the one everybody has. */
const keepsAll = /^(undefined$|AlwaysOnSampler|ParentBased\{root=AlwaysOnSampler,)/;

const nothing: OutcomeStatus = {
  heldTraces: 0,
  heldSpans: 0,
  heldBytes: 0,
  keptTraces: 0,
  droppedTraces: 0,
  droppedSpans: 0,
  decidedEarly: 0,
  partialTraces: 0,
};
