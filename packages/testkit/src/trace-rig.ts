import type { Tracer } from '@opentelemetry/api';
import type { EncodedResource, OpenBuffer } from '../../sdk/src/core/batch.js';
import { createStackContextStore } from '../../sdk/src/core/context/stack-context-store.js';
import type { ContextStore, Entropy } from '../../sdk/src/core/ports.js';
import { createSpanEncoder } from '../../sdk/src/core/trace/span-encoder.js';
import type { SpanProcessor } from '../../sdk/src/core/trace/span-processor.js';
import {
  createTracerProvider,
  type SdkTracerProvider,
  type TracerProviderOptions,
} from '../../sdk/src/core/trace/tracer-provider.js';
import { createOpenBuffer, type FragmentBuffer } from '../../sdk/src/core/wire/open-buffer.js';
import { encodeResource } from '../../sdk/src/core/wire/resource.js';
import { type FakeTime, fakeTime } from './fake-time.js';
import { type DecodedSpan, type DecodedTraces, decodeTraces } from './otlp-proto.js';

export interface TraceRig {
  readonly time: FakeTime;
  readonly contextStore: ContextStore;
  readonly provider: SdkTracerProvider;
  readonly tracer: Tracer;
  readonly normal: FragmentBuffer;
  readonly high: FragmentBuffer;
  /** The buffer of each fragment, in order of ending. */
  readonly fragments: OpenBuffer[];
  /** What processors, samplers and the engine itself threw. */
  readonly errors: unknown[];
  /** Seals both buffers and gives the decoded requests, normal before high. */
  take(): DecodedTraces[];
  /** The spans of `take`, in order. */
  spans(): DecodedSpan[];
}

export interface TraceRigOptions extends Partial<Omit<TracerProviderOptions, 'processors'>> {
  readonly time?: FakeTime;
  /** Before the encoder. */
  readonly processors?: readonly SpanProcessor[];
}

/** Random bytes that are the same in every run. */
export function countingEntropy(seed = 1): Entropy {
  let state = seed;
  return {
    fill(target) {
      for (let i = 0; i < target.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
        target[i] = state >>> 24;
      }
    },
  };
}

export const testResource: EncodedResource = encodeResource({ 'service.name': 'test' });

/** A whole trace engine on a clock that moves only when told, whose bytes are read by an independent decoder. */
export function traceRig({ time = fakeTime(), processors = [], ...options }: TraceRigOptions = {}): TraceRig {
  const contextStore = options.contextStore ?? createStackContextStore();
  const normal = createOpenBuffer('traces', 'normal');
  const high = createOpenBuffer('traces', 'high');
  const fragments: OpenBuffer[] = [];
  const errors: unknown[] = [];
  const encoder = createSpanEncoder({ normal, high, onFragment: (buffer) => fragments.push(buffer) });
  const provider = createTracerProvider({
    clock: time.clock,
    entropy: countingEntropy(),
    resource: { attributes: { 'service.name': 'test' } },
    onError: (error) => errors.push(error),
    ...options,
    contextStore,
    processors: [...processors, encoder],
  });
  const take = (): DecodedTraces[] =>
    [normal, high].flatMap((buffer) => {
      const batch = buffer.take(testResource);
      return batch ? [decodeTraces(batch.bytes)] : [];
    });
  return {
    time,
    contextStore,
    provider,
    tracer: provider.getTracer('test'),
    normal,
    high,
    fragments,
    errors,
    take,
    spans: () =>
      take().flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
  };
}
