import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PowerCut, simulatedFlash } from '../../../../testkit/src/simulated-flash.js';
import type { BatchRing, OnLost } from '../../core/fixed/batch-ring.js';
import type { Entropy } from '../../core/ports.js';
import type { BlockDevice } from './block-device.js';
import { crc32 } from './crc32.js';
import { memoryBlocks } from './memory-blocks.js';
import { openBatchRing } from './open-batch-ring.js';

/** The worst there is: the same bytes after every start. */
const sameAgain: Entropy = { fill: (target) => void target.fill(7) };
const open = (device: BlockDevice, onLost?: OnLost): BatchRing => openBatchRing({ device, entropy: sameAgain, onLost });

/** Content that says which batch it is and how long it should be. */
function batchOf(number: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (number * 31 + at * 7) & 0xff;
  // Erased flash looks like this, so a batch may too.
  if (number % 5 === 0) bytes.fill(0xff, length >> 1);
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

const numberOf = (bytes: Uint8Array<ArrayBuffer>): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

/** Takes out all that waits and checks that each is whole. */
function drain(ring: BatchRing): { numbers: number[]; ids: string[] } {
  const numbers: number[] = [];
  const ids: string[] = [];
  for (let batch = ring.oldest(); batch; batch = ring.oldest()) {
    const number = numberOf(batch.bytes);
    expect(batch.bytes).toEqual(batchOf(number, batch.bytes.length));
    numbers.push(number);
    ids.push(batch.id);
    ring.remove(batch);
  }
  expect(ring).toMatchObject({ batches: 0, items: 0, bytes: 0 });
  return { numbers, ids };
}

test('checksums are those of everybody else', () => {
  const bytes = new TextEncoder().encode('123456789');
  expect(crc32(bytes, 0, 9) >>> 0).toBe(0xcbf43926);
  expect(crc32(bytes, 4, 9, crc32(bytes, 0, 4)) >>> 0).toBe(0xcbf43926);
});

test('what was appended comes out in order, after a restart too, and what was removed does not come back', () => {
  const flash = simulatedFlash({ blockBytes: 4096, blockCount: 16 });
  const first = open(flash);
  expect(first).toMatchObject({ durability: 'power-loss', batches: 0, maxBytes: 2048 });
  for (let number = 1; number <= 9; number++)
    expect(first.append(batchOf(number, 300), number, 1_700_000_000_000 + number)).toBe(true);
  for (const number of [1, 2]) {
    const batch = first.oldest()!;
    expect(batch).toMatchObject({ items: number, createdUnixMs: 1_700_000_000_000 + number });
    first.remove(batch);
    first.remove(batch);
  }
  const second = open(flash);
  expect(second).toMatchObject({ batches: 7, items: 42, bytes: 2_100 });
  second.append(batchOf(10, 300), 1, 0);
  expect(drain(second).numbers).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  expect(drain(open(flash)).numbers).toEqual([]);
});

test('where there is no room the oldest goes, and is counted', () => {
  const flash = simulatedFlash({ blockBytes: 1024, blockCount: 4 });
  const lost: string[] = [];
  const ring = open(flash, (_id, items, reason) => lost.push(`${reason} ${items}`));
  for (let number = 1; number <= 20; number++) expect(ring.append(batchOf(number, 400), 2, 0)).toBe(true);
  expect(ring).toMatchObject({ batches: 8, items: 16, bytes: 3_200 });
  expect(lost).toEqual(Array.from({ length: 12 }, () => 'store-full 2'));
  expect(drain(ring).numbers).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
});

test('a batch that was given up while it was under way is not removed in the place of another', () => {
  const ring = open(simulatedFlash({ blockBytes: 1024, blockCount: 2 }));
  ring.append(batchOf(1, 800), 1, 0);
  const underWay = ring.oldest()!;
  for (const number of [2, 3, 4]) ring.append(batchOf(number, 800), 1, 0);
  ring.remove(underWay);
  expect(drain(ring).numbers).toEqual([3, 4]);
});

test('all blocks wear alike', () => {
  const flash = simulatedFlash({ blockBytes: 4096, blockCount: 16 });
  const ring = open(flash);
  for (let number = 1; number <= 3_000; number++) {
    ring.append(batchOf(number, 100 + ((number * 37) % 900)), 1, 0);
    const batch = ring.oldest();
    if (batch && number % 3) ring.remove(batch);
  }
  expect(Math.max(...flash.wear) - Math.min(...flash.wear)).toBeLessThanOrEqual(1);
  expect(Math.min(...flash.wear)).toBeGreaterThan(20);
});

test('what is too large is refused, what has decayed is skipped and counted, and a foreign content is overwritten', () => {
  const flash = simulatedFlash({ blockBytes: 4096, blockCount: 4 });
  flash.bytes.fill(0x5a);
  const lost: string[] = [];
  const ring = open(flash, (id, items, reason) => lost.push(`${id.slice(-1)} ${items} ${reason}`));
  expect(ring.batches).toBe(0);
  expect(ring.append(new Uint8Array(2_049), 1, 0)).toBe(false);
  for (const number of [1, 2, 3]) ring.append(batchOf(number, 200), 5, 0);
  // In the middle of the second batch.
  flash.bytes[36 + 237 + 36 + 100]! ^= 0x10;
  expect(drain(ring).numbers).toEqual([1, 3]);
  expect(lost).toEqual(['1 5 damaged']);
});

test('a device that fails in one block is used without it, and one that fails everywhere takes nothing', () => {
  const flash = simulatedFlash({ blockBytes: 1024, blockCount: 4 });
  let bad: readonly number[] = [1];
  const worn: BlockDevice = {
    ...flash,
    program(position, bytes) {
      if (bad.includes(Math.floor(position / 1024))) throw new Error('worn');
      flash.program(position, bytes);
    },
  };
  const ring = open(worn);
  for (let number = 1; number <= 12; number++) expect(ring.append(batchOf(number, 400), 1, 0)).toBe(true);
  expect(drain(open(worn)).numbers).toEqual([7, 8, 9, 10, 11, 12]);
  bad = [0, 1, 2, 3];
  expect(ring.append(batchOf(13, 400), 1, 0)).toBe(false);
});

test('a device that cannot hold a ring is refused with its measures', () => {
  for (const [blockBytes, blockCount, pageBytes] of [
    [4096, 1, 1],
    [512, 8, 1],
    [1024, 8, 512],
    [1000, 8, 16],
  ] as const)
    expect(() => open({ ...memoryBlocks(blockBytes, blockCount), pageBytes })).toThrow(RangeError);
});

test('in memory it is the same ring', () => {
  const ring = open(memoryBlocks(2048, 4));
  expect(ring.durability).toBe('memory');
  for (let number = 1; number <= 30; number++) ring.append(batchOf(number, 500), 1, 0);
  expect(drain(ring).numbers).toEqual([19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
});

/** What the device is asked to do, by turns, until the power goes at some byte; then again. */
const life = fc.record({
  geometry: fc.constantFrom([1024, 4, 1], [1024, 3, 4], [1024, 2, 16], [2048, 5, 8], [4096, 3, 256]),
  seed: fc.integer(),
  starts: fc.array(
    fc.record({
      cutAfter: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 9_000 })),
      steps: fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.record({ append: fc.integer({ min: 4, max: 420 }) }) },
          { weight: 2, arbitrary: fc.constant({ remove: true }) },
        ),
        { minLength: 1, maxLength: 30 },
      ),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});

function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

describe('a power cut at any byte', () => {
  test('loses nothing that was acknowledged, doubles nothing, brings nothing back, and reuses no id [S10]', () => {
    fc.assert(
      fc.property(life, ({ geometry: [blockBytes, blockCount, pageBytes], seed, starts }) => {
        const random = randomFrom(seed);
        const flash = simulatedFlash({
          blockBytes: blockBytes!,
          blockCount: blockCount!,
          pageBytes: pageBytes!,
          random,
        });
        /** Acknowledged, neither removed nor given up; with the id, where it was seen. */
        const waiting = new Map<number, string | undefined>();
        /** What the power may have interrupted: there or not, both are right. */
        const unsure = new Set<number>();
        const gone = new Set<number>();
        const idsOfGone = new Set<string>();
        let number = 0;

        const look = (ring: BatchRing) => {
          // Read everything in the order of the ring without removing: through a second ring on a copy.
          const copy = simulatedFlash({ blockBytes: blockBytes!, blockCount: blockCount!, pageBytes: pageBytes! });
          copy.bytes.set(flash.bytes);
          const found = drain(open(copy));
          expect(found.numbers).toHaveLength(ring.batches);
          expect(found.numbers).toEqual([...new Set(found.numbers)].sort((a, b) => a - b));
          expect(new Set(found.ids).size).toBe(found.ids.length);
          return found;
        };

        for (const { cutAfter, steps } of starts) {
          flash.power();
          const givenUp = new Set<number>();
          const ring = open(flash, (_id, _items, reason) => {
            if (reason === 'damaged') return;
            const oldest = Math.min(...waiting.keys());
            waiting.delete(oldest);
            givenUp.add(oldest);
          });
          const found = look(ring);
          for (const each of waiting.keys()) expect(found.numbers, `batch ${each} was acknowledged`).toContain(each);
          for (const [at, each] of found.numbers.entries()) {
            expect(gone.has(each), `batch ${each} was removed`).toBe(false);
            expect(waiting.has(each) || unsure.has(each), `batch ${each} is known`).toBe(true);
            expect(idsOfGone.has(found.ids[at]!), 'its id is its own').toBe(false);
          }
          // From here on it is certain.
          for (const each of unsure) if (!found.numbers.includes(each)) gone.add(each);
          unsure.clear();
          waiting.clear();
          for (const [at, each] of found.numbers.entries()) waiting.set(each, found.ids[at]);

          flash.cutAfter(cutAfter);
          try {
            for (const step of steps) {
              if ('append' in step) {
                const own = ++number;
                unsure.add(own);
                const done = ring.append(batchOf(own, step.append), 1, own);
                if (flash.isDead) break;
                expect(done).toBe(true);
                unsure.delete(own);
                waiting.set(own, undefined);
                for (const each of givenUp) gone.add(each);
                givenUp.clear();
              } else {
                const batch = ring.oldest();
                if (!batch) continue;
                const own = numberOf(batch.bytes);
                expect(waiting.get(own) ?? batch.id).toBe(batch.id);
                expect(own).toBe(Math.min(...waiting.keys()));
                waiting.delete(own);
                unsure.add(own);
                ring.remove(batch);
                unsure.delete(own);
                gone.add(own);
                idsOfGone.add(batch.id);
              }
            }
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error;
          }
          for (const each of givenUp) unsure.add(each);
          expect(flash.misuse).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
