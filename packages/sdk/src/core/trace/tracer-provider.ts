import type { Attributes, Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import { TimeSource } from '../clock/time-source.js';
import type { Clock, ContextStore, Entropy } from '../ports.js';
import { alwaysOnSampler } from '../sampling/always-on.js';
import { parentBasedSampler } from '../sampling/parent-based.js';
import type { Sampler } from '../sampling/sampler.js';
import { createScopes } from '../scopes.js';
import { KeyCache } from '../wire/encoded-key.js';
import { NameCache } from '../wire/name-cache.js';
import { type AttributeRules, attributeRules } from './attribute-bag.js';
import { combinedProcessor } from './combined-processor.js';
import { generatedIds } from './generated-ids.js';
import type { IdGenerator } from './id-generator.js';
import { RandomIdGenerator } from './random-id-generator.js';
import type { ReadableResource } from './readable-span.js';
import { defaultSpanLimits, type SpanLimits } from './span-limits.js';
import type { SpanProcessor } from './span-processor.js';
import { SdkTracer, type TracerState } from './tracer.js';

export interface TracerProviderOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly contextStore: ContextStore;
  /** What processors and exporters read as `span.resource`; the bytes get it when they are sealed. */
  readonly resource: ReadableResource;
  /** Default: parent-based, every root sampled. */
  readonly sampler?: Sampler | undefined;
  readonly spanLimits?: Partial<SpanLimits> | undefined;
  /** Default: random ids from `entropy`. */
  readonly idGenerator?: IdGenerator | undefined;
  /** In this order; the encoder last. */
  readonly processors: readonly SpanProcessor[];
  /** Told what a processor, sampler or exporter threw. On the hot path: must return at once and must not throw. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The API's provider, with what an SDK adds. */
export interface SdkTracerProvider extends TracerProvider {
  getTracer(name: string, version?: string, options?: ScopeOptions): Tracer;
  /** Flushes all processors. Never rejects. */
  forceFlush(): Promise<void>;
  /** Shuts all processors down, once. Afterwards, also for tracers handed out before, nothing is recorded. Never rejects. */
  shutdown(): Promise<void>;
}

export interface ScopeOptions extends TracerOptions {
  /** Of the instrumentation scope. */
  readonly attributes?: Attributes | undefined;
}

/** A tracer provider (specification "Tracing SDK"). Equal name, version, schema URL and attributes give the same tracer. */
export function createTracerProvider(options: TracerProviderOptions): SdkTracerProvider {
  const { onError = () => {}, resource } = options;
  const limits = checkedLimits(options.spanLimits);
  const time = new TimeSource(options.clock);
  const keys = new KeyCache();
  const names = new NameCache();
  const random = new RandomIdGenerator(options.entropy);
  const processor = combinedProcessor(options.processors, onError);
  const state: TracerState = {
    contextStore: options.contextStore,
    sampler: options.sampler ?? parentBasedSampler({ root: alwaysOnSampler }),
    ids: options.idGenerator ? generatedIds(options.idGenerator, random) : random,
    stopped: false,
  };
  const rules = (countLimit: number): AttributeRules =>
    attributeRules(keys, names, countLimit, limits.attributeValueLengthLimit);
  /** Async from its first step, so that what a processor of the program throws at once is caught too. */
  const settled = async (what: 'forceFlush' | 'shutdown'): Promise<void> => {
    try {
      await processor[what]();
    } catch (error) {
      onError(error);
    }
  };
  return {
    getTracer: createScopes(
      (encoded, scope): Tracer =>
        new SdkTracer(state, {
          time,
          limits,
          processor,
          resource,
          scope,
          encoded,
          spanAttributes: rules(limits.attributeCountLimit),
          eventAttributes: rules(limits.attributePerEventCountLimit),
          linkAttributes: rules(limits.attributePerLinkCountLimit),
          onError,
        }),
    ),
    forceFlush: () => settled('forceFlush'),
    async shutdown() {
      if (state.stopped) return;
      state.stopped = true;
      await settled('shutdown');
    },
  };
}

/** Limits that are numbers of 0 and more; anything else means the default. */
function checkedLimits(given: Partial<SpanLimits> = {}): SpanLimits {
  const limits = { ...defaultSpanLimits };
  for (const name of Object.keys(limits) as (keyof SpanLimits)[]) {
    const limit = given[name];
    if (typeof limit === 'number' && limit >= 0) limits[name] = Math.floor(limit);
  }
  return limits;
}
