import { EventEmitter, once } from 'node:events';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { createContextKey } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { rootContext } from '../../../core/context/context.js';
import { createNodeContextStore } from './context-store.js';

const key = createContextKey('test');
const contextOf = (value: string) => rootContext.setValue(key, value);

function storeWith() {
  const store = createNodeContextStore();
  return { store, active: () => store.active().getValue(key) };
}

test('outside of everything the root context is active', () => {
  expect(createNodeContextStore().active()).toBe(rootContext);
});

test('with() gives back the result, keeps this and arguments, and ends with the call', () => {
  const { store, active } = storeWith();
  const self = { name: 'self' };
  const result = store.with(
    contextOf('a'),
    function (this: typeof self, left: number, right: number) {
      return [this, left + right, active()];
    },
    self,
    1,
    2,
  );
  expect(result).toEqual([self, 3, 'a']);
  expect(active()).toBeUndefined();
  expect(() =>
    store.with(contextOf('a'), () => {
      throw new Error('out');
    }),
  ).toThrow('out');
  expect(active()).toBeUndefined();
});

test('context is kept across await, timers, immediates, microtasks and nested calls [F6]', async () => {
  const { store, active } = storeWith();
  const seen: unknown[] = [];
  await store.with(contextOf('outer'), async () => {
    await delay(1);
    seen.push(active());
    await store.with(contextOf('inner'), async () => {
      await immediate();
      seen.push(active());
    });
    seen.push(active());
    await new Promise<void>((resolve) =>
      setTimeout(() => queueMicrotask(() => process.nextTick(() => resolve(void seen.push(active())))), 1),
    );
  });
  expect(seen).toEqual(['outer', 'inner', 'outer', 'outer']);
  expect(active()).toBeUndefined();
});

test('two requests at once keep their own contexts [F6]', async () => {
  const { store, active } = storeWith();
  const request = (name: string, waitMs: number) =>
    store.with(contextOf(name), async () => {
      await delay(waitMs);
      const first = active();
      await delay(waitMs);
      return [first, active()];
    });
  expect(await Promise.all([request('a', 3), request('b', 2)])).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ]);
});

test('a job that waits in a queue of the program runs in the context it was bound to [F6]', () => {
  const { store, active } = storeWith();
  const queue: (() => unknown)[] = [];
  store.with(contextOf('job'), () => queue.push(store.bind(store.active(), active)));
  expect(queue.shift()?.()).toBe('job');
});

test('a bound function keeps this, arguments, name and number of parameters', () => {
  const { store } = storeWith();
  function handle(this: unknown, a: number, b: number, c: number, d: number) {
    return [this, a, b, c, d];
  }
  const bound = store.bind(contextOf('a'), handle);
  expect([bound.name, bound.length]).toEqual(['handle', 4]);
  const self = {};
  expect(bound.call(self, 1, 2, 3, 4)).toEqual([self, 1, 2, 3, 4]);
});

test('what is neither function nor emitter is given back as it is', () => {
  const { store } = storeWith();
  const value = { some: 'thing' };
  expect(store.bind(contextOf('a'), value)).toBe(value);
});

test.each(['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const)(
  'a listener added to a bound emitter with %s runs in its context and can be removed [F6]',
  (method) => {
    const { store, active } = storeWith();
    const emitter = new EventEmitter();
    expect(store.bind(contextOf('emitter'), emitter)).toBe(emitter);
    const seen: unknown[] = [];
    const listener = function (this: unknown, value: number) {
      seen.push([this === emitter, value, active()]);
    };
    emitter[method]('event', listener);
    emitter.emit('event', 1);
    expect(seen).toEqual([[true, 1, 'emitter']]);
    expect(emitter.listenerCount('event')).toBe(method.includes('nce') ? 0 : 1);

    emitter[method]('other', listener);
    expect(emitter.listeners('other')).toEqual([listener]);
    emitter.removeListener('other', listener);
    expect(emitter.listenerCount('other')).toBe(0);
  },
);

test('binding an emitter again changes the context of later listeners, and wraps them once', async () => {
  const { store, active } = storeWith();
  const emitter = new EventEmitter();
  store.bind(contextOf('first'), emitter);
  const on = emitter.on;
  store.bind(contextOf('second'), emitter);
  expect(emitter.on).toBe(on);
  const seen: unknown[] = [];
  emitter.on('event', () => seen.push(active()));
  const promised = once(emitter, 'event');
  emitter.emit('event', 7);
  expect(await promised).toEqual([7]);
  expect(seen).toEqual(['second']);
});
