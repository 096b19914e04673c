import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import type { LogRecord } from '@opentelemetry/api-logs';
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fakeTime } from '../../testkit/src/fake-time.js';
import { type DecodedLogRecord, decodeLogs, plainAttributes, plainValue } from '../../testkit/src/otlp-proto.js';
import { testResource } from '../../testkit/src/trace-rig.js';
import type { OpenBuffer } from '../src/core/batch.js';
import { rootContext } from '../src/core/context/context.js';
import { createStackContextStore } from '../src/core/context/stack-context-store.js';
import { createLoggerProvider } from '../src/core/logs/logger-provider.js';
import { exportRequestToJson } from '../src/core/wire/export-request-to-json.js';
import { splitExportRequest } from '../src/core/wire/split-request.js';

const wellFormed = (text: string): string =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');

/** A value as an independent decoder must see it: safe integers as integers, other numbers as doubles. */
function onTheWire(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(onTheWire);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), onTheWire(inner)]));
  return value ?? null;
}

const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 })
  .map((all) => String.fromCharCode(...all));
const long = fc
  .tuple(fc.constantFrom('a', 'ü', '\u{1f600}', '\ud800'), fc.constantFrom(120, 124, 127, 128, 300, 16_400))
  .map(([unit, length]) => unit.repeat(length));
const text = fc.oneof(
  { weight: 5, arbitrary: fc.string() },
  { weight: 3, arbitrary: units },
  { weight: 1, arbitrary: long },
);
const number = fc.oneof(
  fc.constantFrom(0, -1, 127, 128, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 53, 1.5, Number.NaN, -Infinity),
  fc.integer(),
  fc.double(),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 200 }));
// Keys that become equal on the wire would be one there.
const map = <T>(value: fc.Arbitrary<T>, maxLength: number) =>
  fc
    .uniqueArray(fc.tuple(fc.oneof(fc.string({ minLength: 1, maxLength: 9 }), long), value), {
      maxLength,
      selector: ([key]) => wellFormed(key),
    })
    .map((pairs) => Object.fromEntries(pairs));
const { any } = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('any'), { maxLength: 4 }),
    map(tie('any'), 3),
  ),
}));
const identity = fc.record({
  traceId: fc.constantFrom('0af7651916cd43dd8448eb211c80319c', 'ffffffffffffffffffffffffffffffff'),
  spanId: fc.constantFrom('b7ad6b7169203331', '0000000000000001'),
  traceFlags: fc.integer({ min: 0, max: 255 }),
});
const time = fc.tuple(fc.integer({ min: 0, max: 2 ** 33 }), fc.integer({ min: 0, max: 999_999_999 }));

const recording = fc.record(
  {
    timestamp: time,
    observedTimestamp: time,
    severityNumber: fc.integer({ min: 1, max: 24 }),
    severityText: text,
    eventName: text,
    body: any,
    attributes: map(any, 8),
    span: identity,
  },
  { requiredKeys: ['timestamp', 'observedTimestamp'] },
);
type Recording = typeof recording extends fc.Arbitrary<infer R> ? R : never;

const asRecord = ({ span, ...record }: Recording): LogRecord => ({
  ...(record as LogRecord),
  context: span ? trace.setSpanContext(rootContext, span) : rootContext,
});

function emitted(all: readonly Recording[]) {
  const buffers = new Set<OpenBuffer>();
  const provider = createLoggerProvider({
    clock: fakeTime().clock,
    contextStore: createStackContextStore(),
    onFragment: (buffer) => buffers.add(buffer),
    onError(error) {
      throw error;
    },
  });
  for (const one of all) provider.getLogger('test').emit(asRecord(one));
  // In two buffers: the order is known within each.
  const requests = [...buffers].map((buffer) => buffer.take(testResource)!);
  const order = [...buffers].flatMap(({ priority }) =>
    all.filter(({ severityNumber = 0 }) => severityNumber >= 17 === (priority === 'high')),
  );
  return { requests, order, records: requests.flatMap(({ bytes }) => recordsOf(bytes)) };
}

const recordsOf = (bytes: Uint8Array): DecodedLogRecord[] =>
  decodeLogs(bytes).resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));

const nanos = ([seconds, rest]: readonly [number, number]): string =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));

test('what random log records encode, an independent decoder reads as emitted [S7]', () => {
  fc.assert(
    fc.property(fc.array(recording, { minLength: 1, maxLength: 6 }), (all) => {
      const { records, order } = emitted(all);
      expect(records.length).toBe(all.length);
      for (const [i, record] of records.entries()) {
        const one = order[i]!;
        expect(record.timeUnixNano ?? '0').toBe(nanos(one.timestamp));
        expect(record.observedTimeUnixNano ?? '0').toBe(nanos(one.observedTimestamp));
        expect(record.severityNumber ?? 0).toBe(one.severityNumber ?? 0);
        expect(record.severityText ?? '').toBe(wellFormed(one.severityText ?? ''));
        expect(record.eventName ?? '').toBe(wellFormed(one.eventName ?? ''));
        expect('body' in record).toBe(one.body !== undefined);
        expect(plainValue(record.body)).toEqual(onTheWire(one.body));
        expect(plainAttributes(record.attributes)).toEqual(onTheWire(one.attributes ?? {}));
        expect(record.traceId?.toString('hex')).toBe(one.span?.traceId);
        expect(record.spanId?.toString('hex')).toBe(one.span?.spanId);
        expect(record.flags ?? 0).toBe(one.span?.traceFlags ?? 0);
      }
    }),
    { numRuns: 150 },
  );
});

test('OTLP/JSON of random log records reads back the same [S7]', () => {
  fc.assert(
    fc.property(fc.array(recording, { minLength: 1, maxLength: 4 }), (all) => {
      for (const { bytes } of emitted(all).requests) {
        expect(canonical(JSON.parse(exportRequestToJson('logs', bytes)))).toEqual(canonical(decodeLogs(bytes)));
      }
    }),
    { numRuns: 100 },
  );
});

/** Both forms as one: ids as hex, bytes as base64, absent and empty alike. */
function canonical(part: unknown, name = ''): unknown {
  if (Buffer.isBuffer(part)) return part.toString(name === 'bytesValue' ? 'base64' : 'hex');
  if (Array.isArray(part)) return part.map((inner) => canonical(inner));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .map(([key, inner]): [string, unknown] => [
        key,
        key === 'doubleValue' ? String(Number(inner) + 0) : canonical(inner, key),
      ])
      .filter(
        ([key, inner]) =>
          !(Array.isArray(inner) && inner.length === 0) &&
          !(inner === '0' && key.endsWith('Nano')) &&
          !(inner === 0 && key === 'flags'),
      ),
  );
}

test('a request of log records that is too large is halved, record by record, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.array(recording, { minLength: 2, maxLength: 6 }), (all) => {
      const singles = (bytes: Uint8Array): Uint8Array[] => {
        const parts = splitExportRequest('logs', bytes);
        return parts ? parts.flatMap((part) => singles(part.bytes)) : [bytes];
      };
      for (const { bytes, items } of emitted(all).requests) {
        const parts = singles(bytes);
        expect(parts).toHaveLength(items);
        expect(parts.flatMap(recordsOf)).toEqual(recordsOf(bytes));
      }
    }),
    { numRuns: 50 },
  );
});

test('OpenTelemetry’s SDK and serializer, given the same records, write what ours decode to', () => {
  const { ProtobufLogsSerializer } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer');
  fc.assert(
    fc.property(recording, (one) => {
      // They assign attributes one by one, which sets a prototype here.
      fc.pre(!Object.hasOwn(one.attributes ?? {}, '__proto__'));
      const theirs: ReadableLogRecord[] = [];
      const provider = new LoggerProvider({
        processors: [{ onEmit: (record) => theirs.push(record), forceFlush: async () => {}, shutdown: async () => {} }],
      });
      provider.getLogger('test').emit(asRecord(one));
      const [their] = recordsOf(ProtobufLogsSerializer.serializeRequest(theirs));
      const [our] = emitted([one]).records;
      expect(our!.timeUnixNano).toBe(their!.timeUnixNano);
      expect(our!.observedTimeUnixNano).toBe(their!.observedTimeUnixNano);
      expect(our!.severityNumber).toBe(their!.severityNumber);
      expect(our!.severityText ?? '').toBe(their!.severityText ?? '');
      expect(our!.eventName ?? '').toBe(their!.eventName ?? '');
      expect(our!.traceId).toEqual(their!.traceId);
      expect(our!.spanId).toEqual(their!.spanId);
      expect(our!.flags ?? 0).toBe(their!.flags ?? 0);
      // They write integers beyond 32 bits as doubles of the same value.
      expect(numbersAlike(plainValue(our!.body))).toEqual(numbersAlike(plainValue(their!.body)));
      expect(numbersAlike(plainAttributes(our!.attributes))).toEqual(numbersAlike(plainAttributes(their!.attributes)));
    }),
    { numRuns: 150 },
  );
});

function numbersAlike(part: unknown): unknown {
  if (typeof part === 'bigint' || typeof part === 'number') return Number(part) + 0;
  if (Array.isArray(part)) return part.map(numbersAlike);
  if (typeof part !== 'object' || part === null || Buffer.isBuffer(part)) return part;
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, numbersAlike(inner)]));
}
