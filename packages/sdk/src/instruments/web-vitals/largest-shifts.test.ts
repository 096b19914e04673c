import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLargestShifts, type ShiftWindow } from './largest-shifts.js';

function worstOf(shifts: readonly (readonly [startTime: number, value: number, input?: boolean])[]) {
  const { add } = createLargestShifts();
  let worst: ShiftWindow | undefined;
  for (const [startTime, value, hadRecentInput = false] of shifts) worst = add({ startTime, value, hadRecentInput });
  return worst;
}

test('shifts less than a second apart add up, and a pause begins a new burst [B10]', () => {
  const worst = worstOf([
    [100, 0.1],
    [1_099, 0.2],
    [2_099, 0.05],
    [2_500, 0.15],
  ]);
  expect(worst).toMatchObject({ startMs: 100, endMs: 1_099 });
  expect(worst!.value).toBeCloseTo(0.3);
});

test('a burst lasts five seconds at most [B10]', () => {
  const every900 = Array.from({ length: 12 }, (_, n) => [n * 900, 0.01] as const);
  // 0 … 4,500 ms are six of them; the seventh begins the next.
  expect(worstOf(every900)!.value).toBeCloseTo(0.06);
});

test('shifts that follow an input are the page answering, and do not count [B10]', () => {
  expect(worstOf([[100, 0.4, true]])).toBeUndefined();
  expect(
    worstOf([
      [100, 0.1],
      [200, 0.4, true],
    ])!.value,
  ).toBe(0.1);
});

test('the burst says what moved in its largest shift', () => {
  const { add } = createLargestShifts();
  const node = (name: string) => ({ nodeName: name }) as Node;
  const shift = (startTime: number, value: number, name: string) =>
    add({ startTime, value, hadRecentInput: false, sources: [{ node: node(name) }] });
  shift(0, 0.1, 'small');
  shift(10, 0.2, 'large');
  expect(shift(20, 0.1, 'last')!.node!.nodeName).toBe('large');
});

test('the worst burst is never less than any shift nor more than all of them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.double({ min: 0.001, max: 1, noNaN: true })), {
        minLength: 1,
      }),
      (steps) => {
        let at = 0;
        const shifts = steps.map(([pause, value]) => {
          at += pause;
          return [at, value] as const;
        });
        const { value, startMs, endMs } = worstOf(shifts)!;
        expect(value).toBeGreaterThanOrEqual(Math.max(...shifts.map(([, each]) => each)));
        expect(value).toBeLessThanOrEqual(shifts.reduce((sum, [, each]) => sum + each, 0) + 1e-9);
        expect(endMs - startMs).toBeLessThan(5_000);
      },
    ),
  );
});
