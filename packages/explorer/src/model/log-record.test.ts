import { expect, test } from 'vitest';
import { bodyText, loudness, severityName } from './log-record.js';

const record = {
  timeUnixNano: '1',
  severityNumber: 0,
  severityText: '',
  body: null,
  traceId: '',
  spanId: '',
  resource: 0,
  scope: 0,
  attributes: {},
};

test('a severity is called as the program called it, else by its range', () => {
  expect(severityName({ ...record, severityText: 'Notice', severityNumber: 10 })).toBe('Notice');
  expect([1, 4, 5, 9, 12, 13, 17, 24].map((severityNumber) => severityName({ ...record, severityNumber }))).toEqual([
    'TRACE',
    'TRACE',
    'DEBUG',
    'INFO',
    'INFO',
    'WARN',
    'ERROR',
    'FATAL',
  ]);
  expect(severityName(record)).toBe('');
  expect([9, 13, 16, 17].map((severityNumber) => loudness({ severityNumber }))).toEqual([
    undefined,
    'warning',
    'warning',
    'error',
  ]);
});

test('a body of any kind is one text, and an event without one is its name', () => {
  expect(bodyText({ body: 'hello' })).toBe('hello');
  expect(bodyText({ body: 7 })).toBe('7');
  expect(bodyText({ body: { a: [1] } })).toContain('1');
  expect(bodyText({ body: null, eventName: 'order.placed' })).toBe('order.placed');
  expect(bodyText({ body: null })).toBe('');
});
