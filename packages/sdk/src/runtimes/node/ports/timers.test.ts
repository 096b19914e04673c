import { expect, test } from 'vitest';
import { nodeTimers } from './timers.js';

test('a wait without end does not end at once', async () => {
  let ran = 0;
  const cancels = [Number.POSITIVE_INFINITY, 2 ** 31].map((delayMs) => nodeTimers.after(delayMs, () => ran++));
  await new Promise<void>((resolve) => void setTimeout(() => nodeTimers.after(5, resolve), 5));
  expect(ran).toBe(0);
  for (const cancel of cancels) cancel();
});
