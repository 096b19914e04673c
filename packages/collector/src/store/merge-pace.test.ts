import { expect, test } from 'vitest';
import { createMergePace } from './merge-pace.js';

function setUp() {
  const time = { ms: 0 };
  const set: number[] = [];
  const pace = createMergePace({
    now: () => time.ms,
    setParts: async (parts) => {
      set.push(parts);
    },
  });
  /** Five seconds of which inserts took that share. */
  const pass = async (share: number): Promise<void> => {
    const beganMs = time.ms;
    time.ms += 5_000 * share;
    if (share > 0) pace.inserted(beganMs);
    time.ms = beganMs + 5_000;
    await pace.look();
  };
  return { set, pass };
}

test('merges wait for more parts while inserts take half of the time, until they take a fifth', async () => {
  const { set, pass } = setUp();
  for (const share of [0.3, 0.6, 0.9, 0.3, 0.3, 0.1, 0, 0.4]) await pass(share);
  expect(set).toEqual([8, 32, 8]);
});

test('an insert that began before the last look counts from there', async () => {
  const time = { ms: 0 };
  const set: number[] = [];
  const pace = createMergePace({
    now: () => time.ms,
    setParts: async (parts) => {
      set.push(parts);
    },
  });
  time.ms = 9_000;
  await pace.look();
  time.ms = 10_000;
  pace.inserted(0);
  time.ms = 19_000;
  await pace.look();
  expect(set).toEqual([8]);
});

test('a pace that could not be set is set the next time', async () => {
  let fails = true;
  const set: number[] = [];
  const pace = createMergePace({
    now: () => 0,
    async setParts(parts) {
      if (fails) throw new Error('the engine is away');
      set.push(parts);
    },
  });
  await expect(pace.look()).rejects.toThrow();
  fails = false;
  await pace.look();
  await pace.look();
  expect(set).toEqual([8]);
});
