import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { createNodeLifecycle } from './lifecycle.js';

class FakeProcess extends EventEmitter {
  readonly pid = 4711;
  readonly killed: string[] = [];
  kill(_pid: number, signal: string) {
    this.killed.push(signal);
  }
}

afterEach(() => {
  vi.useRealTimers();
});

function lifecycleOf(shutdownTimeoutMs = 1000) {
  const process = new FakeProcess();
  const lifecycle = createNodeLifecycle({ signals: ['SIGTERM', 'SIGINT'], shutdownTimeoutMs, process });
  return { process, lifecycle };
}

test('a signal shuts down first and then takes its default effect [F22]', async () => {
  const { process, lifecycle } = lifecycleOf();
  let finish = () => {};
  lifecycle.onShutdown(() => new Promise((resolve) => (finish = resolve)));
  process.emit('SIGTERM', 'SIGTERM');
  await Promise.resolve();
  expect(process.killed).toEqual([]);
  finish();
  await vi.waitFor(() => expect(process.killed).toEqual(['SIGTERM']));
  // With a listener left, the signal that was raised again would have no effect.
  expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(0);
});

test('a shutdown that does not come to an end holds the process no longer than it was told [F22]', () => {
  vi.useFakeTimers();
  const { process, lifecycle } = lifecycleOf(300);
  lifecycle.onShutdown(() => new Promise(() => {}));
  process.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(299);
  expect(process.killed).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(process.killed).toEqual(['SIGINT']);
});

test('a shutdown that fails still ends the process', async () => {
  const { process, lifecycle } = lifecycleOf();
  lifecycle.onShutdown(async () => {
    throw new Error('no');
  });
  process.emit('SIGTERM', 'SIGTERM');
  await vi.waitFor(() => expect(process.killed).toEqual(['SIGTERM']));
});

test('the same signal a second time takes effect at once', () => {
  const { process, lifecycle } = lifecycleOf();
  lifecycle.onShutdown(() => new Promise(() => {}));
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGINT', 'SIGINT');
  expect(process.killed).toEqual(['SIGINT']);
});

test('where the program listens itself, telemetry is only sent and the end is left to the program', () => {
  const { process, lifecycle } = lifecycleOf();
  const ran: string[] = [];
  lifecycle.onSuspend(() => ran.push('suspend'));
  lifecycle.onShutdown(async () => void ran.push('shutdown'));
  process.on('SIGTERM', () => ran.push('program'));
  process.emit('SIGTERM', 'SIGTERM');
  expect(ran).toEqual(['suspend', 'program']);
  expect(process.killed).toEqual([]);
});

test('an exception that nobody caught lets what is there be written, and no failure of that is seen [F17]', () => {
  const { process, lifecycle } = lifecycleOf();
  const ran: string[] = [];
  lifecycle.onSuspend(() => {
    ran.push('first');
    throw new Error('no');
  });
  lifecycle.onSuspend(() => ran.push('second'));
  process.emit('uncaughtExceptionMonitor', new Error('the program’s'), 'uncaughtException');
  expect(ran).toEqual(['first', 'second']);
  expect(process.killed).toEqual([]);
  process.emit('exit', 1);
  expect(ran).toHaveLength(2);
});

test('where the last turn can be used, process.exit() is one', () => {
  const process = new FakeProcess();
  const lifecycle = createNodeLifecycle({ signals: [], shutdownTimeoutMs: 1, lastTurn: true, process });
  let ran = 0;
  const stop = lifecycle.onSuspend(() => ran++);
  process.emit('exit', 0);
  expect(ran).toBe(1);
  stop();
  expect(process.eventNames()).toEqual([]);
});

test('listeners of the signal-exit package do not count as the program’s own', async () => {
  const { process, lifecycle } = lifecycleOf();
  lifecycle.onShutdown(async () => {});
  process.on('SIGTERM', () => {});
  const emitter = Symbol.for('signal-exit emitter');
  const globals = globalThis as { [key: symbol]: unknown };
  globals[emitter] = { count: 1 };
  try {
    process.emit('SIGTERM', 'SIGTERM');
    await vi.waitFor(() => expect(process.killed).toEqual(['SIGTERM']));
  } finally {
    delete globals[emitter];
  }
});

test('who stops listening to the lifecycle leaves no listener on the process', () => {
  const { process, lifecycle } = lifecycleOf();
  expect(process.eventNames()).toEqual([]);
  const stops = [lifecycle.onSuspend(() => {}), lifecycle.onShutdown(async () => {})];
  expect(process.eventNames()).toEqual(['uncaughtExceptionMonitor', 'SIGTERM', 'SIGINT']);
  for (const stop of stops) stop();
  expect(process.eventNames()).toEqual([]);
});

test('of two telemetries in one process the one that is ready last lets the signal take effect', async () => {
  const process = new FakeProcess();
  const finish: (() => void)[] = [];
  for (let i = 0; i < 2; i++)
    createNodeLifecycle({ signals: ['SIGTERM'], shutdownTimeoutMs: 1000, process }).onShutdown(
      () => new Promise((resolve) => finish.push(resolve)),
    );
  process.emit('SIGTERM', 'SIGTERM');
  expect(finish).toHaveLength(2);
  finish[0]?.();
  await vi.waitFor(() => expect(process.listenerCount('SIGTERM')).toBe(1));
  expect(process.killed).toEqual([]);
  finish[1]?.();
  await vi.waitFor(() => expect(process.killed).toEqual(['SIGTERM']));
});
