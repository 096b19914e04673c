import type { Attributes, Context, Link, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { spanKey } from '../context/context.js';
import { NonRecordingSpan } from '../context/non-recording-span.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { ContextStore } from '../ports.js';
import { dropped } from '../sampling/results.js';
import type { QuickSampler, Sampler, SamplingResult } from '../sampling/sampler.js';
import { traceIdHex } from './hex.js';
import type { IdSource } from './id-source.js';
import { RecordingSpan } from './recording-span.js';
import { identityOf, type SpanIdentity } from './span-identity.js';
import { randomFlag, sampledFlag } from './trace-flags.js';
import type { TracerScope } from './tracer-scope.js';
import { UnsampledSpan } from './unsampled-span.js';

/** What a provider shares among its tracers, and may take away: after shutdown nothing is recorded. */
export interface TracerState {
  readonly contextStore: ContextStore;
  readonly sampler: Sampler & Partial<QuickSampler>;
  readonly ids: IdSource;
  stopped: boolean;
}

const invalidContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };

export class SdkTracer implements Tracer {
  readonly #state: TracerState;
  readonly #scope: TracerScope;

  constructor(state: TracerState, scope: TracerScope) {
    this.#state = state;
    this.#scope = scope;
  }

  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    const state = this.#state;
    const scope = this.#scope;
    const { ids } = state;
    if (context === undefined) context = state.contextStore.active();
    if (options?.root) context = context.deleteValue(spanKey);

    const active = context.getValue(spanKey) as Span | undefined;
    let parent: SpanIdentity | undefined;
    if (active !== undefined) {
      const own = active instanceof RecordingSpan || active instanceof UnsampledSpan;
      parent = own ? active : identityOf(active.spanContext());
    }
    if (state.stopped) return new NonRecordingSpan(parent ? active!.spanContext() : invalidContext);
    if (isTracingSuppressed(context)) return new NonRecordingSpan(invalidContext);

    const at = ids.take(parent ? 2 : 6);
    const { words } = ids;
    let result: SamplingResult | undefined;
    if (state.sampler.decide !== undefined && (parent === undefined || parent.traceState === undefined)) {
      result =
        parent === undefined
          ? state.sampler.decide(-1, words[at + 2]!, words[at + 3]!)
          : state.sampler.decide(parent.flags, parent.t2, parent.t3);
    }
    if (result === undefined) result = this.#ask(at, parent, name, options, context);

    const kept = parent ? parent.flags & randomFlag : ids.random ? randomFlag : 0;
    const traceState = result.traceState ?? (parent ? parent.traceState : undefined);
    if (result.decision === 0) return new UnsampledSpan(words, at, parent, kept, traceState);

    const flags = result.decision === 2 ? kept | sampledFlag : kept;
    const span = new RecordingSpan(scope, name, options, words, at, parent, flags, traceState);
    if (result.attributes) span.setAttributes(result.attributes);
    try {
      scope.processor.onStart(span, context);
    } catch (thrown) {
      scope.onError(thrown);
    }
    return span;
  }

  /** The whole question, with everything a sampler may want to know. */
  #ask(
    at: number,
    parent: SpanIdentity | undefined,
    name: string,
    options: SpanOptions | undefined,
    context: Context,
  ): SamplingResult {
    const { ids, sampler } = this.#state;
    const [t0, t1, t2, t3] = ids.words.subarray(at);
    const traceId = parent ? traceIdHex(parent.t0, parent.t1, parent.t2, parent.t3) : traceIdHex(t0!, t1!, t2!, t3!);
    const attributes: Attributes = { ...options?.attributes };
    const links: Link[] = [...(options?.links ?? [])];
    try {
      return sampler.shouldSample(context, traceId, name, options?.kind ?? 0, attributes, links) ?? dropped;
    } catch (thrown) {
      this.#scope.onError(thrown);
      return dropped;
    }
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]
  ): ReturnType<F> {
    const { contextStore } = this.#state;
    const fn = rest.pop() as F;
    const [options, context = contextStore.active()] = rest as [SpanOptions?, Context?];
    const span = this.startSpan(name, options, context);
    return contextStore.with(context.setValue(spanKey, span), fn as (span: Span) => ReturnType<F>, undefined, span);
  }
}
