import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { SpanProcessor } from '../../src/core/trace/span-processor.js';
import { createTestClock } from '../../src/runtimes/testing/index.js';
import { recorded } from './recorded.js';

const quiet: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
const tracer = trace.getTracer('compliance');

const remote: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};
const inRemote = (parent: Partial<SpanContext> = {}): Context =>
  trace.setSpanContext(ROOT_CONTEXT, { ...remote, ...parent });

test('the active span can be set, read and left again', () => {
  recorded();
  const span = tracer.startSpan('active');
  expect(trace.getActiveSpan()).toBeUndefined();
  const result = context.with(trace.setSpan(context.active(), span), () => {
    expect(trace.getActiveSpan()).toBe(span);
    return 'result';
  });
  expect(result).toBe('result');
  expect(trace.getActiveSpan()).toBeUndefined();
});

test('startActiveSpan makes its span the active one, also behind await', async () => {
  recorded();
  await tracer.startActiveSpan('active', async (span) => {
    expect(trace.getActiveSpan()).toBe(span);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(trace.getActiveSpan()).toBe(span);
    span.end();
  });
  expect(trace.getActiveSpan()).toBeUndefined();
});

test('a new span has ids of its own, a name, a kind and times', () => {
  const { span } = recorded();
  const kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
  for (const kind of kinds) tracer.startSpan(`kind ${kind}`, { kind }).end();
  const seen = kinds.map((kind) => span(`kind ${kind}`));
  // SpanKind of the wire counts from 1, 0 being "unspecified".
  expect(seen.map(({ kind }) => kind)).toEqual([1, 2, 3, 4, 5]);
  expect(new Set(seen.map(({ spanId }) => spanId)).size).toBe(5);
  for (const { traceId, spanId, start, end } of seen) {
    expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(end >= start && start > 1_600_000_000_000_000_000n).toBe(true);
  }
});

test('tasks that wait for each other each keep their own active span and record into it alone', async () => {
  const { spans } = recorded();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      tracer.startActiveSpan(`task ${n}`, async (span) => {
        for (let i = 0; i < 5; i++) {
          await turn();
          trace.getActiveSpan()!.setAttribute(`a${i}`, n);
          trace.getActiveSpan()!.addEvent(`${n}.${i}`);
          tracer.startSpan(`child ${n}`).end();
        }
        span.end();
      }),
    ),
  );
  const tasks = spans().filter(({ name }) => name.startsWith('task'));
  expect(tasks).toHaveLength(50);
  for (const { name, spanId, attributes, events } of tasks) {
    const n = Number(name.slice(5));
    expect(Object.values(attributes)).toEqual(Array(5).fill(BigInt(n)));
    expect(events.map((event) => event.name)).toEqual([0, 1, 2, 3, 4].map((i) => `${n}.${i}`));
    const children = spans().filter((span) => span.name === `child ${n}`);
    expect(children.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(5).fill(spanId));
  }
});

test('a span context is valid with two ids that are not zero, and says whether it is remote', () => {
  recorded();
  const own = tracer.startSpan('own');
  expect(isSpanContextValid(own.spanContext())).toBe(true);
  expect(own.spanContext().isRemote ?? false).toBe(false);
  const carrier = { traceparent: `00-${remote.traceId}-${remote.spanId}-01` };
  const extracted = propagation.extract(ROOT_CONTEXT, carrier);
  expect(trace.getSpanContext(extracted)).toMatchObject({ traceId: remote.traceId, isRemote: true });
  const child = tracer.startSpan('child', {}, extracted);
  expect(child.spanContext().isRemote ?? false).toBe(false);
  for (const header of [`00-${'0'.repeat(32)}-${remote.spanId}-01`, `00-${remote.traceId}-${'0'.repeat(16)}-01`]) {
    expect(trace.getSpanContext(propagation.extract(ROOT_CONTEXT, { traceparent: header }))).toBeUndefined();
  }
});

test('trace id, flags and tracestate of a W3C parent go through a span to the next process', () => {
  const { span } = recorded();
  const parent = propagation.extract(ROOT_CONTEXT, {
    traceparent: `00-${remote.traceId}-${remote.spanId}-01`,
    tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  });
  const server = tracer.startSpan('server', { kind: SpanKind.SERVER }, parent);
  const out: Record<string, string> = {};
  propagation.inject(trace.setSpan(parent, server), out);
  server.end();
  expect(out).toEqual({
    traceparent: `00-${remote.traceId}-${server.spanContext().spanId}-01`,
    tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  });
  expect(span('server')).toMatchObject({
    traceId: remote.traceId,
    parentSpanId: remote.spanId,
    traceState: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  });
});

test('roots say that their trace ids are random, children what their parents said', () => {
  const { span } = recorded();
  const root = tracer.startSpan('root');
  expect(root.spanContext().traceFlags & 2).toBe(2);
  const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root));
  expect(child.spanContext().traceFlags & 2).toBe(2);
  const older = tracer.startSpan('below an older sender', {}, inRemote({ traceFlags: 1 }));
  expect(older.spanContext().traceFlags & 2).toBe(0);
  const out: Record<string, string> = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, root), out);
  expect(out.traceparent).toMatch(/-03$/);
  for (const open of [root, child, older]) open.end();
  expect([span('root').flags & 0xff, span('child').flags & 0xff]).toEqual([3, 3]);
  // An id generator that promises no randomness must not be spoken for.
  const { telemetry } = recorded({
    global: false,
    idGenerator: { generateTraceId: () => 'a'.repeat(32), generateSpanId: () => 'b'.repeat(16) },
  });
  expect(telemetry.tracer.startSpan('x').spanContext().traceFlags & 2).toBe(0);
});

test('a span without a parent, or told to be a root, begins a trace', () => {
  const { span } = recorded();
  tracer.startActiveSpan('outer', (outer) => {
    tracer.startSpan('root', { root: true }).end();
    tracer.startSpan('in the root context', {}, ROOT_CONTEXT).end();
    outer.end();
  });
  const traceIds = ['outer', 'root', 'in the root context'].map((name) => span(name).traceId);
  expect(new Set(traceIds).size).toBe(3);
  expect([span('outer').parentSpanId, span('root').parentSpanId, span('in the root context').parentSpanId]).toEqual([
    '',
    '',
    '',
  ]);
});

test('the active span is the parent unless something else is said', () => {
  const { span } = recorded();
  tracer.startActiveSpan('outer', (outer) => {
    tracer.startSpan('child').end();
    outer.end();
  });
  expect(span('child')).toMatchObject({ traceId: span('outer').traceId, parentSpanId: span('outer').spanId });
});

test('a context that is given decides the parent, over the active span', () => {
  const { span } = recorded();
  tracer.startActiveSpan('active', (active) => {
    tracer.startSpan('child', {}, inRemote()).end();
    active.end();
  });
  expect(span('child')).toMatchObject({ traceId: remote.traceId, parentSpanId: remote.spanId });
});

test('a span or span context is no parent, only a context is', () => {
  const { span } = recorded();
  const other = tracer.startSpan('other');
  // Options that say "parent", as before OpenTelemetry 1.0, are not listened to.
  tracer.startSpan('child', { parent: other, parentSpanContext: remote } as object).end();
  other.end();
  expect(span('child').parentSpanId).toBe('');
});

test('a processor is given the whole parent context when a span starts', () => {
  const key = Symbol('tenant');
  const seen: unknown[] = [];
  recorded({
    spanProcessors: [
      { ...quiet, onStart: (span, parent) => void seen.push([span.name, parent.getValue(key), trace.getSpan(parent)]) },
    ],
  });
  const parent = tracer.startSpan('parent');
  tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent).setValue(key, 'north'));
  expect(seen).toEqual([
    ['parent', undefined, undefined],
    ['child', 'north', parent],
  ]);
});

test('a span can be renamed until it ends', () => {
  const { spans } = recorded();
  const span = tracer.startSpan('before');
  expect(span.updateName('after')).toBe(span);
  span.end();
  span.updateName('too late');
  expect(spans().map(({ name }) => name)).toEqual(['after']);
  expect((span as unknown as { readonly name: string }).name).toBe('after');
});

test('a start time of the user is kept to the nanosecond, in every form the API has', () => {
  const { span } = recorded();
  tracer.startSpan('hrtime', { startTime: [1_700_000_000, 123_456_789] }).end([1_700_000_001, 1]);
  tracer.startSpan('ms', { startTime: 1_700_000_000_123 }).end(1_700_000_000_124);
  tracer.startSpan('date', { startTime: new Date(1_700_000_000_123) }).end(new Date(1_700_000_000_125));
  expect([span('hrtime').start, span('hrtime').end]).toEqual([1_700_000_000_123_456_789n, 1_700_000_001_000_000_001n]);
  expect([span('ms').start, span('ms').end]).toEqual([1_700_000_000_123_000_000n, 1_700_000_000_124_000_000n]);
  expect([span('date').start, span('date').end]).toEqual([1_700_000_000_123_000_000n, 1_700_000_000_125_000_000n]);
});

test('end is now, counts once, and changes no child', () => {
  const clock = createTestClock();
  const { spans, span } = recorded({ clock });
  const parent = tracer.startSpan('parent');
  const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent));
  clock.advance(20);
  parent.end();
  clock.advance(5);
  parent.end();
  expect(spans().map(({ name }) => name)).toEqual(['parent']);
  expect(span('parent').end - span('parent').start).toBe(20_000_000n);
  expect(child.isRecording()).toBe(true);
  child.end();
  expect(span('child').end - span('child').start).toBe(25_000_000n);
});

test('an end time of the user is kept; one before the start makes no negative duration', () => {
  const { span } = recorded();
  tracer.startSpan('late', { startTime: 1_700_000_000_000 }).end(1_700_000_005_000);
  tracer.startSpan('back', { startTime: 1_700_000_000_000 }).end(1_600_000_000_000);
  expect(span('late').end - span('late').start).toBe(5_000_000_000n);
  expect(span('back').end).toBe(span('back').start);
});

test('a sampled span records, one that was turned down does not', () => {
  recorded();
  expect(tracer.startSpan('x').isRecording()).toBe(true);
  expect(tracer.startSpan('y', {}, inRemote({ traceFlags: 0 })).isRecording()).toBe(false);
});

test('after its end a span records nothing more', () => {
  const { span } = recorded();
  const ended = tracer.startSpan('x');
  ended.end();
  expect(ended.isRecording()).toBe(false);
  ended.setAttribute('a', 1).setAttributes({ b: 2 }).addEvent('e').addLink({ context: remote });
  ended.setStatus({ code: SpanStatusCode.ERROR }).recordException(new Error('late'));
  expect(span('x')).toMatchObject({ attributes: {}, events: [], links: [], status: { code: 0 } });
});

test('status goes from unset to error to ok and not back, and only an error has a description', () => {
  const { span } = recorded();
  const end = (name: string, ...statuses: { code: SpanStatusCode; message?: string }[]) => {
    const open = tracer.startSpan(name);
    for (const status of statuses) open.setStatus(status);
    open.end();
    return span(name).status;
  };
  const { UNSET, OK, ERROR } = SpanStatusCode;
  expect(end('nothing said')).toEqual({ code: 0, message: '' });
  expect(end('ok', { code: OK, message: 'not kept' })).toEqual({ code: 1, message: '' });
  expect(end('error', { code: ERROR, message: 'why' })).toEqual({ code: 2, message: 'why' });
  expect(end('unset is ignored', { code: ERROR, message: 'why' }, { code: UNSET })).toEqual({
    code: 2,
    message: 'why',
  });
  expect(end('ok is final', { code: ERROR, message: 'why' }, { code: OK }, { code: ERROR, message: 'no' })).toEqual({
    code: 1,
    message: '',
  });
});

test('what is over a limit of a span is dropped and counted, of attributes the later ones', () => {
  const { span } = recorded({ spanLimits: { attributeCountLimit: 2, eventCountLimit: 3, linkCountLimit: 1 } });
  const open = tracer.startSpan('x', { attributes: { a: 1 }, links: [{ context: remote }] });
  open.setAttributes({ b: 2, c: 3, d: 4 });
  open.setAttribute('a', 10);
  for (const name of ['e1', 'e2', 'e3', 'e4', 'e5']) open.addEvent(name);
  open.addLinks([{ context: remote }, { context: remote }]);
  open.end();
  expect(span('x').attributes).toEqual({ a: 10n, b: 2n });
  expect(span('x')).toMatchObject({ droppedAttributes: 2, droppedEvents: 2, droppedLinks: 2 });
  expect(span('x').events).toHaveLength(3);
  expect(span('x').links).toHaveLength(1);
});

test('without a word a span holds 128 attributes, events and links', () => {
  const { span } = recorded();
  const open = tracer.startSpan('x');
  for (let i = 0; i < 130; i++) open.setAttribute(`a${i}`, i).addEvent(`e${i}`).addLink({ context: remote });
  open.end();
  const { attributes, events, links, ...counts } = span('x');
  expect([Object.keys(attributes).length, events.length, links.length]).toEqual([128, 128, 128]);
  expect(counts).toMatchObject({ droppedAttributes: 2, droppedEvents: 2, droppedLinks: 2 });
});

test('attributes of events and links and the length of strings have limits of their own', () => {
  const { span } = recorded({
    spanLimits: { attributePerEventCountLimit: 1, attributePerLinkCountLimit: 2, attributeValueLengthLimit: 3 },
  });
  const three: Attributes = { a: 'abcdef', b: ['abcdef', 'x'], c: 1_000_000 };
  const open = tracer.startSpan('x', { attributes: three });
  open.addEvent('e', three).addLink({ context: remote, attributes: three }).end();
  expect(span('x').attributes).toEqual({ a: 'abc', b: ['abc', 'x'], c: 1_000_000n });
  expect(span('x').events[0]).toMatchObject({ attributes: { a: 'abc' }, droppedAttributes: 2 });
  expect(span('x').links[0]).toMatchObject({ attributes: { a: 'abc', b: ['abc', 'x'] }, droppedAttributes: 1 });
});

test('onEnding knows the end and may still change the span; onEnd may not', () => {
  const order: string[] = [];
  const { span } = recorded({
    spanProcessors: [
      {
        ...quiet,
        onEnding(ending) {
          order.push(`ending ${ending.ended} ${ending.endTime[0] > 0}`);
          ending.setAttribute('added', 'in onEnding').updateName('renamed');
        },
        onEnd(ended) {
          order.push(`end ${ended.ended}`);
          (ended as unknown as Span).setAttribute('too', 'late');
        },
      },
      { ...quiet, onEnding: (ending) => void order.push(`second ${ending.attributes.added}`) },
    ],
  });
  tracer.startSpan('x').end();
  expect(order).toEqual(['ending false true', 'second in onEnding', 'end true']);
  expect(span('renamed').attributes).toEqual({ added: 'in onEnding' });
});
