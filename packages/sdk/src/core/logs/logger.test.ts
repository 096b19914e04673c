import { context, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { type DecodedLogRecord, decodeLogs, plainAttributes, plainValue } from '../../../../testkit/src/otlp-proto.js';
import { testResource, traceRig } from '../../../../testkit/src/trace-rig.js';
import type { OpenBuffer } from '../batch.js';
import { rootContext } from '../context/context.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import { suppressTracing } from '../context/suppress-tracing.js';
import { createLoggerProvider, type LoggerProviderOptions } from './logger-provider.js';

function logRig(options: Partial<LoggerProviderOptions> = {}) {
  const time = fakeTime();
  const contextStore = createStackContextStore();
  const buffers = new Set<OpenBuffer>();
  const errors: unknown[] = [];
  const provider = createLoggerProvider({
    clock: time.clock,
    contextStore,
    onFragment: (buffer) => buffers.add(buffer),
    onError: (error) => errors.push(error),
    ...options,
  });
  const scopes = () =>
    [...buffers].flatMap((buffer) => {
      const batch = buffer.take(testResource);
      return batch ? decodeLogs(batch.bytes).resourceLogs.flatMap(({ scopeLogs }) => scopeLogs) : [];
    });
  const records = (): DecodedLogRecord[] => scopes().flatMap(({ logRecords }) => logRecords);
  return { time, contextStore, provider, logger: provider.getLogger('test', '1'), buffers, errors, scopes, records };
}

test('a record is its time, severity, body, attributes and event name [S7]', () => {
  const rig = logRig();
  rig.logger.emit({
    severityNumber: 13,
    severityText: 'warning',
    body: 'cart is nearly full',
    attributes: { items: 99, share: 0.99, full: false, who: 'ü', tags: ['a', 'b'], nested: { deep: [1, { x: null }] } },
    eventName: 'cart.full',
    timestamp: 1_600_000_000_123,
    observedTimestamp: [1_600_000_001, 5],
  });
  const [record] = rig.records();
  expect(record).toMatchObject({
    timeUnixNano: '1600000000123000000',
    observedTimeUnixNano: '1600000001000000005',
    severityNumber: 13,
    severityText: 'warning',
    body: { stringValue: 'cart is nearly full' },
    eventName: 'cart.full',
  });
  expect(plainAttributes(record!.attributes)).toEqual({
    items: 99n,
    share: 0.99,
    full: false,
    who: 'ü',
    tags: ['a', 'b'],
    nested: { deep: [1n, { x: null }] },
  });
  expect(record).not.toHaveProperty('traceId');
  expect(rig.errors).toEqual([]);
});

test('a record without anything has the time of now and nothing else', () => {
  const rig = logRig();
  rig.logger.emit({});
  expect(rig.records()).toEqual([
    { timeUnixNano: '1700000000000000000', observedTimeUnixNano: '1700000000000000000', attributes: [] },
  ]);
});

test('errors are of high priority, all others are normal', () => {
  const rig = logRig();
  for (const severityNumber of [1, 16, 17, 24, 99]) rig.logger.emit({ severityNumber });
  const kept = [...rig.buffers].map(({ signal, priority, items }) => ({ signal, priority, items }));
  expect(kept).toEqual([
    { signal: 'logs', priority: 'normal', items: 3 },
    { signal: 'logs', priority: 'high', items: 2 },
  ]);
  // 99 is no severity.
  expect(rig.records().map(({ severityNumber }) => severityNumber)).toEqual([1, 16, undefined, 17, 24]);
});

describe('the span a record belongs to', () => {
  test('is the active one, or that of the given context, sampled or not [S7]', () => {
    const rig = logRig();
    const traces = traceRig({ time: rig.time, contextStore: rig.contextStore });
    const off = traceRig({ sampler: { shouldSample: () => ({ decision: 0 }), toString: () => 'off' } });
    const span = traces.tracer.startSpan('here');
    const other = off.tracer.startSpan('there');
    rig.contextStore.with(trace.setSpan(rootContext, span), () => {
      rig.logger.emit({ body: 1 });
      rig.logger.emit({ body: 2, context: trace.setSpan(context.active(), other) });
      rig.logger.emit({ body: 3, context: rootContext });
    });
    const ids = rig
      .records()
      .map(({ traceId, spanId, flags }) => [traceId?.toString('hex'), spanId?.toString('hex'), flags]);
    expect(ids).toEqual([
      [span.spanContext().traceId, span.spanContext().spanId, 3],
      [other.spanContext().traceId, other.spanContext().spanId, 2],
      [undefined, undefined, undefined],
    ]);
  });

  test('may be another SDK’s, known by its context alone; an invalid one is none', () => {
    const rig = logRig();
    const spanContext = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
    rig.logger.emit({ context: trace.setSpanContext(rootContext, spanContext) });
    rig.logger.emit({ context: trace.setSpanContext(rootContext, { ...spanContext, spanId: '0'.repeat(16) }) });
    const [first, second] = rig.records();
    expect(first!.traceId!.toString('hex')).toBe(spanContext.traceId);
    expect(first!.spanId!.toString('hex')).toBe(spanContext.spanId);
    expect(second).not.toHaveProperty('traceId');
  });

  test('counts its time: a record lies between start and end also after the wall clock was set', async () => {
    const rig = logRig();
    const traces = traceRig({ time: rig.time, contextStore: rig.contextStore });
    const span = traces.tracer.startSpan('long');
    await rig.time.advance(10);
    rig.time.jumpWall(-3_600_000);
    await rig.time.advance(10);
    rig.logger.emit({ body: 'inside', context: trace.setSpan(rootContext, span) });
    rig.logger.emit({ body: 'outside' });
    await rig.time.advance(10);
    span.end();
    const [recorded] = traces.spans();
    const [inside, outside] = rig.records();
    const sinceStart = BigInt(inside!.timeUnixNano!) - BigInt(recorded!.startTimeUnixNano!);
    expect(Number(sinceStart) / 1e6).toBeCloseTo(20, 2);
    expect(BigInt(outside!.timeUnixNano!) < BigInt(recorded!.startTimeUnixNano!)).toBe(true);
  });
});

describe('any value', () => {
  const bodyOf = (body: unknown) => {
    const rig = logRig();
    rig.logger.emit({ body, attributes: { it: body } });
    expect(rig.errors).toEqual([]);
    const [record] = rig.records();
    // What has no form at all is a body without a value.
    if (body !== undefined) expect(plainAttributes(record!.attributes)).toEqual({ it: plainValue(record!.body) });
    return plainValue(record!.body);
  };

  test('is kept as what it is, as far as the wire has a form for it', () => {
    expect(bodyOf(7)).toBe(7n);
    expect(bodyOf(2n ** 60n)).toBe(2n ** 60n);
    expect(bodyOf(null)).toBe(null);
    expect(bodyOf([])).toEqual([]);
    expect(bodyOf({})).toEqual({});
    expect(bodyOf(new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2]));
    expect(bodyOf(new Map<unknown, unknown>([[1, { a: undefined, b: 1 }]]))).toEqual({ 1: { b: 1n } });
    expect(bodyOf(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
    expect(bodyOf({ toJSON: () => ['x'] })).toEqual(['x']);
    expect(bodyOf(() => 1)).toBe(null);
    expect(bodyOf(Symbol('s'))).toBe(null);
    expect(bodyOf({ e: new TypeError('no') })).toMatchObject({
      e: { 'exception.type': 'TypeError', 'exception.message': 'no', 'exception.stacktrace': expect.any(String) },
    });
  });

  test('that contains itself, is endless or throws when it is read costs only what cannot be had', () => {
    const circle: Record<string, unknown> = { name: 'circle' };
    circle.self = circle;
    circle.list = [circle, circle];
    expect(bodyOf(circle)).toEqual({ name: 'circle', self: null, list: [null, null] });
    // Each holds the next twice: followed to its end it would be 2^40 values.
    let deep: unknown = 'end';
    for (let i = 0; i < 40; i++) deep = { left: deep, right: deep };
    expect(JSON.stringify(bodyOf(deep)).length).toBeLessThan(20_000);
    const angry = {
      get own(): never {
        throw new Error('not mine');
      },
    };
    expect(bodyOf({ angry, calm: 1 })).toEqual({ angry: null, calm: 1n });
  });

  test('may log itself while it is read', () => {
    const rig = logRig();
    const body = {
      toJSON() {
        rig.logger.emit({ body: 'inner', attributes: { which: 'inner' } });
        return 'outer';
      },
    };
    rig.logger.emit({ attributes: { which: 'outer', body } });
    expect(rig.records().map(({ attributes }) => plainAttributes(attributes))).toEqual([
      { which: 'inner' },
      { which: 'outer', body: 'outer' },
    ]);
  });

  test('is read when it is emitted: later changes do not reach the record', () => {
    const rig = logRig();
    const body = { list: [1] };
    rig.logger.emit({ body, attributes: body });
    body.list.push(2);
    const [record] = rig.records();
    expect(plainValue(record!.body)).toEqual({ list: [1n] });
    expect(plainAttributes(record!.attributes)).toEqual({ list: [1n] });
  });
});

test('an exception becomes attributes, which the record’s own win over', () => {
  const rig = logRig();
  rig.logger.emit({ exception: new RangeError('far'), attributes: { 'exception.message': 'near' } });
  rig.logger.emit({ exception: 'thrown text' });
  const [first, second] = rig.records().map(({ attributes }) => plainAttributes(attributes));
  expect(first).toEqual({
    'exception.type': 'RangeError',
    'exception.message': 'near',
    'exception.stacktrace': expect.stringContaining('RangeError: far'),
  });
  expect(second).toEqual({ 'exception.message': 'thrown text' });
});

test('bytes over the limit are cut in attributes, wherever they stand, and not in the body', () => {
  const rig = logRig({ limits: { attributeValueLengthLimit: 2 } });
  const bytes = Buffer.from([1, 2, 3]);
  rig.logger.emit({ body: bytes, attributes: { a: bytes, b: [{ c: bytes }] } });
  const [record] = rig.records();
  expect(plainValue(record!.body)).toEqual(bytes);
  const cut = Buffer.from([1, 2]);
  expect(plainAttributes(record!.attributes)).toEqual({ a: cut, b: [{ c: cut }] });
});

test('attributes over the limit are dropped and counted, long texts are cut, wherever they stand', () => {
  const rig = logRig({ limits: { attributeCountLimit: 2, attributeValueLengthLimit: 3 } });
  rig.logger.emit({ body: 'whole body', attributes: { a: 'abcdef', b: [{ c: 'abcdef' }], d: 1, e: 2, f: undefined } });
  const [record] = rig.records();
  expect(plainAttributes(record!.attributes)).toEqual({ a: 'abc', b: [{ c: 'abc' }] });
  expect(record!.droppedAttributesCount).toBe(2);
  expect(plainValue(record!.body)).toBe('whole body');
});

test('values of secret keys leave redacted, in attributes and in bodies [F26]', () => {
  const rig = logRig({ isSecret: (key) => key === 'password' });
  rig.logger.emit({ body: { user: { password: 'p' } }, attributes: { password: { a: 1 }, ok: { password: 'q' } } });
  const [record] = rig.records();
  expect(plainValue(record!.body)).toEqual({ user: { password: '[REDACTED]' } });
  expect(plainAttributes(record!.attributes)).toEqual({ password: '[REDACTED]', ok: { password: '[REDACTED]' } });
});

test('equal scopes are one logger, and each record stands below its scope', () => {
  const rig = logRig();
  expect(rig.provider.getLogger('test', '1')).toBe(rig.logger);
  rig.logger.emit({ body: 1 });
  rig.provider.getLogger('lib', '2', { schemaUrl: 'https://schema', attributes: { a: 'b' } }).emit({ body: 2 });
  rig.logger.emit({ body: 3 });
  const scopes = rig.scopes();
  expect(
    scopes.map(({ scope, schemaUrl, logRecords }) => [scope!.name, scope!.version, schemaUrl, logRecords.length]),
  ).toEqual([
    ['test', '1', undefined, 2],
    ['lib', '2', 'https://schema', 1],
  ]);
  expect(plainAttributes(scopes[1]!.scope!.attributes)).toEqual({ a: 'b' });
});

test('enabled() says no below telemetry’s own requests, after the end, and with nowhere to send; then nothing is kept', () => {
  const rig = logRig();
  const quiet = suppressTracing(rootContext);
  expect(rig.logger.enabled()).toBe(true);
  expect(rig.logger.enabled({ context: quiet })).toBe(false);
  rig.logger.emit({ context: quiet });
  rig.contextStore.with(quiet, () => rig.logger.emit({}));
  void rig.provider.shutdown();
  expect(rig.logger.enabled()).toBe(false);
  rig.logger.emit({});
  expect(rig.records()).toEqual([]);
  expect(logRig({ onFragment: undefined }).logger.enabled()).toBe(false);
});

test('what is no record is named, and never thrown', () => {
  const rig = logRig();
  rig.logger.emit(undefined as never);
  rig.logger.emit({
    get body(): never {
      throw new Error('not mine');
    },
  });
  rig.logger.emit({ body: 'fine' });
  expect(rig.records()).toHaveLength(1);
  expect(rig.errors).toHaveLength(2);
});
