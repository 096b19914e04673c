import type { OnFragment } from '../batch.js';
import type { Ports } from '../ports.js';
import { createResource, type Resource, type ResourceOptions } from '../resource/resource.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import { createSpanEncoder } from './span-encoder.js';
import { createTracerProvider, type SdkTracerProvider, type TracerProviderOptions } from './tracer-provider.js';

/** What makes spans and turns them into bytes. One is quick (`fullTracing`), one is small (`smallTracing`); both are one to a receiver. */
export interface Tracing {
  createResource(options: ResourceOptions): Resource;
  /** Spans end in buffers of this provider, told to `onFragment` after all `processors`; without it nothing is encoded. */
  createProvider(options: TracingOptions, onFragment: OnFragment | undefined): SdkTracerProvider;
}

/** With what a part needs that decides later than at the end of a span. */
interface TracingOptions extends TracerProviderOptions, Partial<Pick<Ports, 'timers' | 'lifecycle'>> {}

/** For programs that make many spans: identities without strings, keys encoded once, memory handed over instead of copied. */
export const fullTracing: Tracing = {
  createResource,
  createProvider(options, onFragment) {
    const { processors } = options;
    if (!onFragment) return createTracerProvider(options);
    const encoder = createSpanEncoder({
      normal: createOpenBuffer('traces', 'normal'),
      high: createOpenBuffer('traces', 'high'),
      onFragment,
    });
    // Last: what the others changed in `onEnding` is what leaves.
    return createTracerProvider({ ...options, processors: [...processors, encoder] });
  },
};
