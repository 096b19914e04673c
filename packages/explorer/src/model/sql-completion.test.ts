import { expect, test } from 'vitest';
import type { SqlSchemaAnswer } from '#shapes/api.js';
import { sqlDraft, sqlSuggestions } from './sql-completion.js';

const schema: SqlSchemaAnswer = {
  database: 'otel',
  tables: [
    {
      name: 'otel_logs',
      columns: [
        { name: 'Body', type: 'String' },
        { name: 'ServiceName', type: 'String' },
      ],
    },
    { name: 'otel_traces', columns: [{ name: 'Events.Name', type: 'Array(String)' }] },
  ],
  functions: ['count', 'countIf', 'toStartOfMinute'],
  limits: { maxExecutionMs: 1, maxRows: 1, maxMemoryBytes: 1 },
  stats: { elapsedMs: 0, rowsRead: 0, bytesRead: 0 },
};
const suggested = (sql: string): readonly string[] => {
  const caret = sql.indexOf('|');
  const whole = sql.replace('|', '');
  const draft = sqlDraft(whole, caret);
  return draft === undefined ? [] : sqlSuggestions(whole, draft, schema).map(({ text }) => text);
};

test('columns of the named tables come first, after FROM only tables, in a text nothing', () => {
  expect(suggested('SELECT bo| FROM otel_logs')).toEqual(['Body']);
  expect(suggested('SELECT cou| FROM otel_logs')).toEqual(['count(', 'countIf(']);
  expect(suggested('SELECT minu|')).toEqual(['toStartOfMinute(']);
  expect(suggested('SELECT 1 FROM ot|')).toEqual(['otel_logs', 'otel_traces']);
  expect(suggested('SELECT ev| FROM otel_traces')).toEqual(['`Events.Name`']);
  expect(suggested("SELECT 'cou|")).toEqual([]);
  expect(suggested('SELECT {st|')).toEqual(['{start:DateTime64(9)}']);
  expect(suggested('SELECT |')).toEqual([]);
});
