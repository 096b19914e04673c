import { propagation } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { baggageMetadata, createBaggage, deleteBaggage, getBaggage, setBaggage } from './baggage.js';
import { rootContext } from './context.js';

const entries = { a: { value: '1' }, b: { value: '2', metadata: baggageMetadata('p=q') } };

test('baggage gives back entries by key and all in order', () => {
  const baggage = createBaggage(entries);
  expect(baggage.getEntry('a')).toEqual({ value: '1' });
  expect(baggage.getEntry('b')?.metadata?.toString()).toBe('p=q');
  expect(baggage.getEntry('c')).toBeUndefined();
  expect(baggage.getAllEntries().map(([key]) => key)).toEqual(['a', 'b']);
});

test('every change of baggage makes a copy', () => {
  const baggage = createBaggage(entries);
  expect(baggage.setEntry('a', { value: '9' }).getEntry('a')?.value).toBe('9');
  expect(baggage.removeEntry('a').getEntry('a')).toBeUndefined();
  expect(baggage.removeEntries('a', 'b').getAllEntries()).toEqual([]);
  expect(baggage.clear().getAllEntries()).toEqual([]);
  expect(baggage.getAllEntries()).toHaveLength(2);
});

test('changing an entry that was handed in or out does not change the baggage', () => {
  const mine = { value: 'before' };
  const baggage = createBaggage().setEntry('k', mine);
  mine.value = 'after';
  baggage.getEntry('k')!.value = 'after';
  baggage.getAllEntries()[0]![1].value = 'after';
  expect(baggage.getEntry('k')?.value).toBe('before');
});

test('keys of Object.prototype are keys like any other', () => {
  const baggage = createBaggage([['__proto__', { value: 'x' }]]);
  expect(baggage.getEntry('__proto__')?.value).toBe('x');
  expect(createBaggage().getEntry('constructor')).toBeUndefined();
});

test('baggage of the API can be changed and carried by us', () => {
  const theirs = propagation.createBaggage({ a: { value: '1' } }).setEntry('b', { value: '2' });
  expect(getBaggage(setBaggage(rootContext, theirs))?.getAllEntries()).toEqual([
    ['a', { value: '1' }],
    ['b', { value: '2' }],
  ]);
});

test('deleted baggage is gone from the copy', () => {
  expect(getBaggage(deleteBaggage(setBaggage(rootContext, createBaggage(entries))))).toBeUndefined();
});
