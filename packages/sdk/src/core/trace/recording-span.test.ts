import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { plainAttributes } from '../../../../testkit/src/otlp-proto.js';
import { type TraceRigOptions, traceRig } from '../../../../testkit/src/trace-rig.js';
import { rootContext } from '../context/context.js';
import { setSpan } from '../context/span-in-context.js';
import type { ReadableSpan } from './readable-span.js';
import type { SdkSpan, SpanProcessor } from './span-processor.js';

const processor = (parts: Partial<SpanProcessor>): SpanProcessor => ({
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
  ...parts,
});

/** Records one span and gives what left. */
function recorded(work: (span: SdkSpan, rig: ReturnType<typeof traceRig>) => void, options: TraceRigOptions = {}) {
  const rig = traceRig(options);
  const span = rig.tracer.startSpan('s') as SdkSpan;
  work(span, rig);
  span.end();
  expect(rig.errors).toEqual([]);
  return rig.spans()[0]!;
}

test('attributes of every type, and arrays of them [B1 F8]', () => {
  const given: Attributes = {
    text: 'x',
    empty: '',
    int: 42,
    negative: -42,
    zero: 0,
    float: 1.5,
    yes: true,
    no: false,
    texts: ['a', 'b'],
    numbers: [1, 2.5],
    flags: [true, false],
    none: [],
  };
  const { attributes } = recorded((span) => span.setAttributes(given));
  expect(plainAttributes(attributes)).toEqual({ ...given, int: 42n, negative: -42n, zero: 0n, numbers: [1n, 2.5] });
});

test('keys and texts in any script arrive as they are', () => {
  const { attributes, name } = recorded((span) => {
    span.updateName('оплата 💳').setAttribute('størrelse', '日本語 – ürün');
  });
  expect(name).toBe('оплата 💳');
  expect(plainAttributes(attributes)).toEqual({ størrelse: '日本語 – ürün' });
});

test('what is no attribute is ignored: null, undefined, functions, objects, mixed arrays, an empty key', () => {
  const wrong = {
    nothing: null,
    missing: undefined,
    fn: () => 1,
    map: { a: 1 },
    mixed: [1, 'a'],
    nested: [[1]],
    symbol: Symbol('s'),
    '': 'empty key',
  } as unknown as Attributes;
  const { attributes, droppedAttributesCount } = recorded((span) => {
    span.setAttributes(wrong);
    for (const [key, value] of Object.entries(wrong)) span.setAttribute(key, value as never);
    span.setAttribute('kept', 1);
  });
  expect(plainAttributes(attributes)).toEqual({ kept: 1n });
  expect(droppedAttributesCount).toBeUndefined();
});

test('integers of 64 bits and bytes, which the API has no type for, are taken', () => {
  const { attributes } = recorded((span) => {
    span.setAttribute('big', (2n ** 62n) as never);
    span.setAttribute('too.big', (2n ** 63n) as never);
    span.setAttribute('bytes', new Uint8Array([1, 2, 3]) as never);
  });
  expect(plainAttributes(attributes)).toEqual({
    big: 2n ** 62n,
    'too.big': '9223372036854775808',
    bytes: Buffer.from([1, 2, 3]),
  });
});

test('of a key given twice the last value is on the wire, once, at its first place', () => {
  const { attributes } = recorded((span) => {
    span.setAttributes({ a: 1, b: 1 });
    span.setAttributes({ c: 1, a: 2 });
    span.setAttribute('b', 'last').setAttribute('c', true).setAttribute('b', 'very last');
  });
  expect(attributes.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  expect(plainAttributes(attributes)).toEqual({ a: 2n, b: 'very last', c: true });
});

test('the same key many times takes no room for each', () => {
  const { attributes, droppedAttributesCount } = recorded((span) => {
    for (let i = 0; i < 10_000; i++) span.setAttribute(`key.${i % 50}`, i);
  });
  expect(attributes).toHaveLength(50);
  expect(plainAttributes(attributes)['key.49']).toBe(9_999n);
  expect(droppedAttributesCount).toBeUndefined();
});

test('more keys than are remembered are still told apart', () => {
  const rig = traceRig({ spanLimits: { attributeCountLimit: 5_000 } });
  const span = rig.tracer.startSpan('s');
  for (let round = 0; round < 2; round++) for (let i = 0; i < 3_000; i++) span.setAttribute(`key.${i}`, i + round);
  span.end();
  const { attributes } = rig.spans()[0]!;
  expect(attributes).toHaveLength(3_000);
  expect(plainAttributes(attributes)['key.2999']).toBe(3_000n);
});

test('an object or array changed after it was given changes nothing', () => {
  const list = ['a'];
  const given: Attributes = { list, n: 1 };
  const { attributes } = recorded((span) => {
    span.setAttributes(given);
    list.push('b');
    given.n = 2;
  });
  expect(plainAttributes(attributes)).toEqual({ list: ['a'], n: 1n });
});

test('the same texts again and again arrive every time, and others between them', () => {
  const rig = traceRig();
  const texts = Array.from({ length: 200 }, (_, i) => (i % 7 ? 'GET' : i % 3 ? `POST ${i}` : 'ü'.repeat(i)));
  for (const text of texts) rig.tracer.startSpan(text, { attributes: { method: text, n: 1 } }).end();
  const spans = rig.spans();
  expect(spans.map(({ name }) => name ?? '')).toEqual(texts);
  expect(spans.map(({ attributes }) => plainAttributes(attributes).method)).toEqual(texts);
});

test('attributes beyond the limit are dropped and counted; one that is there can still change [F11 F21]', () => {
  const { attributes, droppedAttributesCount } = recorded(
    (span) => {
      span.setAttributes({ a: 1, b: 2, c: 3, d: 4 });
      span.setAttribute('e', 5).setAttribute('a', 'changed');
    },
    { spanLimits: { attributeCountLimit: 2 } },
  );
  expect(plainAttributes(attributes)).toEqual({ a: 'changed', b: 2n });
  expect(droppedAttributesCount).toBe(3);
});

test('the default limits are those of the specification: 128 attributes, events and links', () => {
  const span = recorded((open) => {
    for (let i = 0; i < 130; i++) {
      open.setAttribute(`k${i}`, i);
      open.addEvent(`e${i}`);
      open.addLink({ context: open.spanContext() });
    }
  });
  expect([span.attributes.length, span.events.length, span.links.length]).toEqual([128, 128, 128]);
  expect([span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount]).toEqual([2, 2, 2]);
  expect(span.events[0]!.name).toBe('e2');
});

test('texts are cut to the length limit, in arrays too, never through a surrogate pair [F11]', () => {
  const { attributes } = recorded(
    (span) => span.setAttributes({ long: 'abcdef', list: ['abcdef', 'ab'], pair: 'abc💳', n: 123_456 }),
    { spanLimits: { attributeValueLengthLimit: 4 } },
  );
  expect(plainAttributes(attributes)).toEqual({ long: 'abcd', list: ['abcd', 'ab'], pair: 'abc', n: 123_456n });
});

test('attributes of one event and of one link have limits of their own', () => {
  const { events, links } = recorded(
    (span) => {
      span.addEvent('e', { a: 1, b: 2, c: 3 });
      span.addLink({ context: span.spanContext(), attributes: { a: 1, b: 2 } });
    },
    { spanLimits: { attributePerEventCountLimit: 2, attributePerLinkCountLimit: 1 } },
  );
  expect([events[0]!.attributes.length, events[0]!.droppedAttributesCount]).toEqual([2, 1]);
  expect([links[0]!.attributes.length, links[0]!.droppedAttributesCount]).toEqual([1, 1]);
});

test('a limit of 0 keeps nothing and counts everything', () => {
  const span = recorded((open) => open.setAttribute('a', 1).addEvent('e').addLink({ context: open.spanContext() }), {
    spanLimits: { attributeCountLimit: 0, eventCountLimit: 0, linkCountLimit: 0 },
  });
  expect([span.attributes.length, span.events.length, span.links.length]).toEqual([0, 0, 0]);
  expect([span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount]).toEqual([1, 1, 1]);
});

test('a limit that is no number means the default', () => {
  const { attributes } = recorded((span) => span.setAttribute('a', 'x'.repeat(1_000)), {
    spanLimits: { attributeCountLimit: Number.NaN, attributeValueLengthLimit: -1 },
  });
  expect(plainAttributes(attributes).a).toHaveLength(1_000);
});

test('events keep their order, their attributes and their times [B1]', () => {
  const time = fakeTime(1_700_000_000_000);
  const { events } = recorded(
    (span) => {
      span.addEvent('first', { n: 1 });
      span.addEvent('timed', [1_600_000_000, 5]);
      span.addEvent('both', { n: 2 }, new Date(1_600_000_000_000));
      span.addEvent('last', 1_650_000_000_000);
    },
    { time },
  );
  expect(events.map(({ name }) => name)).toEqual(['first', 'timed', 'both', 'last']);
  expect(events.map(({ timeUnixNano }) => timeUnixNano)).toEqual([
    '1700000000000000000',
    '1600000000000000005',
    '1600000000000000000',
    '1650000000000000000',
  ]);
  expect(events.map(({ attributes }) => plainAttributes(attributes))).toEqual([{ n: 1n }, {}, { n: 2n }, {}]);
});

test('links are recorded at creation and afterwards, in order', () => {
  const rig = traceRig();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => rig.tracer.startSpan(name).spanContext());
  const span = rig.tracer.startSpan('s', { links: [{ context: a!, attributes: { n: 1 } }] });
  span.addLink({ context: b! }).addLinks([{ context: c! }]);
  span.end();
  expect(rig.spans()[0]!.links.map(({ spanId }) => spanId.toString('hex'))).toEqual([a!.spanId, b!.spanId, c!.spanId]);
});

test.each([
  ['an Error', new TypeError('bad'), { 'exception.type': 'TypeError', 'exception.message': 'bad' }],
  [
    'an Error with a code',
    Object.assign(new Error('no'), { code: 'ENOENT' }),
    { 'exception.type': 'ENOENT', 'exception.message': 'no' },
  ],
  ['a string', 'bad', { 'exception.message': 'bad' }],
])('recordException takes %s [B1]', (_what, exception, expected) => {
  const { events } = recorded((span) => span.recordException(exception));
  expect(events[0]!.name).toBe('exception');
  const { 'exception.stacktrace': stack, ...rest } = plainAttributes(events[0]!.attributes);
  expect(rest).toEqual(expected);
  if (exception instanceof Error) expect(stack).toBe(exception.stack);
});

test.each([null, undefined, 42, {}, Object.create(null)])('recordException survives %s', (thrown) => {
  const { events } = recorded((span) => span.recordException(thrown as never, 1_600_000_000_000));
  expect(events).toHaveLength(1);
  expect(events[0]!.timeUnixNano).toBe('1600000000000000000');
});

test('status: unset is ignored, an error can become ok, ok is final, only an error has a message [B1]', () => {
  const statusOf = (...steps: { code: SpanStatusCode; message?: string }[]) =>
    recorded((span) => {
      for (const step of steps) span.setStatus(step);
    }).status;
  const { UNSET, OK, ERROR } = SpanStatusCode;
  expect(statusOf()).toBeUndefined();
  expect(statusOf({ code: ERROR, message: 'why' })).toEqual({ code: 2, message: 'why' });
  expect(statusOf({ code: ERROR, message: 'why' }, { code: UNSET })).toEqual({ code: 2, message: 'why' });
  expect(statusOf({ code: ERROR, message: 'why' }, { code: ERROR })).toEqual({ code: 2 });
  expect(statusOf({ code: ERROR, message: 'why' }, { code: OK, message: 'never' })).toEqual({ code: 1 });
  expect(statusOf({ code: OK }, { code: ERROR, message: 'late' })).toEqual({ code: 1 });
});

test('end counts once, and nothing changes a span that has ended', () => {
  const rig = traceRig();
  const span = rig.tracer.startSpan('s');
  expect(span.isRecording()).toBe(true);
  span.end();
  expect(span.isRecording()).toBe(false);
  span.setAttribute('a', 1).setAttributes({ b: 1 }).addEvent('e').addLink({ context: span.spanContext() });
  span.setStatus({ code: 2 }).updateName('late');
  span.recordException('late');
  span.end(1);
  expect(rig.fragments).toHaveLength(1);
  expect(rig.spans()[0]).toMatchObject({ name: 's', attributes: [], events: [], links: [] });
});

test('times may be given for start and end; an end before the start is the start', () => {
  const rig = traceRig();
  rig.tracer.startSpan('given', { startTime: [1_600_000_000, 1] }).end([1_600_000_001, 2]);
  rig.tracer.startSpan('early', { startTime: new Date(1_600_000_000_000) }).end(1_500_000_000_000);
  const [given, early] = rig.spans();
  expect([given!.startTimeUnixNano, given!.endTimeUnixNano]).toEqual(['1600000000000000001', '1600000001000000002']);
  expect([early!.startTimeUnixNano, early!.endTimeUnixNano]).toEqual(['1600000000000000000', '1600000000000000000']);
});

test('a duration is that of the monotonic clock, whatever the wall clock does, and children share their root’s line', async () => {
  const rig = traceRig();
  const root = rig.tracer.startSpan('root');
  rig.time.jumpWall(-3_600_000);
  await rig.time.advance(20);
  const child = rig.tracer.startSpan('child', {}, setSpan(rootContext, root));
  rig.time.jumpWall(7_200_000);
  await rig.time.advance(5);
  child.end();
  root.end();
  const [first, second] = rig.spans();
  const duration = (span: typeof first) => BigInt(span!.endTimeUnixNano!) - BigInt(span!.startTimeUnixNano!);
  expect(duration(first)).toBe(5_000_000n);
  expect(duration(second)).toBe(25_000_000n);
  expect(BigInt(first!.startTimeUnixNano!) - BigInt(second!.startTimeUnixNano!)).toBe(20_000_000n);
});

test('errors are in the buffer that is kept longest', () => {
  const rig = traceRig();
  rig.tracer.startSpan('fine').end();
  rig.tracer.startSpan('bad').setStatus({ code: SpanStatusCode.ERROR }).end();
  expect(rig.fragments.map(({ priority }) => priority)).toEqual(['normal', 'high']);
  expect([rig.normal.items, rig.high.items]).toEqual([1, 1]);
});

test('processors see the span begin with its parent context, end, and after its end, in their order [F26]', () => {
  const log: unknown[] = [];
  const watch = (name: string) =>
    processor({
      onStart: (span, context) => log.push([name, 'start', span.name, context === rootContext, span.isRecording()]),
      onEnding: (span) => log.push([name, 'ending', span.isRecording(), span.endTime[0] > 0]),
      onEnd: (span) => log.push([name, 'end', span.ended]),
    });
  const rig = traceRig({ processors: [watch('a'), watch('b')] });
  rig.tracer.startSpan('s', {}, rootContext).end();
  expect(log).toEqual([
    ['a', 'start', 's', true, true],
    ['b', 'start', 's', true, true],
    ['a', 'ending', true, true],
    ['b', 'ending', true, true],
    ['a', 'end', true],
    ['b', 'end', true],
  ]);
});

test('a processor that removes and adds attributes changes the bytes that leave [F26]', () => {
  const { attributes } = recorded((span) => span.setAttributes({ password: 'hunter2', user: 'ada' }), {
    processors: [
      processor({
        onStart: (span) => span.setAttribute('from.start', true),
        onEnding(span) {
          delete (span.attributes as Record<string, unknown>).password;
          span.attributes.added = 'live';
          span.setAttribute('user', 'changed');
        },
      }),
    ],
  });
  expect(plainAttributes(attributes)).toEqual({ 'from.start': true, user: 'changed', added: 'live' });
});

test('a processor can change events and links before they leave [F26]', () => {
  const { events, links, name } = recorded(
    (span) => {
      span.addEvent('login', { password: 'hunter2', ok: true });
      span.addLink({ context: span.spanContext(), attributes: { token: 'x' } });
    },
    {
      processors: [
        processor({
          onEnding(span) {
            span.events[0]!.attributes = { ok: 'replaced' };
            delete (span.links[0]!.attributes as Record<string, unknown>).token;
            span.events.push({ time: [1, 2], name: 'pushed', attributes: { by: 'processor' } });
            span.links.push({ context: span.spanContext() });
            span.updateName('renamed');
          },
        }),
      ],
    },
  );
  expect(name).toBe('renamed');
  expect(events.map((event) => plainAttributes(event.attributes))).toEqual([{ ok: 'replaced' }, { by: 'processor' }]);
  expect(events[1]!.timeUnixNano).toBe('1000000002');
  expect(links.map((link) => link.attributes)).toEqual([[], []]);
});

test('a processor that throws is reported; the span leaves and the program goes on [F2]', () => {
  const rig = traceRig({
    processors: [
      processor({
        onStart() {
          throw new Error('start');
        },
        onEnding() {
          throw new Error('ending');
        },
        onEnd() {
          throw new Error('end');
        },
      }),
    ],
  });
  rig.tracer.startSpan('s').end();
  expect(rig.errors.map((error) => (error as Error).message)).toEqual(['start', 'ending', 'end']);
  expect(rig.spans()).toHaveLength(1);
});

test('a value that changes while it is read loses the span at most, never its neighbours', () => {
  let reads = 0;
  const rig = traceRig({
    processors: [
      processor({
        onEnding(span) {
          if (span.name !== 'liar') return;
          Object.defineProperty(span.attributes, 'grows', { enumerable: true, get: () => 'x'.repeat(10 ** ++reads) });
        },
      }),
    ],
  });
  for (const name of ['before', 'liar', 'after']) rig.tracer.startSpan(name).end();
  const names = rig.spans().map(({ name }) => name);
  expect(names).toContain('before');
  expect(names).toContain('after');
});

test('a span reads as OpenTelemetry’s ReadableSpan', async () => {
  const ended: ReadableSpan[] = [];
  const rig = traceRig({ processors: [processor({ onEnd: (span) => ended.push(span) })] });
  const parent = rig.tracer.startSpan('parent');
  const context = setSpan(rootContext, parent);
  const span = rig.provider.getTracer('lib', '2').startSpan('child', { kind: 2, attributes: { a: 1 } }, context);
  expect((span as SdkSpan).duration).toEqual([-1, -1]);
  span.addEvent('e', { b: 2 });
  span.addLink({ context: parent.spanContext(), attributes: { c: 3 } });
  span.setStatus({ code: 2, message: 'm' });
  await rig.time.advance(1_500.25);
  span.end();
  const [readable] = ended as [ReadableSpan];
  expect(readable).toMatchObject({
    name: 'child',
    kind: 2,
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 500_250_000],
    duration: [1, 500_250_000],
    status: { code: 2, message: 'm' },
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  });
  expect(readable.parentSpanContext).toEqual(parent.spanContext());
  expect(readable.attributes).toEqual({ a: 1 });
  expect(readable.events.map(({ name, time, attributes }) => ({ name, time, attributes }))).toEqual([
    { name: 'e', time: [1_700_000_000, 0], attributes: { b: 2 } },
  ]);
  expect(readable.links.map(({ context: linked, attributes }) => [linked, attributes])).toEqual([
    [parent.spanContext(), { c: 3 }],
  ]);
  expect(readable.resource.attributes).toEqual({ 'service.name': 'test' });
  expect(readable.instrumentationScope).toMatchObject({ name: 'lib', version: '2' });
});
