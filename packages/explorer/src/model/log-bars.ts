import type { LogHistogramAnswer } from '#shapes/api.js';

/** A bar of the histogram of log records. */
export interface LogBar {
  readonly startMs: number;
  readonly endMs: number;
  readonly records: number;
  readonly errors: number;
  readonly warnings: number;
}

/** Errors and warnings of each bar, and how many there are in all. */
export function logBars(
  answer: Pick<LogHistogramAnswer, 'severities' | 'startUnixNano' | 'stepNano'>,
): readonly LogBar[] {
  const stepMs = answer.stepNano / 1e6;
  const startMs = Number(BigInt(answer.startUnixNano) / 1_000_000n);
  const sum = (names: readonly string[], index: number): number =>
    answer.severities
      .filter(({ severity }) => names.length === 0 || names.includes(severity))
      .reduce((total, { count }) => total + (count[index] ?? 0), 0);
  return (answer.severities[0]?.count ?? []).map((_, index) => ({
    startMs: startMs + index * stepMs,
    endMs: startMs + (index + 1) * stepMs,
    records: sum([], index),
    errors: sum(['error', 'fatal'], index),
    warnings: sum(['warn'], index),
  }));
}
