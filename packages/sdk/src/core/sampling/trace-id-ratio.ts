import { getSpanContext } from '../context/span-in-context.js';
import { createTraceState } from '../context/trace-state.js';
import { wordOf } from '../trace/hex.js';
import { dropped } from './results.js';
import type { QuickSampler, SamplingResult } from './sampler.js';

/** Hex digits of the threshold behind its leading `f`s: a probability is exact to about one in 65,536 of itself. */
const precision = 4;
/** The threshold is a fraction of 2^56: 14 hex digits. */
const maxDigits = 14;

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
  const bits = threshold.padEnd(maxDigits, '0');
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
      const fields = (state?.get('ot') ?? '').split(';').filter((field) => field && !field.startsWith('th:'));
      const rv = fields.find((field) => /^rv:[\da-f]{14}$/.test(field));
      const random = `00${rv ? rv.slice(3) : traceId.slice(18)}`;
      if (!reaches(wordOf(random, 0), wordOf(random, 8))) {
        // A threshold that did not decide this span would tell a lie about it.
        return state?.get('ot') ? { decision: 0, traceState: withFields(state, fields) } : dropped;
      }
      return { decision: 2, traceState: withFields(state ?? createTraceState(), [`th:${threshold}`, ...fields]) };
    },
    toString: () => `TraceIdRatioBased{${share}}`,
  };
}

const withFields = (state: ReturnType<typeof createTraceState>, fields: string[]): typeof state =>
  fields.length ? state.set('ot', fields.join(';')) : state.unset('ot');

/** The rejection threshold in hex without trailing zeros; `undefined` where nothing can reach it. */
function thresholdOf(share: number): string | undefined {
  // A share of 1/16^n leaves n leading `f`s that say nothing yet.
  const digits = Math.min(maxDigits, precision + Math.floor(-Math.log2(share) / 4));
  const steps = BigInt(Math.round(share * 2 ** (4 * digits)));
  if (!(share > 0) || steps === 0n) return undefined;
  const threshold = (1n << BigInt(4 * digits)) - steps;
  return threshold.toString(16).padStart(digits, '0').replace(/0+$/, '') || '0';
}
