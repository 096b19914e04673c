import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext } from '../context/span-in-context.js';
import { remoteFlag, sampledFlag } from '../trace/trace-flags.js';
import { alwaysOffSampler } from './always-off.js';
import { alwaysOnSampler } from './always-on.js';
import type { QuickSampler, Sampler } from './sampler.js';

export interface ParentBasedOptions {
  /** Asked for spans without a parent. */
  readonly root: Sampler;
  /** Parent in another process, sampled. Default: always on. */
  readonly remoteParentSampled?: Sampler | undefined;
  /** Parent in another process, not sampled. Default: always off. */
  readonly remoteParentNotSampled?: Sampler | undefined;
  /** Parent in this process, sampled. Default: always on. */
  readonly localParentSampled?: Sampler | undefined;
  /** Parent in this process, not sampled. Default: always off. */
  readonly localParentNotSampled?: Sampler | undefined;
}

/** Does what the parent did, so that a trace is whole or absent; each of the five cases can be given a sampler of its own. */
export function parentBasedSampler(options: ParentBasedOptions): QuickSampler {
  const { root } = options;
  const remoteOn = options.remoteParentSampled ?? alwaysOnSampler;
  const remoteOff = options.remoteParentNotSampled ?? alwaysOffSampler;
  const localOn = options.localParentSampled ?? alwaysOnSampler;
  const localOff = options.localParentNotSampled ?? alwaysOffSampler;
  const pick = (parentFlags: number): Partial<QuickSampler> & Sampler =>
    parentFlags < 0
      ? root
      : parentFlags & remoteFlag
        ? parentFlags & sampledFlag
          ? remoteOn
          : remoteOff
        : parentFlags & sampledFlag
          ? localOn
          : localOff;
  return {
    decide: (parentFlags, randomHi, randomLo) => pick(parentFlags).decide?.(parentFlags, randomHi, randomLo),
    shouldSample(context, traceId, spanName, spanKind, attributes, links) {
      const parent = getSpanContext(context);
      const flags = isSpanContextValid(parent) ? parent.traceFlags | (parent.isRemote ? remoteFlag : 0) : -1;
      return pick(flags).shouldSample(context, traceId, spanName, spanKind, attributes, links);
    },
    toString: () =>
      `ParentBased{root=${root}, remoteParentSampled=${remoteOn}, remoteParentNotSampled=${remoteOff}, localParentSampled=${localOn}, localParentNotSampled=${localOff}}`,
  };
}
