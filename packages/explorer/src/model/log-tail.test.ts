import { expect, test } from 'vitest';
import type { LogRecordDetail } from '#shapes/api.js';
import { EMPTY_TAIL, showHeld, type TailState, takeAnswer } from './log-tail.js';

const resources = [{ service: 'shop', attributes: {} }];
const record = (body: string): LogRecordDetail => ({
  timeUnixNano: '1',
  severityNumber: 9,
  severityText: '',
  body,
  traceId: '',
  spanId: '',
  resource: 0,
  scope: 0,
  attributes: {},
});
const answer = (...bodies: string[]) => ({ records: bodies.map(record), resources });
const bodies = ({ shown }: TailState) => shown.map((one) => one.record.body);

test('a tail shows the newest first, holds what comes while it is paused, and then shows it above', () => {
  let state = takeAnswer(EMPTY_TAIL, answer('a', 'b'), false);
  state = takeAnswer(state, answer('c'), true);
  state = takeAnswer(state, { ...answer('d', 'e'), leftOut: 7 }, true);
  expect(bodies(state)).toEqual(['b', 'a']);
  expect(state.held).toHaveLength(3);
  state = showHeld(state);
  expect(bodies(state)).toEqual(['e', 'd', 'c', 'b', 'a']);
  expect(state).toMatchObject({ held: [], leftOut: 7, taken: 5 });
  expect(new Set(state.shown.map(({ key }) => key)).size).toBe(5);
});

test('a tail keeps the newest 5,000 records', () => {
  let state = EMPTY_TAIL;
  for (let round = 0; round < 12; round++)
    state = takeAnswer(state, answer(...Array.from({ length: 500 }, (_, index) => `${round * 500 + index}`)), false);
  expect(state.shown).toHaveLength(5_000);
  expect(bodies(state)[0]).toBe('5999');
  expect(bodies(state).at(-1)).toBe('1000');
});
