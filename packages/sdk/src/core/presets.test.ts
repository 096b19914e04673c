import { expect, test } from 'vitest';
import type { BatchLimits, PresetName } from './options.js';
import { presets, resolveBatchLimits } from './presets.js';

const resolved = (preset?: PresetName, batch?: Partial<BatchLimits>) => {
  const bad: string[] = [];
  const limits = resolveBatchLimits(preset, batch, (option) => bad.push(option));
  return { limits, bad };
};

test('the presets have the sizes and ages their names promise [F7]', () => {
  expect(presets).toEqual({
    development: { maxItems: 128, maxAgeMs: 1_000 },
    production: { maxItems: 512, maxAgeMs: 5_000 },
    highThroughput: { maxItems: 2_048, maxAgeMs: 10_000 },
    lowLatency: { maxItems: 256, maxAgeMs: 500 },
  });
  expect(resolved().limits).toMatchObject({
    maxItems: 512,
    maxAgeMs: 5_000,
    maxQueueItems: 2_048,
    maxQueueBytes: 16_777_216,
  });
  expect(resolved('highThroughput').limits).toMatchObject({ maxItems: 2_048, maxQueueItems: 8_192 });
});

test('single values win over the preset; the queue follows the batch unless it is said [F7]', () => {
  const { limits, bad } = resolved('lowLatency', { maxItems: 1_000, maxRetryMs: 500, concurrency: undefined });
  expect(limits).toMatchObject({
    maxItems: 1_000,
    maxAgeMs: 500,
    maxQueueItems: 4_000,
    maxRetryMs: 500,
    concurrency: 2,
  });
  expect(resolved(undefined, { maxQueueItems: 7 }).limits.maxQueueItems).toBe(7);
  expect(bad).toEqual([]);
});

test('what cannot be a limit is named and its default taken; zero is an age but not a size', () => {
  const { limits, bad } = resolved('turbo' as PresetName, {
    maxItems: 0,
    maxBytes: -1,
    maxAgeMs: 0,
    sendTimeoutMs: Number.NaN,
    concurrency: '3' as unknown as number,
  });
  expect(limits).toMatchObject({
    maxItems: 512,
    maxBytes: 524_288,
    maxAgeMs: 0,
    sendTimeoutMs: 10_000,
    concurrency: 2,
  });
  expect(bad).toEqual(['preset', 'batch.maxItems', 'batch.maxBytes', 'batch.sendTimeoutMs', 'batch.concurrency']);
});

test('the names of Object.prototype are no presets', () => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    const { limits, bad } = resolved(name as PresetName);
    expect(limits).toEqual(resolved('production').limits);
    expect(bad).toEqual(['preset']);
  }
});

test('a wait before a retry has a lower bound, so that no collector is asked in a hot loop [F15]', () => {
  const { limits, bad } = resolved(undefined, { firstRetryMs: 0, maxRetryMs: 0, maxAgeMs: 0 });
  expect(limits).toMatchObject({ firstRetryMs: 100, maxRetryMs: 100, maxAgeMs: 0 });
  expect(bad).toEqual([]);
});
