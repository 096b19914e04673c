import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ledgerKey, openLedger } from './ledger.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-ledger-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const keyOf = (number: number): string => ledgerKey(number.toString(16).padStart(32, '0'), new Uint8Array([1, 2, 3]));
const keysOf = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => keyOf(from + at));

test('an id alone is no batch: other bytes under it are another one', () => {
  const id = 'a'.repeat(32);
  const key = ledgerKey(id, new Uint8Array([1]));
  expect(key).toMatch(/^[0-9a-f]{16}$/);
  expect(ledgerKey(id, new Uint8Array([1]))).toBe(key);
  expect(ledgerKey(id, new Uint8Array([2]))).not.toBe(key);
  expect(ledgerKey(`${id}.0`, new Uint8Array([1]))).not.toBe(key);
});

describe('the ledger', () => {
  test('knows what it was told, and after a restart what it kept [F22]', async () => {
    const first = await openLedger(directory);
    first.add(keyOf(1));
    await first.keep(keysOf(2, 2_000));
    expect([keyOf(1), keyOf(2), keyOf(1_999), keyOf(2_000)].map(first.has)).toEqual([true, true, true, false]);
    await first.close();
    const second = await openLedger(directory);
    expect([keyOf(1), keyOf(2), keyOf(1_999), keyOf(2_000)].map(second.has)).toEqual([false, true, true, false]);
    await second.close();
  });

  test('of a key that was cut in the middle forgets that one, and goes on behind it', async () => {
    const first = await openLedger(directory);
    await first.keep(keysOf(0, 10));
    await first.close();
    const file = join(directory, readdirSync(directory)[0]!);
    truncateSync(file, 9 * 8 + 3);
    const second = await openLedger(directory);
    await second.keep([keyOf(20)]);
    await second.close();
    const third = await openLedger(directory);
    expect([8, 9, 20].map((number) => third.has(keyOf(number)))).toEqual([true, false, true]);
    await third.close();
    appendFileSync(file, Buffer.from([1, 2, 3]));
    const fourth = await openLedger(directory);
    expect(fourth.has(keyOf(20))).toBe(true);
    await fourth.close();
  });

  test('forgets the oldest, never the newest, and its files do not grow without bound', async () => {
    const ledger = await openLedger(directory, 100);
    for (let from = 0; from < 1_000; from += 10) {
      await ledger.keep(keysOf(from, from + 10));
      for (let number = Math.max(0, from - 90); number < from + 10; number++)
        expect(ledger.has(keyOf(number))).toBe(true);
    }
    expect(ledger.has(keyOf(700))).toBe(false);
    expect(readdirSync(directory)).toHaveLength(2);
    await ledger.close();
    const again = await openLedger(directory, 100);
    expect([799, 800, 999].map((number) => again.has(keyOf(number)))).toEqual([false, true, true]);
    await again.close();
  });

  test('knows exactly what a set would, whatever the keys are', async () => {
    const key = fc
      .oneof(fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
      // All zeros stands for a free slot: it is new each time.
      .filter((number) => number !== 0n)
      .map((number) => number.toString(16).padStart(16, '0'));
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 3_000 }), fc.array(key), async (added, asked) => {
        const ledger = await openLedger(join(directory, 'model'));
        for (const one of added) ledger.add(one);
        const model = new Set(added);
        for (const one of [...added, ...asked]) expect(ledger.has(one)).toBe(model.has(one));
        await ledger.close();
      }),
      { numRuns: 50 },
    );
  });
});
