import { getSpanContext } from '../context/span-in-context.js';
import { createTraceState } from '../context/trace-state.js';
import { wordOf } from '../trace/hex.js';
import { readOtFields, withThreshold } from './ot-fields.js';
import { dropped } from './results.js';
import type { QuickSampler, SamplingResult } from './sampler.js';
import { thresholdDigits, thresholdOf } from './threshold.js';

/**
 * Keeps a fixed share of traces (0 … 1), the same ones everywhere: a trace is kept where the random 56 bits of its id (or the `rv`
 * of its tracestate) reach a threshold. The threshold travels as `th` of the `ot` tracestate member, so that whoever counts
 * later knows how many spans one stands for (specification "Probability sampling", consistent sampling).
 */
export function traceIdRatioSampler(ratio: number): QuickSampler {
  const share = ratio >= 0 && ratio <= 1 ? ratio : ratio > 1 ? 1 : 0;
  const threshold = thresholdOf(share);
  if (threshold === undefined) {
    return { decide: () => dropped, shouldSample: () => dropped, toString: () => `TraceIdRatioBased{${share}}` };
  }
  const bits = threshold.padEnd(thresholdDigits, '0');
  const thresholdHi = Number.parseInt(bits.slice(0, 6), 16);
  const thresholdLo = Number.parseInt(bits.slice(6), 16);
  const reaches = (hi: number, lo: number): boolean => {
    const upper = hi & 0xff_ffff;
    return upper > thresholdHi || (upper === thresholdHi && lo >>> 0 >= thresholdLo);
  };
  const alone: SamplingResult = { decision: 2, traceState: createTraceState(`ot=th:${threshold}`) };
  return {
    decide: (_parentFlags, hi, lo) => (reaches(hi, lo) ? alone : dropped),
    shouldSample(context, traceId) {
      const state = getSpanContext(context)?.traceState;
      const fields = readOtFields(state);
      const random = `00${fields.randomness ?? traceId.slice(18)}`;
      if (reaches(wordOf(random, 0), wordOf(random, 8))) {
        return { decision: 2, traceState: withThreshold(state, fields, threshold) };
      }
      // A threshold that did not decide this span would tell a lie about it.
      const traceState = withThreshold(state, fields, undefined);
      return traceState === state ? dropped : { decision: 0, traceState };
    },
    toString: () => `TraceIdRatioBased{${share}}`,
  };
}
