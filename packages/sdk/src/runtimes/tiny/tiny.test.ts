import { randomFillSync } from 'node:crypto';
import type { Span } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import {
  type DecodedScopeSpans,
  type DecodedSpan,
  decodeTraces,
  plainAttributes,
} from '../../../../testkit/src/otlp-proto.js';
import { PowerCut, simulatedFlash } from '../../../../testkit/src/simulated-flash.js';
import { rootContext } from '../../core/context/context.js';
import { withSpanContext } from '../../core/context/span-in-context.js';
import type { Diagnostic } from '../../core/options.js';
import { start, type TinyOptions, type TinyTelemetry } from './start.js';

const entropy = { fill: (target: Uint8Array) => void randomFillSync(target) };

interface Published {
  readonly topic: string;
  readonly id: string;
  readonly bytes: Uint8Array;
}

let running: TinyTelemetry | undefined;
afterEach(() => running?.shutdown());

/** A device whose broker takes everything, until told otherwise. */
function device(options: Partial<TinyOptions> = {}) {
  const published: Published[] = [];
  const said: Diagnostic[] = [];
  const broker = { refuses: false };
  running = start({
    serviceName: 'station',
    entropy,
    publish(topic, bytes, id) {
      if (broker.refuses) return Promise.reject(new Error('no network'));
      published.push({ topic, id, bytes: bytes.slice() });
      return Promise.resolve();
    },
    onDiagnostic: (diagnostic) => void said.push(diagnostic),
    ...options,
  });
  const scopes = (): DecodedScopeSpans[] =>
    published.flatMap(({ bytes }) => decodeTraces(bytes).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans));
  return { telemetry: running, published, said, broker, scopes, spans: () => scopes().flatMap(({ spans }) => spans) };
}

const attributesOf = (span: DecodedSpan | undefined) => plainAttributes(span?.attributes ?? []);

test('a span leaves as OTLP, with resource, scope, times, kind, attributes, events, status and parent [S10]', async () => {
  const { telemetry, published, scopes, spans } = device({
    spanBytes: 512,
    serviceVersion: '1.2',
    environment: 'field',
    resource: { 'device.id': 'station-7', 'process.runtime.name': 'quickjs' },
  });
  const beforeNano = BigInt(Date.now()) * 1_000_000n;
  const parent = telemetry.tracer.startSpan('wake', { kind: 3, attributes: { why: 'timer' } });
  telemetry.tracer.startActiveSpan('outer', (outer) => {
    telemetry.measure('reading', { attributes: { 'sensor.temperature': 21.5 } }, (span) => {
      span.setAttributes({ 'sensor.count': -3, ok: true, big: 2 ** 53 - 1, list: ['a', 'b'] });
      span.setAttribute('sensor.name', 'außen 🌡️').addEvent('calibrated', { offset: 0.25 });
    });
    outer.end();
  });
  parent.addLink({ context: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 } });
  parent.setStatus({ code: 2, message: 'the battery is low' }).updateName('wake up').end();
  expect(await telemetry.flush()).toBe(true);

  expect(published.map(({ topic }) => topic)).toEqual(['throughline/v1/traces']);
  expect(published[0]!.id).toMatch(/^[0-9a-f]{16}0{16}$/);
  const [resourceSpans] = decodeTraces(published[0]!.bytes).resourceSpans;
  expect(plainAttributes(resourceSpans!.resource!.attributes)).toEqual({
    'service.name': 'station',
    'service.version': '1.2',
    'deployment.environment.name': 'field',
    'telemetry.sdk.name': 'throughline',
    'telemetry.sdk.version': '0.1.0',
    'telemetry.sdk.language': 'javascript',
    'device.id': 'station-7',
    'process.runtime.name': 'quickjs',
  });
  expect(scopes()[0]!.scope!.name).toBe('station');
  const [reading, outer, wake] = spans();
  expect(reading).toMatchObject({ name: 'reading', kind: 1, parentSpanId: outer!.spanId, traceId: outer!.traceId });
  expect(reading!.flags! & 0x1ff).toBe(0x103);
  expect(attributesOf(reading)).toEqual({
    'sensor.temperature': 21.5,
    'sensor.count': -3n,
    ok: true,
    big: 9007199254740991n,
    list: ['a', 'b'],
    'sensor.name': 'außen 🌡️',
  });
  expect(reading!.events.map(({ name, attributes }) => [name, plainAttributes(attributes)])).toEqual([
    ['calibrated', { offset: 0.25 }],
  ]);
  expect(wake).toMatchObject({ name: 'wake up', kind: 4, status: { code: 2, message: 'the battery is low' } });
  expect(wake!.parentSpanId).toBeUndefined();
  expect(wake!.traceId).not.toEqual(outer!.traceId);
  expect(wake!.links.map(({ traceId }) => traceId.toString('hex'))).toEqual(['ab'.repeat(16)]);
  for (const span of spans()) {
    const [from, to] = [BigInt(span.startTimeUnixNano!), BigInt(span.endTimeUnixNano!)];
    expect(from >= beforeNano - 1_000_000n && to >= from && to <= BigInt(Date.now() + 1) * 1_000_000n).toBe(true);
  }
  expect(telemetry.status()).toMatchObject({ state: 'healthy', sent: { traces: 3 }, queued: { items: 0 } });
});

test('a small reading takes less than 128 bytes, and what does not fit is counted in the span', async () => {
  const { telemetry, published, spans } = device({ spanBytes: 128 });
  const { tracer } = telemetry;
  tracer.startSpan('reading', { attributes: { 'sensor.temperature': 21.5 } }).end();
  await telemetry.flush();
  const small = published[0]!.bytes.length;
  const span = tracer.startSpan('reading');
  span.setAttribute('a', 'x'.repeat(30)).setAttribute('b', 'y'.repeat(30)).addEvent('too much for it');
  span.setAttribute('c', 1).recordException(new Error('far too long '.repeat(20)));
  span.addLink({ context: span.spanContext() });
  span.end();
  tracer
    .startSpan('n'.repeat(300))
    .setStatus({ code: 2, message: 'm'.repeat(300) })
    .end();
  await telemetry.flush();
  // What stands around the spans is the same in both.
  expect(published[1]!.bytes.length - small).toBeLessThan(128 + 128 - 60);
  const [, full, named] = spans();
  expect(attributesOf(full)).toEqual({ a: 'x'.repeat(30), c: 1n });
  expect(full).toMatchObject({ droppedAttributesCount: 1, droppedLinksCount: 1, droppedEventsCount: 2 });
  expect(named!.name).toBe('n'.repeat(58));
  expect(named!.status!.code).toBe(2);
});

test('an attribute that is set again has its last value, wherever it stands', async () => {
  const { telemetry, spans } = device();
  const span = telemetry.tracer.startSpan('reading', { attributes: { a: 1, long: 'l'.repeat(130), b: 'two', ab: 3 } });
  span.setAttributes({ a: 'one', long: 'short', ab: true }).end();
  await telemetry.flush();
  expect(spans()[0]!.attributes.map(({ key }) => key)).toEqual(['b', 'a', 'long', 'ab']);
  expect(attributesOf(spans()[0])).toEqual({ b: 'two', a: 'one', long: 'short', ab: true });
});

test('any span that is written can be read, in any order of calls', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.array(fc.oneof(fc.string({ maxLength: 5 }), fc.integer()), { maxLength: 4 }),
  );
  const key = fc.oneof(fc.constantFrom('a', 'b', 'ab'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }));
  const step = fc.oneof(
    fc.record({ key, value }),
    fc.record({ event: fc.string({ maxLength: 40 }), with: fc.dictionary(key, value, { maxKeys: 3 }) }),
    fc.record({ status: fc.string({ maxLength: 200 }) }),
    fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 200 }) }),
    fc.record({ error: fc.string({ maxLength: 100 }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 128, max: 700 }),
      fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 6 }),
      async (spanBytes, programs) => {
        await running?.shutdown();
        const { telemetry, spans } = device({ spanBytes, openSpans: 2 });
        for (const program of programs) {
          const span = telemetry.tracer.startSpan('start');
          const wanted = new Map<string, unknown>();
          for (const each of program) {
            if ('key' in each) wanted.set(each.key, each.value);
            apply(span, each);
          }
          span.end();
          await telemetry.flush();
          const decoded = spans().at(-1)!;
          const kept = attributesOf(decoded);
          expect(new Set(decoded.attributes.map(({ key }) => key)).size).toBe(decoded.attributes.length);
          for (const [name, found] of Object.entries(kept)) expect(same(found)).toEqual(same(wanted.get(name)));
          if (Object.keys(kept).length < wanted.size) expect(decoded.droppedAttributesCount).toBeGreaterThan(0);
        }
        expect(spans()).toHaveLength(programs.length);
        expect(telemetry.status()).toMatchObject({ sent: { traces: programs.length }, queued: { items: 0 } });
      },
    ),
    { numRuns: 60 },
  );
});

function apply(span: Span, step: Record<string, unknown>): void {
  if ('key' in step) span.setAttribute(step.key as string, step.value as string);
  else if ('event' in step) span.addEvent(step.event as string, step.with as Record<string, string>);
  else if ('status' in step) span.setStatus({ code: 2, message: step.status as string });
  else if ('name' in step) span.updateName(step.name as string);
  else span.recordException(new Error(step.error as string));
}

/** A decoded value and what was given, in one form. */
const same = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(same)
    : typeof value === 'bigint'
      ? Number(value)
      : typeof value === 'string'
        ? Buffer.from(value).toString()
        : value;

test('a span below a remote parent continues its trace, and one that the parent did not sample is not recorded', async () => {
  const { telemetry, spans } = device();
  const remote = { traceId: '0123456789abcdef'.repeat(2), spanId: 'fedcba9876543210', traceFlags: 1, isRemote: true };
  telemetry.tracer.startSpan('command', {}, withSpanContext(rootContext, remote)).end();
  const silent = telemetry.tracer.startSpan('silent', {}, withSpanContext(rootContext, { ...remote, traceFlags: 0 }));
  expect(silent.isRecording()).toBe(false);
  expect(silent.spanContext()).toMatchObject({ traceId: remote.traceId, traceFlags: 0 });
  silent.setAttribute('a', 1).addEvent('b').end();
  await telemetry.flush();
  expect(spans().map(({ traceId, parentSpanId }) => [traceId.toString('hex'), parentSpanId!.toString('hex')])).toEqual([
    [remote.traceId, remote.spanId],
  ]);
  expect(spans()[0]!.flags! >>> 8).toBe(3);
});

test('more open spans than there is room for are not recorded, and counted; ended ones make room again', async () => {
  const { telemetry, spans, said } = device({ openSpans: 2 });
  const { tracer } = telemetry;
  const [first, second, third] = [tracer.startSpan('1'), tracer.startSpan('2'), tracer.startSpan('3')];
  expect([first, second, third].map((span) => span.isRecording())).toEqual([true, true, false]);
  third.end();
  first.end();
  first.end();
  const fourth = tracer.startSpan('4');
  first.setAttribute('late', true);
  fourth.end();
  second.end();
  await telemetry.flush();
  expect(spans().map(({ name, attributes }) => [name, attributes.length])).toEqual([
    ['1', 0],
    ['4', 0],
    ['2', 0],
  ]);
  expect(telemetry.status().dropped['queue-full']).toBe(1);
  expect(said.map(({ code }) => code)).toEqual(['dropped-queue-full']);
});

test('what was published in vain is published again with the same id, and nothing is lost meanwhile', async () => {
  const { telemetry, published, broker, spans, said } = device();
  broker.refuses = true;
  for (let reading = 0; reading < 40; reading++) telemetry.tracer.startSpan(`reading ${reading}`).end();
  expect(await telemetry.flush()).toBe(false);
  expect(telemetry.status()).toMatchObject({
    state: 'degraded',
    queued: { items: 40 },
    stored: { durability: 'memory' },
  });
  expect(said).toMatchObject([{ code: 'collector-unreachable', message: 'publishing failed: Error: no network' }]);
  broker.refuses = false;
  expect(await telemetry.flush()).toBe(true);
  expect(spans().map(({ name }) => name)).toEqual(Array.from({ length: 40 }, (_, reading) => `reading ${reading}`));
  const process = published[0]!.id.slice(0, 16);
  expect(published.map(({ id }) => id)).toEqual(published.map((_, at) => process + at.toString(16).padStart(16, '0')));
});

test('a program may say when a batch has arrived by calling back, too', async () => {
  const answers: unknown[] = [new Error('busy'), undefined];
  const ids: string[] = [];
  const { telemetry } = device({
    publish(_topic, _bytes, id, done) {
      ids.push(id);
      queueMicrotask(() => done(answers.shift()));
    },
  });
  telemetry.tracer.startSpan('reading').end();
  expect(await telemetry.flush()).toBe(false);
  expect(await telemetry.flush()).toBe(true);
  expect(new Set(ids).size).toBe(1);
  expect(ids).toHaveLength(2);
});

test('with timers batches leave by age and are tried again by themselves', async () => {
  const time = fakeTime();
  const { telemetry, broker, published } = device({ clock: time.clock, timers: time.timers });
  broker.refuses = true;
  telemetry.tracer.startSpan('reading').end();
  await time.advance(4_900);
  expect(telemetry.status().destinations[0]!.failures).toBe(0);
  await time.advance(200);
  expect(telemetry.status().destinations[0]!.failures).toBe(1);
  broker.refuses = false;
  await time.advance(1_600);
  expect(published).toHaveLength(1);
  telemetry.tracer.startSpan('reading').end();
  const flushed = telemetry.flush({ timeoutMs: 10 });
  await time.advance(20);
  expect(await flushed).toBe(true);
});

test('what the program does while it publishes is not traced, or it would never end', async () => {
  const { telemetry, spans } = device({
    publish(_topic, _bytes, _id, done) {
      telemetry.measure('publish', () => done());
    },
  });
  telemetry.tracer.startSpan('reading').end();
  expect(await telemetry.flush()).toBe(true);
  expect(spans()).toHaveLength(0);
  expect(telemetry.status()).toMatchObject({ sent: { traces: 1 }, queued: { items: 0 } });
});

describe('with flash', () => {
  const flashOf = () => simulatedFlash({ blockBytes: 4096, blockCount: 16 });

  test('what was persisted survives the loss of power and is sent by the next start, with its own id [S10]', async () => {
    const flash = flashOf();
    const before = device({ flash });
    before.broker.refuses = true;
    before.telemetry.tracer.startSpan('reading').end();
    before.telemetry.tracer.startSpan('open when the power went');
    expect(before.telemetry.persist()).toBe(true);
    expect(before.telemetry.status()).toMatchObject({
      stored: { items: 1, durability: 'power-loss' },
      queued: { items: 0 },
    });
    await before.telemetry.flush();
    powerOff();

    const after = device({ flash });
    after.telemetry.tracer.startSpan('next').end();
    expect(await after.telemetry.flush()).toBe(true);
    expect(after.spans().map(({ name }) => name)).toEqual(['reading', 'next']);
    const [old, own] = after.published.map(({ id }) => id);
    expect(old!.slice(0, 16)).not.toBe(own!.slice(0, 16));
    // The counter goes on: even a device that draws the same random bytes after every start uses no id twice.
    expect([old!, own!].map((id) => Number.parseInt(id.slice(16), 16))).toEqual([0, 1]);
  });

  test('a write that the power cut short is skipped and counted, and never fatal', async () => {
    const flash = flashOf();
    const before = device({ flash });
    before.telemetry.tracer.startSpan('whole').end();
    before.telemetry.persist();
    before.telemetry.tracer.startSpan('torn').end();
    flash.cutAfter(100);
    expect(before.telemetry.persist()).toBe(false);
    powerOff();
    flash.power();
    const after = device({ flash });
    expect(after.telemetry.status()).toMatchObject({ stored: { items: 1 }, dropped: { damaged: 1 } });
    after.telemetry.tracer.startSpan('next').end();
    expect(await after.telemetry.flush()).toBe(true);
    expect(after.spans().map(({ name }) => name)).toEqual(['whole', 'next']);
  });

  test('a flash that fails leaves the program running, and batches wait in memory', async () => {
    const broken = {
      ...flashOf(),
      read: () => {
        throw new PowerCut('broken');
      },
    };
    const { telemetry, said, spans } = device({ flash: broken });
    telemetry.tracer.startSpan('reading').end();
    expect(await telemetry.flush()).toBe(true);
    expect(spans()).toHaveLength(1);
    expect(said).toMatchObject([{ code: 'store-failed' }]);
    expect(telemetry.status().stored.durability).toBe('memory');
  });

  /** The engine is gone; only the flash is left. */
  function powerOff(): void {
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('throughline.telemetry.1')];
    running = undefined;
  }
});

test('a second start is the first telemetry, a wrong option is named, and after shutdown nothing is recorded', async () => {
  const { telemetry, said } = device({ spanBytes: 64, resource: { note: 'n'.repeat(600) } });
  expect(said.map(({ message }) => message)).toEqual(['spanBytes cannot be 64: 256 is used.']);
  const again: Diagnostic[] = [];
  expect(start({ serviceName: 'b', entropy, publish: () => {}, onDiagnostic: (each) => void again.push(each) })).toBe(
    telemetry,
  );
  expect(again).toMatchObject([{ code: 'started-twice' }]);
  const open = telemetry.tracer.startSpan('open');
  expect(await telemetry.shutdown()).toBe(true);
  expect(telemetry.tracer.startSpan('late').isRecording()).toBe(false);
  open.end();
  expect(telemetry.status().state).toBe('shut-down');
  telemetry.meter.createCounter('nothing').add(1);
  expect(telemetry.logger.enabled()).toBe(false);
});
