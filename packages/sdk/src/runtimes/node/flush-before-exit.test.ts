import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TelemetryStatus } from '../../core/options.js';
import { flushBeforeExit } from './flush-before-exit.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function telemetryWith(items: number) {
  const status = {
    state: 'healthy',
    queued: { items, bytes: items },
    stored: { items: 0, bytes: 0, durability: 'memory' },
    destinations: [],
    lastError: undefined,
  } as unknown as Mutable<TelemetryStatus>;
  const flushes: ((sent: boolean) => void)[] = [];
  const process = new EventEmitter() as unknown as NodeJS.Process;
  const telemetry = { status: () => status, flush: () => new Promise<boolean>((resolve) => flushes.push(resolve)) };
  const stop = flushBeforeExit(telemetry, 1000, process);
  return { status, flushes, stop, beforeExit: () => process.emit('beforeExit', 0), held: () => vi.getTimerCount() };
}

test('a process with nothing to send is not held', () => {
  const { flushes, beforeExit, held } = telemetryWith(0);
  beforeExit();
  expect([flushes.length, held()]).toEqual([0, 0]);
});

test('a process is held until what was left is sent, and asked again when more came', async () => {
  const { status, flushes, beforeExit, held } = telemetryWith(3);
  beforeExit();
  expect(held()).toBe(1);
  flushes[0]?.(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(held()).toBe(0);
  status.queued = { items: 1, bytes: 1 };
  beforeExit();
  expect(flushes).toHaveLength(2);
});

test('what a store keeps that is not for this process to send does not hold it again and again [F22]', async () => {
  const { status, flushes, beforeExit, held } = telemetryWith(0);
  status.stored = { items: 40, bytes: 40, durability: 'process-crash' };
  beforeExit();
  expect(held()).toBe(1);
  flushes[0]?.(true);
  await vi.advanceTimersByTimeAsync(0);
  beforeExit();
  expect([flushes.length, held()]).toEqual([1, 0]);
  status.stored = { items: 41, bytes: 41, durability: 'process-crash' };
  beforeExit();
  expect(flushes).toHaveLength(2);
});

test('where nobody answers the process goes on to end, and is not held again', async () => {
  const { status, flushes, beforeExit, held } = telemetryWith(3);
  beforeExit();
  await vi.advanceTimersByTimeAsync(50);
  expect(held()).toBe(1);
  status.lastError = { message: 'connection refused', unixMs: Date.now() };
  status.destinations = [
    { destination: 'http://away', reachable: false, failures: 1, nextAttemptUnixMs: Date.now() + 1000 },
  ];
  await vi.advanceTimersByTimeAsync(20);
  expect(held()).toBe(0);
  beforeExit();
  expect([flushes.length, held()]).toEqual([1, 0]);
});

test('an answer that does not come holds it for the time it was told', async () => {
  const { beforeExit, held } = telemetryWith(3);
  beforeExit();
  await vi.advanceTimersByTimeAsync(980);
  expect(held()).toBe(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(held()).toBe(0);
});

test('after stop() nothing happens any more', () => {
  const { stop, flushes, beforeExit } = telemetryWith(3);
  stop();
  beforeExit();
  expect(flushes).toHaveLength(0);
});
