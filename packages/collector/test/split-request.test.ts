import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitExportRequest } from '../../sdk/src/core/wire/split-request.js';
import { batchFrame } from '../../sdk/src/transports/batch-frame.js';
import { frameHead } from '../src/process/frame.js';
import type { Signal } from '../src/process/signal.js';
import { splitRequest } from '../src/process/split-request.js';
import { arbitraryLogs } from './arbitrary-logs.js';
import { arbitraryMetrics } from './arbitrary-metrics.js';
import { arbitraryRequest } from './arbitrary-request.js';
import { encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';

const anyRequest: fc.Arbitrary<readonly [Signal, Uint8Array]> = fc.oneof(
  arbitraryRequest.map((request) => ['traces', encodeTraces(request)] as const),
  arbitraryLogs.map((request) => ['logs', encodeLogs(request)] as const),
  arbitraryMetrics.map((request) => ['metrics', encodeMetrics(request)] as const),
);

test('a gateway splits a request into the very halves that the SDK would make of it', () => {
  fc.assert(
    fc.property(anyRequest, ([signal, bytes]) => {
      const theirs = splitExportRequest(signal, bytes)?.map((part) => Buffer.from(part.bytes));
      const ours = splitRequest(bytes, signal)?.map((part) => Buffer.from(part));
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 60 },
  );
});

test('what is not well formed is not split', () => {
  for (const bytes of [[], [255, 255, 255], [0x0a, 0x7f, 1, 2]])
    expect(splitRequest(Uint8Array.from(bytes), 'traces')).toBeUndefined();
});

test('a batch in the spool of a gateway stands there as the SDK writes it to a file', () => {
  fc.assert(
    fc.property(anyRequest, fc.constantFrom('0'.repeat(32), `${'a'.repeat(32)}.0.1`), ([signal, bytes], id) => {
      const head = frameHead(signal, id, bytes.length, crc32(bytes, crc32(id)));
      expect(Buffer.concat([head, bytes]).equals(batchFrame({ id, signal, bytes }))).toBe(true);
    }),
    { numRuns: 20 },
  );
});
