/** Hex digits of a threshold behind its leading `f`s: a probability is exact to about one in 65,536 of itself. */
const precision = 4;
/** A threshold is a fraction of 2^56: 14 hex digits. */
export const thresholdDigits = 14;

/**
 * The rejection threshold of a probability (0 … 1) as `th` has it: hex without trailing zeros. `undefined` where nothing can reach it.
 * Thresholds and randomness of 14 digits compare as strings (specification "Probability sampling", "Rejection threshold").
 */
export function thresholdOf(share: number): string | undefined {
  if (!(share > 0)) return undefined;
  // A share of 1/16^n leaves n leading `f`s that say nothing yet.
  const digits = Math.min(thresholdDigits, precision + Math.floor(-Math.log2(share) / 4));
  const steps = BigInt(Math.round(share * 2 ** (4 * digits)));
  if (steps === 0n) return undefined;
  const threshold = (1n << BigInt(4 * digits)) - steps;
  return threshold.toString(16).padStart(digits, '0').replace(/0+$/, '') || '0';
}
