import { type Attributes, createTraceState, type SpanContext, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createTestClock } from '../../src/runtimes/testing/index.js';
import { recorded } from './recorded.js';

/* What a span carries: attributes of every type, links, events, exceptions. */

const tracer = trace.getTracer('compliance');

const remote: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

test('an attribute is set, replaced by a later one of its key, and set at creation as well', () => {
  const { span } = recorded();
  const open = tracer.startSpan('x', { attributes: { at: 'creation', twice: 1 } });
  expect(open.setAttribute('later', true).setAttributes({ twice: 2, more: 'x' })).toBe(open);
  open.end();
  expect(span('x').attributes).toEqual({ at: 'creation', twice: 2n, later: true, more: 'x' });
});

test('strings, among them the empty one, keep every character', () => {
  const { span } = recorded();
  const value = 'naïve – 你好 – 𝒳 – 👩‍👩‍👧 – \u0000 – \u{10ffff}';
  tracer.startSpan('x', { attributes: { value, empty: '', 'ключ 鍵 🔑': 'x' } }).end();
  expect(span('x').attributes).toEqual({ value, empty: '', 'ключ 鍵 🔑': 'x' });
});

test('booleans stay booleans', () => {
  const { span } = recorded();
  tracer.startSpan('x', { attributes: { yes: true, no: false } }).end();
  expect(span('x').attributes).toEqual({ yes: true, no: false });
});

test('doubles keep every bit, whole numbers are integers of 64 bits', () => {
  const { span } = recorded();
  const doubles = { pi: Math.PI, tiny: 5e-324, huge: 1.7976931348623157e308, inf: Infinity, nan: Number.NaN };
  const integers = { zero: 0, minus: -1, max: Number.MAX_SAFE_INTEGER, min: Number.MIN_SAFE_INTEGER };
  tracer.startSpan('x', { attributes: { ...doubles, ...integers } }).end();
  expect(span('x').attributes).toEqual({
    ...doubles,
    zero: 0n,
    minus: -1n,
    max: 9007199254740991n,
    min: -9007199254740991n,
  });
});

test('bigints are taken for the integers no number can hold', () => {
  const { span } = recorded();
  const edges = { max: 9223372036854775807n, min: -9223372036854775808n };
  tracer.startSpan('x', { attributes: edges as unknown as Attributes }).end();
  expect(span('x').attributes).toEqual(edges);
});

test('bytes are those of the moment they were set, and no more of them than a string may have', () => {
  const rig = recorded({ spanLimits: { attributeValueLengthLimit: 3 } });
  const memory = Buffer.from('first');
  const span = rig.telemetry.tracer.startSpan('s');
  span.setAttribute('memory', memory as unknown as string);
  memory.write('later');
  span.end();
  expect(rig.span('s').attributes).toEqual({ memory: Buffer.from('fir') });
});

test('arrays of one type keep order, length and gaps, and later changes of the program do not reach them', () => {
  const { span } = recorded();
  const words = ['b', 'a', 'a'];
  const open = tracer.startSpan('x', {
    attributes: { words, numbers: [1, 2.5], flags: [true, false], none: [], gaps: ['a', null, undefined, 'b'] },
  });
  words.push('later');
  open.end();
  expect(span('x').attributes).toEqual({
    words: ['b', 'a', 'a'],
    numbers: [1n, 2.5],
    flags: [true, false],
    none: [],
    gaps: ['a', null, null, 'b'],
  });
});

test('links are recorded at creation with identity, tracestate and attributes', () => {
  const { span } = recorded();
  const linked = { ...remote, traceState: createTraceState('rojo=1') };
  tracer.startSpan('x', { links: [{ context: linked, attributes: { why: 'batch', n: 2 } }] }).end();
  expect(span('x').links).toEqual([
    {
      traceId: remote.traceId,
      spanId: remote.spanId,
      traceState: 'rojo=1',
      attributes: { why: 'batch', n: 2n },
      droppedAttributes: 0,
    },
  ]);
});

test('links are recorded after creation too, in the order they came', () => {
  const { span } = recorded();
  const other = (n: number) => ({ context: { ...remote, spanId: `${n}`.repeat(16) } });
  const open = tracer.startSpan('x', { links: [other(1), other(2)] });
  expect(open.addLink(other(3)).addLinks([other(4), other(5)])).toBe(open);
  open.end();
  expect(span('x').links.map(({ spanId }) => spanId[0])).toEqual(['1', '2', '3', '4', '5']);
});

test('events have a name, attributes and the time of now or of the user, in the order they came', () => {
  const clock = createTestClock();
  const { span } = recorded({ clock });
  const open = tracer.startSpan('x');
  clock.advance(10);
  expect(open.addEvent('first', { n: 1 })).toBe(open);
  open.addEvent('with a time', [1_700_000_000, 5]).addEvent('with both', { n: 3 }, 1_600_000_000_000);
  open.end();
  const { events, start } = span('x');
  expect(events).toEqual([
    { name: 'first', time: start + 10_000_000n, attributes: { n: 1n }, droppedAttributes: 0 },
    { name: 'with a time', time: 1_700_000_000_000_000_005n, attributes: {}, droppedAttributes: 0 },
    { name: 'with both', time: 1_600_000_000_000_000_000n, attributes: { n: 3n }, droppedAttributes: 0 },
  ]);
});

test('an exception is an event with type, message and stack trace, and does not end or fail the span by itself', () => {
  const { span } = recorded();
  const error = new RangeError('out of paper');
  const open = tracer.startSpan('x');
  open.recordException(error, [1_700_000_000, 7]);
  open.recordException('a string');
  expect(open.isRecording()).toBe(true);
  open.end();
  expect(span('x').status.code).toBe(0);
  expect(span('x').events).toMatchObject([
    {
      name: 'exception',
      time: 1_700_000_000_000_000_007n,
      attributes: {
        'exception.type': 'RangeError',
        'exception.message': 'out of paper',
        'exception.stacktrace': error.stack,
      },
    },
    { name: 'exception', attributes: { 'exception.message': 'a string' } },
  ]);
});
