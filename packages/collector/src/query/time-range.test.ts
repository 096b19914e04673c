import { expect, test } from 'vitest';
import { createBindings } from './bindings.js';
import { LAST_NANO, withinRange } from './time-range.js';

const DAY = 86_400_000_000_000n;

test('a range asks for the rounded time of the key as well, but where that would overflow', () => {
  const sql = (startNano: bigint, endNano: bigint) => withinRange({ startNano, endNano }, createBindings());
  expect(sql(20_000n * DAY, 20_001n * DAY)).toContain('toDateTime(Timestamp) >= toDateTime(');
  expect(sql(0n, 2n ** 32n * 1_000_000_000n)).not.toContain('toDateTime(');
  expect(sql(20_000n * DAY, LAST_NANO)).not.toContain('toDateTime(');
  expect(sql(-1n, 20_000n * DAY)).not.toContain('toDateTime(');
});
