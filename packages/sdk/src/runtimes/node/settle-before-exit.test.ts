import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TelemetryStatus } from '../../core/options.js';
import { settleBeforeExit } from './settle-before-exit.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function program() {
  const status = { destinations: [], lastError: undefined } as unknown as {
    -readonly [K in keyof TelemetryStatus]: TelemetryStatus[K];
  };
  const answers: ((sent: boolean) => void)[] = [];
  const process = new EventEmitter() as unknown as NodeJS.Process;
  const ask = () => new Promise<boolean>((resolve) => answers.push(resolve));
  const waiting = settleBeforeExit({ flush: ask, shutdown: ask, status: () => status }, process);
  const away = () => {
    status.lastError = { message: 'connection refused', unixMs: Date.now() };
    status.destinations = [
      { destination: 'http://away', reachable: false, failures: 1, nextAttemptUnixMs: Date.now() + 1000 },
    ];
  };
  return {
    ...waiting,
    answers,
    away,
    beforeExit: () => process.emit('beforeExit', 0),
    held: () => vi.getTimerCount(),
    listened: () => process.listenerCount('beforeExit'),
  };
}

test('a program that waits for nothing is not held', () => {
  const { beforeExit, held, listened } = program();
  beforeExit();
  expect([held(), listened()]).toEqual([0, 0]);
});

test('a program that waits for a flush at its top level is held until there is an answer [F22]', async () => {
  const { flush, answers, beforeExit, held, listened } = program();
  const flushed = flush();
  beforeExit();
  await vi.advanceTimersByTimeAsync(60);
  expect(held()).toBe(1);
  answers[0]!(true);
  expect(await flushed).toBe(true);
  await vi.advanceTimersByTimeAsync(20);
  expect([held(), listened()]).toEqual([0, 0]);
});

test('where nobody answers, flush and shutdown settle with false and the program goes on [F15 F22]', async () => {
  const { flush, shutdown, away, beforeExit, held } = program();
  const settled = Promise.all([flush(), shutdown()]);
  away();
  beforeExit();
  await vi.advanceTimersByTimeAsync(20);
  expect(await settled).toEqual([false, false]);
  expect(held()).toBe(0);
});

test('without beforeExit nothing is cut short: the program has other work', async () => {
  const { flush, away } = program();
  away();
  let settled = false;
  void flush().then(() => {
    settled = true;
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(settled).toBe(false);
});
