import type { BatchLimits, PresetName } from './options.js';

type Preset = Pick<BatchLimits, 'maxItems' | 'maxAgeMs'>;

/** What a preset's name stands for: items in a batch, and milliseconds its first item waits. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  development: { maxItems: 128, maxAgeMs: 1_000 },
  production: { maxItems: 512, maxAgeMs: 5_000 },
  highThroughput: { maxItems: 2_048, maxAgeMs: 10_000 },
  lowLatency: { maxItems: 256, maxAgeMs: 500 },
};

/** Everything of `BatchLimits` that no preset changes. Units and meanings stand at `BatchLimits`. */
export const batchDefaults: Omit<BatchLimits, 'maxItems' | 'maxAgeMs' | 'maxQueueItems'> = {
  maxBytes: 512 * 1024,
  maxQueueBytes: 16 * 1024 * 1024,
  concurrency: 2,
  sendTimeoutMs: 10_000,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
  maxBatchAgeMs: 172_800_000,
  flushTimeoutMs: 30_000,
  shutdownTimeoutMs: 5_000,
};

/** A collector that is away is not asked in a hot loop, whatever the program says. */
const SHORTEST_RETRY_MS = 100;

/**
 * The limits a program gets: its single values over the preset's over the defaults. A value that is no number or is
 * negative is named to `bad` and its default taken: an option never stops a program. An unknown preset counts as `production`.
 */
export function resolveBatchLimits(
  preset: PresetName | undefined,
  batch: Partial<BatchLimits> | undefined,
  bad: (option: string, value: unknown) => void,
): BatchLimits {
  // Own names only: `constructor` is no preset.
  const known = Object.hasOwn(presets, preset ?? 'production');
  if (!known) bad('preset', preset);
  const limits: Partial<Record<keyof BatchLimits, number>> = {
    ...batchDefaults,
    ...presets[(known && preset) || 'production'],
  };
  for (const [name, value] of Object.entries(batch ?? {})) {
    // A batch of nothing and a sender that may not send would stop everything; zero is only "at once" for ages and waits.
    if (typeof value === 'number' && value >= (/Ms$/.test(name) ? 0 : 1))
      limits[name as keyof BatchLimits] = /RetryMs/.test(name) ? Math.max(value, SHORTEST_RETRY_MS) : value;
    else if (value !== undefined) bad(`batch.${name}`, value);
  }
  limits.maxQueueItems ??= Math.max(4 * limits.maxItems!, 2_048);
  return limits as BatchLimits;
}
