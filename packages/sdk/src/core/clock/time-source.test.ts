import type { TimeInput } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { Clock } from '../ports.js';
import { TimeSource, toHrTime } from './time-source.js';

/** A clock whose two hands are set by the test. */
function handClock(wallMs: number, monotonicMs: number) {
  const hands = { wallMs, monotonicMs };
  const clock: Clock = { wallMs: () => hands.wallMs, monotonicMs: () => hands.monotonicMs };
  return { hands, clock };
}

const nanosOf = (time: TimeSource): bigint => (BigInt(time.hi >>> 0) << 32n) | BigInt(time.lo >>> 0);

function nanosAtRoot(time: TimeSource, monotonicMs: number): bigint {
  time.at(time.rootAnchor(monotonicMs), monotonicMs);
  return nanosOf(time);
}

test('nanoseconds between two readings are exact, where a double of epoch milliseconds resolves 244', () => {
  const { clock } = handClock(1_795_149_963_123, 1_000);
  const time = new TimeSource(clock);
  const anchor = time.rootAnchor(1_000);
  time.at(anchor, 1_000.000_001);
  const first = nanosOf(time);
  time.at(anchor, 1_000.000_018);
  expect(first).toBe(1_795_149_963_123_000_001n);
  expect(nanosOf(time) - first).toBe(17n);
});

test('the lower half carries into the upper one', () => {
  // 2^32 ns is 4.29 s: over ten seconds the carry happens at least twice.
  const { clock } = handClock(1_795_149_963_000, 0);
  const time = new TimeSource(clock);
  const anchor = time.rootAnchor(0);
  for (let ms = 0; ms <= 10_000; ms += 250) {
    time.at(anchor, ms);
    expect(nanosOf(time)).toBe(1_795_149_963_000_000_000n + BigInt(ms) * 1_000_000n);
  }
});

test.each([
  ['forwards', 3_600_000],
  ['backwards', -3_600_000],
  ['by a little more than the limit', 101],
])('after the wall clock jumps %s a new root follows it', (_how, jumpMs) => {
  const { hands, clock } = handClock(1_700_000_000_000, 50);
  const time = new TimeSource(clock);
  expect(nanosAtRoot(time, 50)).toBe(1_700_000_000_000_000_000n);
  hands.wallMs += 5 + jumpMs;
  hands.monotonicMs += 5;
  expect(nanosAtRoot(time, 55)).toBe(BigInt(1_700_000_000_005 + jumpMs) * 1_000_000n);
});

test('a difference of up to 100 ms is the wall clock being disciplined: times stay on their line', () => {
  const { hands, clock } = handClock(1_700_000_000_000, 50);
  const time = new TimeSource(clock);
  hands.wallMs += 1_000 + 99;
  hands.monotonicMs += 1_000;
  expect(nanosAtRoot(time, 1_050)).toBe(1_700_000_001_000_000_000n);
});

test('what belongs to an anchor stays with it after a jump', () => {
  const { hands, clock } = handClock(1_700_000_000_000, 50);
  const time = new TimeSource(clock);
  const old = time.rootAnchor(50);
  hands.wallMs += 86_400_000;
  hands.monotonicMs += 10;
  time.rootAnchor(60);
  time.at(old, 60);
  expect(nanosOf(time)).toBe(1_700_000_000_010_000_000n);
});

test('where the monotonic clock stands still, new roots still follow the wall clock', () => {
  const { hands, clock } = handClock(1_700_000_000_000, 0);
  const time = new TimeSource(clock);
  nanosAtRoot(time, 0);
  hands.wallMs += 250;
  expect(nanosAtRoot(time, 0)).toBe(1_700_000_000_250_000_000n);
});

test('a frozen clock gives equal times and no error', () => {
  const { clock } = handClock(1_700_000_000_000, 0);
  const time = new TimeSource(clock);
  expect(nanosAtRoot(time, 0)).toBe(nanosAtRoot(time, 0));
});

test('reading the wall clock is not repeated for roots of the same millisecond', () => {
  let reads = 0;
  const clock: Clock = { wallMs: () => 1_700_000_000_000 + reads++ * 0, monotonicMs: () => 0 };
  const time = new TimeSource(clock);
  time.rootAnchor(10);
  const before = reads;
  for (let i = 1; i < 100; i++) time.rootAnchor(10 + i / 200);
  expect(reads).toBe(before);
  time.rootAnchor(11);
  expect(reads).toBe(before + 1);
});

const perfClock: Clock = {
  wallMs: () => 1_700_000_010_000,
  monotonicMs: () => 10_000,
  performanceOriginMs: 1_700_000_000_000,
};
const plainClock: Clock = { wallMs: () => 1_700_000_010_000, monotonicMs: () => 10_000 };

test.each<[string, Clock, TimeInput | undefined, string]>([
  ['epoch milliseconds', plainClock, 1_600_000_000_000.5, '1600000000000500000'],
  ['a Date', plainClock, new Date(1_600_000_000_001), '1600000000001000000'],
  ['an HrTime', plainClock, [1_600_000_000, 123_456_789], '1600000000123456789'],
  ['an HrTime of the first second of 1970', plainClock, [0, 1], '1'],
  ['a reading of performance.now()', perfClock, 2_500.25, '1700000002500250000'],
  ['a reading of performance.now() that is not over yet', perfClock, 12_000, '1700000012000000000'],
  ['epoch milliseconds, beside performance.now()', perfClock, 1_600_000_000_000, '1600000000000000000'],
  ['a small number where there is no performance.now()', plainClock, 2_500, '2500000000'],
  ['nothing', plainClock, undefined, '1700000010000000000'],
  ['not a number', plainClock, Number.NaN, '1700000010000000000'],
  ['a negative number', plainClock, -5, '1700000010000000000'],
  ['infinity', plainClock, Number.POSITIVE_INFINITY, '1700000010000000000'],
  ['an invalid Date', plainClock, new Date(Number.NaN), '1700000010000000000'],
  ['an HrTime before 1970', plainClock, [-1, 0], '1700000010000000000'],
])('an explicit time may be %s', (_what, clock, input, nanos) => {
  const time = new TimeSource(clock);
  time.read(input, time.rootAnchor(clock.monotonicMs()));
  expect(String(nanosOf(time))).toBe(nanos);
});

test('halves turn into an HrTime', () => {
  const nanos = 1_795_149_963_123_456_789n;
  expect(toHrTime(Number(nanos >> 32n), Number(nanos & 0xffff_ffffn) | 0)).toEqual([1_795_149_963, 123_456_789]);
});
