import { expect, test } from 'vitest';
import { rootContext } from '../../../core/context/context.js';
import { createPageContextStore } from './context-store.js';

const named = (name: string) => rootContext.setValue(Symbol.for('name'), name);

/** Timers whose task is run by hand. */
function handTimers() {
  const waiting: (() => void)[] = [];
  return {
    timers: {
      after: (_: number, run: () => void) => {
        waiting.push(run);
        return () => {};
      },
    },
    nextTask() {
      for (const run of waiting.splice(0)) run();
    },
  };
}

test('a called context wins over a carried one, that over a surrounding one, that over none', () => {
  const { timers } = handTimers();
  const store = createPageContextStore(timers);
  expect(store.active()).toBe(rootContext);
  const leave = store.surround!(named('click'));
  expect(store.active().getValue(Symbol.for('name'))).toBe('click');
  store.carry!(named('fetch'));
  expect(store.active().getValue(Symbol.for('name'))).toBe('fetch');
  store.with(named('called'), () => expect(store.active().getValue(Symbol.for('name'))).toBe('called'));
  leave();
  expect(store.active().getValue(Symbol.for('name'))).toBe('fetch');
});

test('the root, when it is called for, is not covered by what surrounds it', () => {
  const { timers } = handTimers();
  const store = createPageContextStore(timers);
  store.surround!(named('click'));
  store.with(rootContext, () => expect(store.active()).toBe(rootContext));
});

test('what was carried ends with the task', () => {
  const { timers, nextTask } = handTimers();
  const store = createPageContextStore(timers);
  store.carry!(named('first'));
  store.carry!(named('second'));
  expect(store.active().getValue(Symbol.for('name'))).toBe('second');
  nextTask();
  expect(store.active()).toBe(rootContext);
  store.carry!(named('third'));
  expect(store.active().getValue(Symbol.for('name'))).toBe('third');
});

test('surroundings end in any order, each once', () => {
  const { timers } = handTimers();
  const store = createPageContextStore(timers);
  const leaveFirst = store.surround!(named('first'));
  const leaveSecond = store.surround!(named('second'));
  leaveFirst();
  leaveFirst();
  expect(store.active().getValue(Symbol.for('name'))).toBe('second');
  leaveSecond();
  expect(store.active()).toBe(rootContext);
});
