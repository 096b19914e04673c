/** How many measurements were at most so large; the last bound is infinite. */
export interface CumulativeBucket {
  readonly bound: number;
  count: number;
}

/** Counts that differ by less than this share are the same number, added up in another order. */
const SAME_SHARE = 1e-12;

/**
 * The value below which the share `q` of all measurements lie, on a straight line within its bucket: as Prometheus' `histogram_quantile` has it, in its corners too. `NaN` where
 * there is nothing to say it of; the highest finite bound where it lies beyond.
 */
export function bucketQuantile(q: number, buckets: readonly CumulativeBucket[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const sorted = coalesce([...buckets].sort((a, b) => a.bound - b.bound));
  if (sorted.length < 2 || sorted.at(-1)!.bound !== Number.POSITIVE_INFINITY) return Number.NaN;
  ensureRising(sorted);
  const all = sorted.at(-1)!.count;
  if (all === 0 || Number.isNaN(all)) return Number.NaN;
  const rank = q * all;
  const at = sorted.findIndex(({ count }) => count >= rank);
  const index = at < 0 ? sorted.length - 1 : at;
  if (index === sorted.length - 1) return sorted.at(-2)!.bound;
  if (index === 0 && sorted[0]!.bound <= 0) return sorted[0]!.bound;
  const { bound, count } = sorted[index]!;
  const before = index > 0 ? sorted[index - 1]! : { bound: 0, count: 0 };
  return before.bound + (bound - before.bound) * ((rank - before.count) / (count - before.count));
}

function coalesce(sorted: readonly CumulativeBucket[]): CumulativeBucket[] {
  const result: CumulativeBucket[] = [];
  for (const { bound, count } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && last.bound === bound) last.count += count;
    else result.push({ bound, count });
  }
  return result;
}

/** Buckets are scraped and added up one by one; where one is smaller than the one before it, it holds at least as much. */
function ensureRising(buckets: CumulativeBucket[]): void {
  let before = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    if (bucket.count === before) continue;
    const isSame = Math.abs(bucket.count - before) <= SAME_SHARE * (Math.abs(bucket.count) + Math.abs(before));
    if (isSame || bucket.count < before) bucket.count = before;
    else before = bucket.count;
  }
}

/** An exponential histogram: bucket `i` holds what is above `2^(i/2^scale)` and up to `2^((i+1)/2^scale)`, its mirror below zero. */
export interface ExponentialBuckets {
  readonly scale: number;
  readonly zero: number;
  readonly zeroThreshold: number;
  readonly positive: ReadonlyMap<number, number>;
  readonly negative: ReadonlyMap<number, number>;
}

/** The same question of an exponential histogram; within a bucket the value grows as the buckets do. */
export function exponentialQuantile(q: number, histogram: ExponentialBuckets): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const { scale, zero, zeroThreshold } = histogram;
  const perDoubling = 2 ** scale;
  const falling = [...histogram.negative].sort(([a], [b]) => b - a);
  const rising = [...histogram.positive].sort(([a], [b]) => a - b);
  const all = zero + [...falling, ...rising].reduce((sum, [, count]) => sum + count, 0);
  if (all <= 0) return Number.NaN;
  let rank = q * all;
  const within = (index: number, share: number): number => 2 ** ((index + share) / perDoubling);
  for (const [index, count] of falling) {
    if (count > 0 && rank <= count) return -within(index, 1 - rank / count);
    rank -= count;
  }
  if (zero > 0 && rank <= zero) {
    const low = falling.length > 0 ? -zeroThreshold : 0;
    const high = rising.length > 0 ? zeroThreshold : 0;
    return low + (high - low) * (rank / zero);
  }
  rank -= zero;
  let last = 0;
  for (const [index, count] of rising) {
    if (count <= 0) continue;
    if (rank <= count) return within(index, rank / count);
    rank -= count;
    last = within(index, 1);
  }
  return last;
}
