import { expect, test } from 'vitest';
import { createContextKey, rootContext } from './context.js';
import { createStackContextStore } from './stack-context-store.js';

const key = createContextKey('depth');
const at = (depth: number) => rootContext.setValue(key, depth);

test('a context is active while the function runs, nested, and no longer', () => {
  const store = createStackContextStore();
  const depth = () => store.active().getValue(key);
  const seen = store.with(at(1), () => [depth(), store.with(at(2), depth), depth()]);
  expect(seen).toEqual([1, 2, 1]);
  expect(store.active()).toBe(rootContext);
});

test('a function that throws leaves the outer context active', () => {
  const store = createStackContextStore();
  expect(() =>
    store.with(at(1), () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(store.active()).toBe(rootContext);
});

test('with hands over this, arguments and the result', () => {
  const store = createStackContextStore();
  const target = { factor: 3, times: (_: number) => 0 };
  target.times = function (this: typeof target, n: number) {
    return n * this.factor;
  };
  expect(store.with(at(1), target.times, target, 5)).toBe(15);
});

test('a bound function runs in its context whenever it is called, with its own this, arguments and length', () => {
  const store = createStackContextStore();
  const bound = store.bind(at(7), function (this: { x: number }, a: number, b: number) {
    return [store.active().getValue(key), this.x, a, b];
  });
  expect(bound.length).toBe(2);
  expect(store.with(at(1), () => bound.call({ x: 1 }, 2, 3))).toEqual([7, 1, 2, 3]);
  expect(store.active()).toBe(rootContext);
});

test('what is no function is bound as it is', () => {
  const target = { on: 1 };
  expect(createStackContextStore().bind(at(1), target)).toBe(target);
});
