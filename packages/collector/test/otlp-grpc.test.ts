import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  compressionAlgorithms,
  credentials,
  type Metadata,
  Metadata as NewMetadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAdmission } from '../src/admit/admission.js';
import { createIntake } from '../src/admit/intake.js';
import type { DualServer } from '../src/receive/dual-server.js';
import { createOtlpGrpc } from '../src/receive/otlp-grpc.js';
import { openSpool, type Spool } from '../src/spool/spool.js';
import { decode, encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';

const MIB = 1024 * 1024;
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const directory = mkdtempSync(join(tmpdir(), 'throughline-grpc-'));
const admission = createAdmission(8 * MIB);
let spool: Spool;
let server: DualServer;
let client: Client;
let packing: Client;

beforeAll(async () => {
  spool = await openSpool({ directory, insert: async () => undefined });
  server = createOtlpGrpc({ intake: createIntake(spool), admission, maxMessageBytes: 2 * MIB });
  const port = await server.listen('127.0.0.1', 0);
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  packing = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
});
afterAll(async () => {
  client.close();
  packing.close();
  await server.close(100);
  await spool.close(1000);
  rmSync(directory, { recursive: true, force: true });
});

const same = (bytes: Buffer): Buffer => bytes;
type Outcome = { readonly bytes: Buffer } | { readonly error: ServiceError };
function call(
  body: Uint8Array,
  {
    path = TRACES,
    by = client,
    metadata = new NewMetadata(),
  }: { path?: string; by?: Client; metadata?: Metadata } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    by.makeUnaryRequest(path, same, same, Buffer.from(body), metadata, (error, bytes) =>
      resolve(error === null ? { bytes: bytes ?? Buffer.alloc(0) } : { error }),
    );
  });
}
const code = (outcome: Outcome): status | undefined => ('error' in outcome ? outcome.error.code : undefined);
const span = (overrides: object = {}): object => ({
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 2),
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000000000001',
  ...overrides,
});
const requestOf = (...spans: object[]): Uint8Array => encodeTraces({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

test('a request that is kept is answered with the empty message, packed or not [S1 F1]', async () => {
  expect(await call(requestOf(span()))).toEqual({ bytes: Buffer.alloc(0) });
  expect(await call(requestOf(span()), { by: packing })).toEqual({ bytes: Buffer.alloc(0) });
});

test('one that is kept in part says how much was not', async () => {
  const outcome = await call(requestOf(span(), span({ traceId: Buffer.alloc(3) })));
  expect('bytes' in outcome && decode('ExportTraceServiceResponse', outcome.bytes)).toEqual({
    partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('an id of impossible length') },
  });
});

test('bytes that are no message are INVALID_ARGUMENT, which no client repeats', async () => {
  expect(code(await call(Buffer.from('nonsense nonsense')))).toBe(status.INVALID_ARGUMENT);
});

test('a message beyond the limit, also after it is unpacked, is RESOURCE_EXHAUSTED without a wait', async () => {
  for (const by of [client, packing]) {
    const outcome = await call(Buffer.alloc(3 * MIB), { by });
    expect(code(outcome)).toBe(status.RESOURCE_EXHAUSTED);
    expect('error' in outcome && outcome.error.metadata.get('grpc-status-details-bin')).toEqual([]);
  }
});

test('an unknown service is UNIMPLEMENTED', async () => {
  expect(code(await call(requestOf(span()), { path: '/some.Other/Service' }))).toBe(status.UNIMPLEMENTED);
});

test('past the memory limit it is UNAVAILABLE with RetryInfo [F16]', async () => {
  const held = admission.enter(8 * MIB);
  const outcome = await call(requestOf(span()));
  held?.leave();
  expect(code(outcome)).toBe(status.UNAVAILABLE);
  const [details] = 'error' in outcome ? outcome.error.metadata.get('grpc-status-details-bin') : [];
  const { details: any } = decode<{ details: { typeUrl: string; value: Buffer }[] }>('RpcStatus', details as Buffer);
  expect(any[0]?.typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo');
  expect(decode('RetryInfo', any[0]?.value ?? Buffer.alloc(0))).toEqual({ retryDelay: { seconds: '1' } });
  expect(code(await call(requestOf(span())))).toBeUndefined();
});

const SERVICE = '/opentelemetry.proto.collector';
test('logs and metrics have services of their own, with the same answers [S7]', async () => {
  const logs = `${SERVICE}.logs.v1.LogsService/Export`;
  const metrics = `${SERVICE}.metrics.v1.MetricsService/Export`;
  const atNano = '1700000000000000000';
  const record = encodeLogs({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: atNano }] }] }] });
  const gauge = { dataPoints: [{ timeUnixNano: atNano, asDouble: 1 }] };
  const point = encodeMetrics({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'g', gauge }] }] }] });
  expect(await call(record, { path: logs })).toEqual({ bytes: Buffer.alloc(0) });
  expect(await call(point, { path: metrics, by: packing })).toEqual({ bytes: Buffer.alloc(0) });
  for (const path of [logs, metrics]) {
    expect(code(await call(Buffer.from('nonsense nonsense'), { path }))).toBe(status.INVALID_ARGUMENT);
    const held = admission.enter(8 * MIB);
    expect(code(await call(record, { path }))).toBe(status.UNAVAILABLE);
    held?.leave();
  }
});
