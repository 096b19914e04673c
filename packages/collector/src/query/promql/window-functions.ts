/** Samples of one series in the order of time: Unix milliseconds and values. */
export interface Samples {
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** Each value is what came since the one before it: such are added up, and nothing is extrapolated. */
  readonly isDelta?: boolean | undefined;
}

/** The part of the samples a function looks at, from `first` to before `end`, and the window it lies in: `startMs` is outside of it, `endMs` inside. */
interface Window {
  readonly samples: Samples;
  readonly first: number;
  readonly end: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** `undefined`: there is no answer. */
type WindowFunction = (window: Window, parameter: number) => number | undefined;

/** What a counter, or a gauge, came in a window, drawn out to its edges where samples come close to them: as Prometheus extrapolates, in its corners too. */
function extrapolated(
  { samples, first, end, startMs, endMs }: Window,
  isCounter: boolean,
  isRate: boolean,
): number | undefined {
  const { times, values, isDelta } = samples;
  if (isDelta && isCounter) {
    let sum = 0;
    for (let index = first; index < end; index++) sum += values[index]!;
    return isRate ? sum / ((endMs - startMs) / 1_000) : sum;
  }
  const steps = end - first - 1;
  if (steps < 1) return undefined;
  const [firstMs, lastMs] = [times[first]!, times[end - 1]!];
  let result = values[end - 1]! - values[first]!;
  if (isCounter) {
    for (let index = first + 1; index < end; index++)
      if (values[index]! < values[index - 1]!) result += values[index - 1]!;
  }
  let toStart = (firstMs - startMs) / 1_000;
  let toEnd = (endMs - lastMs) / 1_000;
  const sampled = (lastMs - firstMs) / 1_000;
  const apart = sampled / steps;
  const threshold = apart * 1.1;
  if (toStart >= threshold) toStart = apart / 2;
  if (isCounter && result > 0 && values[first]! >= 0) {
    // A counter was nothing before it began: it is not drawn out below zero.
    toStart = Math.min(toStart, sampled * (values[first]! / result));
  }
  if (toEnd >= threshold) toEnd = apart / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= (endMs - startMs) / 1_000;
  return result * factor;
}

function instant({ samples: { times, values, isDelta }, first, end }: Window, isRate: boolean): number | undefined {
  if (end - first < 2) return undefined;
  const [before, last] = [values[end - 2]!, values[end - 1]!];
  const apart = (times[end - 1]! - times[end - 2]!) / 1_000;
  if (apart === 0) return undefined;
  if (!isRate) return last - before;
  return (isDelta || last < before ? last : last - before) / apart;
}

/** Slope a second, and the value at `atMs`. */
function line(
  { samples: { times, values }, first, end }: Window,
  atMs: number,
): { readonly slope: number; readonly value: number } | undefined {
  if (end - first < 2) return undefined;
  const count = end - first;
  let [x, y, xy, xx] = [0, 0, 0, 0];
  let isFlat = true;
  for (let index = first; index < end; index++) {
    const [at, value] = [(times[index]! - atMs) / 1_000, values[index]!];
    if (value !== values[first]) isFlat = false;
    x += at;
    y += value;
    xy += at * value;
    xx += at * at;
  }
  if (isFlat)
    return {
      slope: Number.isFinite(values[first]!) ? 0 : Number.NaN,
      value: Number.isFinite(values[first]!) ? values[first]! : Number.NaN,
    };
  const slope = (xy - (x * y) / count) / (xx - (x * x) / count);
  return { slope, value: y / count - (slope * x) / count };
}

const valuesOf = ({ samples, first, end }: Window): readonly number[] => samples.values.slice(first, end);

function count(window: Window, isCounted: (value: number, before: number) => boolean): number | undefined {
  const { samples, first, end } = window;
  let counted = 0;
  for (let index = first + 1; index < end; index++)
    if (isCounted(samples.values[index]!, samples.values[index - 1]!)) counted++;
  return counted;
}

/** Added up so that what is small is not lost beside what is large (Kahan, Neumaier). */
export function sumOf(values: readonly number[]): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    if (!Number.isFinite(next)) lost = 0;
    else lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

export function varianceOf(values: readonly number[]): number {
  const mean = sumOf(values) / values.length;
  return sumOf(values.map((value) => (value - mean) ** 2)) / values.length;
}

/** On a line between the two values next to it. */
export function quantileOf(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  // No number comes before every number, as Prometheus sorts.
  const sorted = [...values].sort((a, b) =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b,
  );
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
}

/** The extreme of the values; no number loses against every number. */
export function extremeOf(values: readonly number[], isBetter: (one: number, than: number) => boolean): number {
  let best = values[0]!;
  for (const value of values) if (isBetter(value, best) || Number.isNaN(best)) best = value;
  return best;
}

/** Called with at least one sample in the window, except `absent_over_time`, which is not here. */
export const WINDOW_FUNCTIONS: Readonly<Record<string, WindowFunction>> = {
  rate: (window) => extrapolated(window, true, true),
  increase: (window) => extrapolated(window, true, false),
  delta: (window) => extrapolated(window, false, false),
  irate: (window) => instant(window, true),
  idelta: (window) => instant(window, false),
  deriv: (window) => line(window, window.samples.times[window.first]!)?.slope,
  predict_linear: (window, seconds) => {
    const found = line(window, window.endMs);
    return found === undefined ? undefined : found.value + found.slope * seconds;
  },
  changes: (window) =>
    count(window, (value, before) => value !== before && !(Number.isNaN(value) && Number.isNaN(before))),
  resets: (window) => count(window, (value, before) => value < before),
  avg_over_time: (window) => sumOf(valuesOf(window)) / (window.end - window.first),
  sum_over_time: (window) => sumOf(valuesOf(window)),
  min_over_time: (window) => extremeOf(valuesOf(window), (one, than) => one < than),
  max_over_time: (window) => extremeOf(valuesOf(window), (one, than) => one > than),
  count_over_time: ({ first, end }) => end - first,
  last_over_time: ({ samples, end }) => samples.values[end - 1],
  first_over_time: ({ samples, first }) => samples.values[first],
  present_over_time: () => 1,
  stddev_over_time: (window) => Math.sqrt(varianceOf(valuesOf(window))),
  stdvar_over_time: (window) => varianceOf(valuesOf(window)),
  quantile_over_time: (window, q) => quantileOf(q, valuesOf(window)),
};
