import { createRequire } from 'node:module';
import type { Attributes, AttributeValue, HrTime, Link } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DecodedSpan, decodeTraces, plainAttributes } from '../../testkit/src/otlp-proto.js';
import { testResource, traceRig } from '../../testkit/src/trace-rig.js';
import type { ReadableSpan } from '../src/core/trace/readable-span.js';
import { exportRequestToJson } from '../src/core/wire/export-request-to-json.js';

/** What must arrive of a string: well-formed, lone surrogates as U+FFFD. */
const wellFormed = (text: string): string =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');

/** A recorded value as the decoder must see it: safe integers as integers, other numbers as doubles. */
function onTheWire(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(onTheWire);
  return value ?? null;
}

const attributesOnTheWire = (attributes: Attributes): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [wellFormed(key), onTheWire(value)]));

// Strings of every kind: ASCII, any UTF-16 units (lone surrogates among them), lengths around each border of a varint.
const anyUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));
const longText = fc
  .tuple(
    fc.constantFrom('a', 'ü', '\u{1f600}', '\ud800', '\u0000'),
    fc.constantFrom(100, 122, 124, 127, 128, 129, 300, 16_400),
  )
  .map(([unit, length]) => unit.repeat(length));
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string() },
  { weight: 4, arbitrary: anyUnits },
  { weight: 1, arbitrary: longText },
);

const edges = [
  0,
  -0,
  1,
  -1,
  127,
  128,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
];
const otherNumbers = [
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  -(2 ** 63),
  1.5,
  5e-324,
  1.797e308,
  Number.NaN,
  Infinity,
  -Infinity,
];
const number = fc.oneof(fc.constantFrom(...edges, ...otherNumbers), fc.integer(), fc.maxSafeInteger(), fc.double());
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.array(fc.option(text), { maxLength: 5 }),
  fc.array(fc.option(number), { maxLength: 5 }),
  fc.array(fc.option(fc.boolean()), { maxLength: 5 }),
);
const key = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  anyUnits.filter((units) => units !== ''),
  longText,
);
// Keys that become equal on the wire would be one attribute there; the engine compares what was given.
const attributes = fc
  .uniqueArray(fc.tuple(key, value), { maxLength: 12, selector: ([given]) => wellFormed(given) })
  .map((pairs) => Object.fromEntries(pairs) as Attributes);

const hrTime: fc.Arbitrary<HrTime> = fc.tuple(
  fc.integer({ min: 0, max: 2 ** 33 }),
  fc.integer({ min: 0, max: 999_999_999 }),
);
const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''))
    .filter((id) => /[1-9a-f]/.test(id));
const link: fc.Arbitrary<Link> = fc.record(
  {
    context: fc.record({
      traceId: hex(32),
      spanId: hex(16),
      traceFlags: fc.integer({ min: 0, max: 255 }),
      isRemote: fc.boolean(),
    }),
    attributes,
  },
  { requiredKeys: ['context'] },
);

const recording = fc
  .record({
    name: text,
    kind: fc.integer({ min: 0, max: 4 }),
    initial: attributes,
    later: fc.array(fc.tuple(key, value), { maxLength: 6 }),
    start: hrTime,
    end: hrTime,
    events: fc.array(fc.record({ name: text, attributes, time: hrTime }), { maxLength: 3 }),
    links: fc.array(link, { maxLength: 3 }),
    status: fc.constantFrom(
      undefined,
      { code: 1 as const },
      { code: 2 as const },
      { code: 2 as const, message: 'kaputt \ud800 \u{1f600}' },
      { code: 2 as const, message: 'x'.repeat(200) },
    ),
  })
  .filter(({ initial, later }) => {
    const keys = new Set([...Object.keys(initial), ...later.map(([name]) => name)]);
    return new Set([...keys].map(wellFormed)).size === keys.size;
  });

const nanos = ([seconds, rest]: HrTime): string => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));
const present = <T>(fallback: T, given: T | undefined): T => given ?? fallback;
const later = (a: HrTime, b: HrTime): HrTime => (a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]) ? a : b);

type Recording = typeof recording extends fc.Arbitrary<infer R> ? R : never;

function record(all: readonly Recording[]) {
  const ended: ReadableSpan[] = [];
  const rig = traceRig({
    processors: [
      { onStart() {}, onEnd: (span) => ended.push(span), forceFlush: async () => {}, shutdown: async () => {} },
    ],
  });
  for (const one of all) {
    const span = rig.tracer.startSpan(one.name, {
      kind: one.kind,
      attributes: one.initial,
      links: one.links,
      startTime: one.start,
    });
    for (const [name, given] of one.later) span.setAttribute(name, given);
    for (const event of one.events) span.addEvent(event.name, event.attributes, event.time);
    if (one.status) span.setStatus(one.status);
    span.end(one.end);
  }
  expect(rig.errors).toEqual([]);
  // In one buffer each, so that the order is known.
  const batches = [rig.normal, rig.high].flatMap((buffer) => buffer.take(testResource) ?? []);
  const spans = batches.flatMap(({ bytes }) => decodeTraces(bytes).resourceSpans[0]!.scopeSpans[0]!.spans);
  return { ended, batches, spans };
}

function expectSame(span: DecodedSpan, one: Recording, readable: ReadableSpan): void {
  const { traceId, spanId } = readable.spanContext();
  expect(span.traceId.toString('hex')).toBe(traceId);
  expect(span.spanId.toString('hex')).toBe(spanId);
  expect(present('', span.name)).toBe(wellFormed(one.name));
  expect(span.kind).toBe(one.kind + 1);
  expect(present('0', span.startTimeUnixNano)).toBe(nanos(one.start));
  expect(present('0', span.endTimeUnixNano)).toBe(nanos(later(one.start, one.end)));
  // Not by assignment: `__proto__` is a name as well.
  const expected: Attributes = Object.fromEntries([...Object.entries(one.initial), ...one.later]);
  expect(plainAttributes(span.attributes)).toEqual(attributesOnTheWire(expected));
  expect(span.attributes.length).toBe(Object.keys(expected).length);
  expect(
    span.events.map((event) => [
      present('', event.name),
      present('0', event.timeUnixNano),
      plainAttributes(event.attributes),
    ]),
  ).toEqual(
    one.events.map((event) => [wellFormed(event.name), nanos(event.time), attributesOnTheWire(event.attributes)]),
  );
  expect(
    span.links.map((given) => [
      given.traceId.toString('hex'),
      given.spanId.toString('hex'),
      given.flags,
      plainAttributes(given.attributes),
    ]),
  ).toEqual(
    one.links.map(({ context, attributes: given }) => [
      context.traceId,
      context.spanId,
      context.traceFlags | (context.isRemote ? 0x300 : 0x100),
      attributesOnTheWire(given ?? {}),
    ]),
  );
  expect(present(0, span.status?.code)).toBe(one.status?.code ?? 0);
  expect(present('', span.status?.message)).toBe(
    wellFormed(one.status && 'message' in one.status ? one.status.message! : ''),
  );
}

const isError = (one: Recording): boolean => one.status?.code === 2;
/** In the order of the batches: errors are in one of their own. */
const inOrder = (all: readonly Recording[]): Recording[] => [
  ...all.filter((one) => !isError(one)),
  ...all.filter(isError),
];

test('what random spans encode, an independent decoder reads as recorded [B1 F8]', () => {
  fc.assert(
    fc.property(fc.array(recording, { minLength: 1, maxLength: 6 }), (all) => {
      const { spans, ended } = record(all);
      const order = inOrder(all);
      expect(spans.length).toBe(all.length);
      for (const [i, span] of spans.entries()) expectSame(span, order[i]!, ended[all.indexOf(order[i]!)]!);
    }),
    { numRuns: 300 },
  );
});

test('OTLP/JSON of the same bytes reads back the same [B2]', () => {
  fc.assert(
    fc.property(fc.array(recording, { minLength: 1, maxLength: 4 }), (all) => {
      const { batches } = record(all);
      for (const { bytes } of batches) {
        const read: unknown = JSON.parse(exportRequestToJson('traces', bytes));
        expect(canonical(read)).toEqual(canonical(decodeTraces(bytes)));
      }
    }),
    { numRuns: 200 },
  );
});

/** Both forms as one: ids and bytes as text, absent and empty alike. */
function canonical(part: unknown): unknown {
  if (Buffer.isBuffer(part)) return part.toString('hex');
  if (Array.isArray(part)) return part.map(canonical);
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([name, inner]): [string, unknown] => {
    if (name === 'doubleValue') return [name, Object.is(Number(inner), -0) ? 0 : Number(inner)];
    return [name, canonical(inner)];
  });
  // The wire may carry the default of a field that is not part of a `oneof`; a reader cannot tell it from an absent one.
  const isDefault = (name: string, inner: unknown): boolean =>
    (Array.isArray(inner) && inner.length === 0) ||
    (inner === '' && name === 'name') ||
    (inner === '0' && /Nano$/.test(name));
  return Object.fromEntries(entries.filter(([name, inner]) => !isDefault(name, inner)));
}

test('OpenTelemetry’s own serializer, given the same spans, writes what ours decodes to', () => {
  const { ProtobufTraceSerializer } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer');
  fc.assert(
    fc.property(fc.array(recording, { minLength: 1, maxLength: 3 }), (all) => {
      const { ended, spans } = record(all);
      const theirs = ended.map((span, i) => {
        const bytes: Uint8Array = ProtobufTraceSerializer.serializeRequest([span]);
        return [inOrder(all).indexOf(all[i]!), decodeTraces(bytes).resourceSpans[0]!.scopeSpans[0]!.spans[0]!] as const;
      });
      for (const [place, span] of theirs) {
        const ours = spans[place]!;
        // What they write otherwise: integers beyond 32 bits as doubles of the same value, our flags have the random bit of ours.
        expect(span.traceId).toEqual(ours.traceId);
        expect(span.spanId).toEqual(ours.spanId);
        expect(span.name).toEqual(ours.name);
        expect(span.kind).toEqual(ours.kind);
        expect(span.startTimeUnixNano).toEqual(ours.startTimeUnixNano);
        expect(span.endTimeUnixNano).toEqual(ours.endTimeUnixNano);
        expect(span.flags).toEqual(ours.flags);
        expect(span.attributes.length).toBe(ours.attributes.length);
        expect(numbersAlike(plainAttributes(span.attributes))).toEqual(numbersAlike(plainAttributes(ours.attributes)));
        expect(span.events.length).toBe(ours.events.length);
        expect(span.links.map((given) => given.spanId)).toEqual(ours.links.map((given) => given.spanId));
        expect(span.status?.code ?? 0).toBe(ours.status?.code ?? 0);
      }
    }),
    { numRuns: 100 },
  );
});

function numbersAlike(part: unknown): unknown {
  if (typeof part === 'bigint' || typeof part === 'number') return Number(part) + 0;
  if (Array.isArray(part)) return part.map(numbersAlike);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, numbersAlike(inner)]));
}
