import { createRequire } from 'node:module';
import * as api from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { findApiCopies, findLogsApiCopies } from './api-copies.js';

test('every CommonJS copy of the API that was loaded is found, and nothing else', () => {
  const require = createRequire(import.meta.url);
  const copies = [
    require('otel-api-1.3'),
    require('otel-api-1.9'),
    require('otel-api-1.10'),
    require('@opentelemetry/api'),
  ];
  const found = findApiCopies();
  for (const copy of copies) expect(found).toContain(copy);
  for (const copy of found) expect(copy.trace.getTracerProvider).toBeTypeOf('function');
  expect(new Set(found).size).toBe(found.length);
  expect(api.trace).toBeDefined();
});

test('the copy of the logs API that was loaded is found, and no other package', () => {
  const require = createRequire(import.meta.url);
  require('otel-api-1.10');
  const logsApi: unknown = require('@opentelemetry/api-logs');
  expect(findLogsApiCopies()).toEqual([logsApi]);
});
