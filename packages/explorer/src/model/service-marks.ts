import type { SpanMetricsAnswer } from '#shapes/api.js';
import { fromUnixNano } from './time-range.js';

export interface VersionMark {
  readonly ms: number;
  readonly label: string;
}

/** When a version of a service was first seen in a range. One that was there from the beginning was deployed before, and has no mark. */
export function versionMarks({
  series,
  startUnixNano,
  stepNano,
}: Pick<SpanMetricsAnswer, 'series' | 'startUnixNano' | 'stepNano'>): readonly VersionMark[] {
  const firstOf = (count: readonly number[]): number => count.findIndex((spans) => spans > 0);
  const begin = Math.min(...series.map(({ count }) => firstOf(count)).filter((step) => step >= 0));
  return series
    .flatMap(({ version = '', count }) => {
      const step = firstOf(count);
      return version === '' || step <= begin
        ? []
        : [{ ms: fromUnixNano(startUnixNano) + (step * stepNano) / 1e6, label: version }];
    })
    .sort((a, b) => a.ms - b.ms);
}

/** Metrics of what a program runs on, not of what it does. */
export const isRuntimeMetric = (name: string): boolean =>
  /^(?:process|nodejs|v8js|jvm|dotnet|go|cpython|python|deno|bun|system)\./.test(name);

/** Steps that read well and make some ninety of a range. */
export function redStepMs(lengthMs: number): number {
  const wanted = lengthMs / 90;
  return STEPS_MS.find((step) => step >= wanted) ?? STEPS_MS.at(-1)!;
}
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400].map(
  (seconds) => seconds * 1_000,
);
