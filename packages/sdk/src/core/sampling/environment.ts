import { alwaysOnSampler } from './always-on.js';
import { parentBasedSampler } from './parent-based.js';
import type { QuickSampler } from './sampler.js';
import { traceIdRatioSampler } from './trace-id-ratio.js';

const shares: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ['production', 0.01],
  ['prod', 0.01],
  ['staging', 0.1],
]);

/** The share of traces fit for where the program runs: see `environmentSampler`. */
export const environmentShare = (environment: string | undefined): number =>
  shares.get(environment?.toLowerCase() ?? '') ?? 1;

/**
 * A share of traces fit for where the program runs: of new traces 1 % in `production`, 10 % in `staging`, all anywhere else (development,
 * tests, unknown names); parent-based, so that a trace another process began is whole or absent.
 */
export function environmentSampler(environment: string | undefined): QuickSampler {
  const share = environmentShare(environment);
  return parentBasedSampler({ root: share < 1 ? traceIdRatioSampler(share) : alwaysOnSampler });
}
