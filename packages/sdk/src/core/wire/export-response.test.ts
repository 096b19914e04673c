import { expect, test } from 'vitest';
import { encodeOtlp } from '../../../../testkit/src/otlp-proto.js';
import { readExportResponse, readRpcStatus } from './export-response.js';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test('a partial success says what was rejected and why, in protobuf and in JSON', () => {
  const partial = { rejectedSpans: 3, errorMessage: 'too old – ü' };
  const expected = { rejected: 3, message: 'too old – ü' };
  expect(readExportResponse(encodeOtlp('TracesResponse', { partialSuccess: partial }))).toEqual(expected);
  expect(
    readExportResponse(json({ partialSuccess: { ...partial, rejectedSpans: '3' } }), 'application/json; charset=utf-8'),
  ).toEqual(expected);
  expect(readExportResponse(json({ partialSuccess: { rejectedLogRecords: 2 } }), 'application/json')).toEqual({
    rejected: 2,
    message: undefined,
  });
  expect(readExportResponse(json({ partialSuccess: { rejectedDataPoints: '1' } }), 'application/json').rejected).toBe(
    1,
  );
});

test.each([
  ['an empty body', new Uint8Array(0), undefined],
  ['an empty JSON object', json({}), 'application/json'],
  ['JSON that is none', new TextEncoder().encode('<html>'), 'application/json'],
  ['JSON that is no object', json(null), 'application/json'],
  ['noise', new Uint8Array([0x0a, 0xff, 0x01, 0x00]), 'application/x-protobuf'],
  ['a page of a proxy', new TextEncoder().encode('<html>It works!</html>'), 'text/html'],
])('%s rejects nothing', (_what, body, contentType) => {
  expect(readExportResponse(body, contentType)).toEqual({ rejected: 0, message: undefined });
});

test('an error status gives its message and when to try again, in protobuf and in JSON', () => {
  const retry = encodeOtlp('RetryInfo', { retryDelay: { seconds: 2, nanos: 500_000_000 } });
  const status = encodeOtlp('RpcStatus', {
    code: 14,
    message: 'busy',
    details: [
      { typeUrl: 'type.googleapis.com/google.rpc.DebugInfo', value: new Uint8Array([1, 2, 3]) },
      { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: retry },
    ],
  });
  const expected = { code: 14, message: 'busy', retryDelayMs: 2_500 };
  expect(readRpcStatus(status)).toEqual(expected);
  const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2.5s' }];
  expect(readRpcStatus(json({ code: 14, message: 'busy', details }), 'application/json')).toEqual(expected);
});

test('a status that cannot be read says nothing', () => {
  expect(readRpcStatus(new Uint8Array([0xff, 0xff]))).toEqual({ code: 0, message: undefined, retryDelayMs: undefined });
  expect(readRpcStatus(json('x'), 'application/json')).toEqual({
    code: 0,
    message: undefined,
    retryDelayMs: undefined,
  });
});
