import { expect, test } from 'vitest';
import type { OpenBuffer } from '../batch.js';
import { createCollection } from './collection.js';

interface List extends OpenBuffer {
  readonly points: number[];
}

/** A delta of ten points, 30 bytes each; its steps are counted, and the `cutAt`th of them is its last. */
function cutOff(cutAt: number) {
  const heard = new Set<List>();
  let measured = Array.from({ length: 10 }, (_, n) => n);
  let buffer: List;
  let steps = 0;
  const step = () => {
    if (++steps === cutAt) throw new Error('cut off');
  };
  const collection = createCollection<List>({
    limits: { maxBytes: 100, maxItems: 512 },
    create() {
      const points: number[] = [];
      return {
        points,
        signal: 'metrics',
        priority: 'normal',
        get items() {
          return points.length;
        },
        get byteLength() {
          return points.length * 30;
        },
        take: () => undefined,
      };
    },
    use(next) {
      buffer = next;
    },
    write(note) {
      for (const point of measured) {
        step();
        buffer.points.push(point);
        note(buffer);
        step();
      }
    },
    end() {
      step();
      measured = [];
    },
    onFragment(one) {
      heard.add(one as List);
      step();
    },
  });
  /** What is sealed of it, and leaves the buffers empty. */
  const seal = () => [...heard].map(({ points }) => points.splice(0));
  return { collection, seal, steps: () => steps, measure: (point: number) => measured.push(point) };
}

test('a collection that is cut off in any of its steps has each point once when it is asked for again, in batches', () => {
  const whole = cutOff(0);
  whole.collection.collect();
  expect(whole.seal()).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
  for (let cutAt = 1; cutAt <= whole.steps(); cutAt++) {
    const { collection, seal, measure } = cutOff(cutAt);
    expect(() => collection.collect()).toThrow('cut off');
    // What had heard of some of it may have sealed it.
    const before = seal();
    expect(collection.isPending).toBe(cutAt > 20);
    collection.collect();
    expect(collection.isPending).toBe(false);
    const points = [...before, ...seal()].flat().sort();
    expect(points, `cut off in step ${cutAt}`).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    measure(11);
    collection.collect();
    expect(seal().flat()).toEqual([11]);
  }
});
