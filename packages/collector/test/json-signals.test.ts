import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeOtlp } from '../../testkit/src/otlp-proto.js';
import { jsonToProtobuf } from '../src/process/json-to-protobuf.js';
import { arbitraryLogs } from './arbitrary-logs.js';
import { arbitraryMetrics } from './arbitrary-metrics.js';
import { encodeLogs, encodeMetrics } from './otlp-proto.js';

/** As OTLP/JSON has it: ids in hex, other bytes in base64, 64-bit integers as strings, numbers that JSON cannot say as words. */
function inJson(name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : doubleText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString(/Id$/.test(name) ? 'hex' : 'base64');
  if (Array.isArray(value)) return value.map((item) => inJson(name, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inJson(key, item)]));
}
const doubleText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

test('any request of logs or metrics says in JSON what it says in protobuf [B2 S7]', () => {
  for (const { requests, signal, encode, message } of [
    { requests: arbitraryLogs, signal: 'logs', encode: encodeLogs, message: 'LogsRequest' },
    { requests: arbitraryMetrics, signal: 'metrics', encode: encodeMetrics, message: 'MetricsRequest' },
  ] as const) {
    fc.assert(
      fc.property(requests as fc.Arbitrary<object>, (request) => {
        const json = Buffer.from(JSON.stringify(inJson('', request)));
        const transcoded = jsonToProtobuf(json, signal);
        if (transcoded.kind === 'malformed') throw new Error(transcoded.message);
        expect(decodeOtlp(message, transcoded.bytes)).toEqual(decodeOtlp(message, encode(request)));
      }),
      { numRuns: 60 },
    );
  }
});
