import { ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { plainAttributes } from '../../../../testkit/src/otlp-proto.js';
import { traceRig } from '../../../../testkit/src/trace-rig.js';
import { rootContext } from '../context/context.js';
import { setSpan, withSpanContext } from '../context/span-in-context.js';
import { suppressTracing } from '../context/suppress-tracing.js';
import { createTraceState } from '../context/trace-state.js';

const remote = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

test('a root span has random ids of the right length and the W3C random flag [B1]', () => {
  const { tracer } = traceRig();
  const ids = Array.from({ length: 1_000 }, () => tracer.startSpan('s').spanContext());
  for (const { traceId, spanId, traceFlags } of ids) {
    expect(traceId).toMatch(/^[\da-f]{32}$/);
    expect(spanId).toMatch(/^[\da-f]{16}$/);
    expect(traceFlags).toBe(3);
  }
  expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(1_000);
  expect(new Set(ids.map(({ spanId }) => spanId)).size).toBe(1_000);
});

test('a span context is made once and stays the same object', () => {
  const span = traceRig().tracer.startSpan('s');
  expect(span.spanContext()).toBe(span.spanContext());
});

test('a child takes trace, flags and tracestate of its parent and an id of its own', () => {
  const rig = traceRig();
  const parent = rig.tracer.startSpan(
    'parent',
    undefined,
    withSpanContext(rootContext, { ...remote, traceState: createTraceState('a=b') }),
  );
  const child = rig.tracer.startSpan('child', undefined, setSpan(rootContext, parent));
  child.end();
  parent.end();
  const [first, second] = rig.spans();
  expect(first!.traceId.toString('hex')).toBe(remote.traceId);
  expect(first!.parentSpanId).toEqual(second!.spanId);
  expect(first!.traceState).toBe('a=b');
  expect(second!.parentSpanId!.toString('hex')).toBe(remote.spanId);
  // Bit 8: known whether the parent is remote; bit 9: it is. The random flag is the parent's to give.
  expect(first!.flags).toBe(0x101);
  expect(second!.flags).toBe(0x301);
});

test('the active span is the parent, unless a context is given', () => {
  const rig = traceRig();
  const { tracer } = rig;
  tracer.startActiveSpan('outer', (outer) => {
    const inner = tracer.startSpan('inner');
    const apart = tracer.startSpan('apart', {}, rootContext);
    expect(inner.spanContext().traceId).toBe(outer.spanContext().traceId);
    expect(apart.spanContext().traceId).not.toBe(outer.spanContext().traceId);
  });
});

test('root: true ignores the active span, also for what processors are told', () => {
  const parents: unknown[] = [];
  const rig = traceRig({
    processors: [
      {
        onStart: (_span, context) => parents.push(trace.getSpan(context)),
        onEnd() {},
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  rig.tracer.startActiveSpan('outer', (outer) => {
    const span = rig.tracer.startSpan('span', { root: true });
    expect(span.spanContext().traceId).not.toBe(outer.spanContext().traceId);
    span.end();
  });
  expect(rig.spans()[0]!.parentSpanId).toBeUndefined();
  expect(parents).toEqual([undefined, undefined]);
});

test('an invalid parent is no parent', () => {
  const rig = traceRig();
  const invalid = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 };
  const span = rig.tracer.startSpan('s', {}, withSpanContext(rootContext, invalid));
  expect(span.spanContext().traceId).not.toBe(invalid.traceId);
  span.end();
  expect(rig.spans()[0]!.parentSpanId).toBeUndefined();
});

test('a span of another SDK in a context of the API is a parent too', () => {
  const rig = traceRig();
  const foreign = { spanContext: () => ({ ...remote, isRemote: false }) } as unknown as Span;
  rig.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, foreign)).end();
  const [span] = rig.spans();
  expect(span!.traceId.toString('hex')).toBe(remote.traceId);
  expect(span!.parentSpanId!.toString('hex')).toBe(remote.spanId);
});

test('under suppressed tracing nothing is recorded', () => {
  const rig = traceRig();
  const span = rig.tracer.startSpan('s', {}, suppressTracing(rootContext));
  span.end();
  expect(span.isRecording()).toBe(false);
  expect(trace.isSpanContextValid(span.spanContext())).toBe(false);
  expect(rig.take()).toEqual([]);
});

test('startActiveSpan in all its forms makes the span active, returns what the function returns and does not end it', () => {
  const { tracer, contextStore } = traceRig();
  const seen: Span[] = [];
  const active = (span: Span): number => {
    expect(trace.getSpan(contextStore.active())).toBe(span);
    seen.push(span);
    return seen.length;
  };
  expect(tracer.startActiveSpan('a', active)).toBe(1);
  expect(tracer.startActiveSpan('b', { kind: SpanKind.CLIENT }, active)).toBe(2);
  expect(tracer.startActiveSpan('c', { attributes: { x: 1 } }, withSpanContext(rootContext, remote), active)).toBe(3);
  expect(seen[2]!.spanContext().traceId).toBe(remote.traceId);
  expect(seen.every((span) => span.isRecording())).toBe(true);
  expect(() =>
    tracer.startActiveSpan('d', () => {
      throw new Error('mine');
    }),
  ).toThrow('mine');
  expect(trace.getSpan(contextStore.active())).toBeUndefined();
});

test('the five kinds, with internal as the default', () => {
  const rig = traceRig();
  rig.tracer.startSpan('default').end();
  for (const kind of [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
    rig.tracer.startSpan('s', { kind }).end();
  }
  expect(rig.spans().map(({ kind }) => kind)).toEqual([1, 1, 2, 3, 4, 5]);
});

test('name, version, schema URL and attributes of the scope stand on the wire', () => {
  const rig = traceRig();
  rig.provider
    .getTracer('lib', '1.2', { schemaUrl: 'https://schema', attributes: { tier: 'gold', n: 1 } })
    .startSpan('s')
    .end();
  const [{ scope, schemaUrl }] = rig.take()[0]!.resourceSpans[0]!.scopeSpans as [never] as [
    { scope: { name: string; version: string; attributes: [] }; schemaUrl: string },
  ];
  expect(scope.name).toBe('lib');
  expect(scope.version).toBe('1.2');
  expect(plainAttributes(scope.attributes)).toEqual({ tier: 'gold', n: 1n });
  expect(schemaUrl).toBe('https://schema');
});

test('the same scope gives the same tracer, another one another', () => {
  const { provider } = traceRig();
  const tracer = provider.getTracer('lib', '1', { attributes: { a: 1, b: 2 } });
  expect(provider.getTracer('lib', '1', { attributes: { b: 2, a: 1 } })).toBe(tracer);
  expect(provider.getTracer('lib', '1')).not.toBe(tracer);
  expect(provider.getTracer('lib', '2', { attributes: { a: 1, b: 2 } })).not.toBe(tracer);
  expect(provider.getTracer('lib', '1', { schemaUrl: 'https://schema', attributes: { a: 1, b: 2 } })).not.toBe(tracer);
});

test('a sampler is told the parent context, the trace id, name, kind, attributes and links', () => {
  const asked: unknown[] = [];
  const context = withSpanContext(rootContext, remote);
  const link = { context: remote };
  const { tracer } = traceRig({
    sampler: {
      shouldSample: (...question) => {
        asked.push(question);
        return { decision: 2, attributes: { 'sampler.rate': 0.5 }, traceState: createTraceState('s=1') };
      },
      toString: () => 'mine',
    },
  });
  const span = tracer.startSpan('name', { kind: SpanKind.SERVER, attributes: { a: 1 }, links: [link] }, context);
  expect(asked).toEqual([[context, remote.traceId, 'name', SpanKind.SERVER, { a: 1 }, [link]]]);
  expect(span.spanContext().traceState!.serialize()).toBe('s=1');
});

test('attributes of the sampling result are on the span', () => {
  const rig = traceRig({
    sampler: { shouldSample: () => ({ decision: 2, attributes: { 'sampler.rate': 0.5 } }), toString: () => '' },
  });
  rig.tracer.startSpan('s', { attributes: { a: 1 } }).end();
  expect(plainAttributes(rig.spans()[0]!.attributes)).toEqual({ a: 1n, 'sampler.rate': 0.5 });
});

test('a span that is not sampled has a new id of its own, the trace of its parent and records nothing', () => {
  const rig = traceRig({ sampler: { shouldSample: () => ({ decision: 0 }), toString: () => '' } });
  const parent = rig.tracer.startSpan('parent');
  const child = rig.tracer.startSpan('child', {}, setSpan(rootContext, parent));
  expect(child.spanContext().traceId).toBe(parent.spanContext().traceId);
  expect(child.spanContext().spanId).not.toBe(parent.spanContext().spanId);
  expect(child.spanContext().traceFlags & 1).toBe(0);
  expect(child.isRecording()).toBe(false);
  child
    .setAttribute('a', 1)
    .setAttributes({})
    .addEvent('e')
    .addLink({ context: remote })
    .addLinks([])
    .setStatus({ code: 2 })
    .updateName('x');
  child.recordException(new Error('no'));
  child.end();
  expect(rig.take()).toEqual([]);
});

test('a span that is recorded but not sampled reaches processors and does not leave [F26]', () => {
  const ended: string[] = [];
  const rig = traceRig({
    sampler: { shouldSample: () => ({ decision: 1 }), toString: () => '' },
    processors: [
      { onStart() {}, onEnd: (span) => ended.push(span.name), forceFlush: async () => {}, shutdown: async () => {} },
    ],
  });
  const span = rig.tracer.startSpan('s');
  expect(span.isRecording()).toBe(true);
  expect(span.spanContext().traceFlags & 1).toBe(0);
  span.end();
  expect(ended).toEqual(['s']);
  expect(rig.take()).toEqual([]);
});

test('a sampler that throws loses the span, not the program', () => {
  const rig = traceRig({
    sampler: {
      shouldSample() {
        throw new Error('sampler');
      },
      toString: () => '',
    },
  });
  expect(rig.tracer.startSpan('s').isRecording()).toBe(false);
  expect(rig.errors).toEqual([new Error('sampler')]);
});

test('ids of a user’s generator are used; what is no id is replaced by a random one [F26]', () => {
  let traceId = '0123456789abcdef0123456789abcdef';
  const { tracer } = traceRig({
    idGenerator: { generateTraceId: () => traceId, generateSpanId: () => '00000000000000ff' },
  });
  const own = tracer.startSpan('s').spanContext();
  expect(own).toMatchObject({ traceId, spanId: '00000000000000ff', traceFlags: 1 });
  expect(tracer.startSpan('c', {}, withSpanContext(rootContext, own)).spanContext().spanId).toBe('00000000000000ff');
  for (const wrong of ['', '0'.repeat(32), 'xyz', 'A'.repeat(32), 7 as unknown as string]) {
    traceId = wrong;
    expect(tracer.startSpan('s').spanContext().traceId).toMatch(/^(?!0{32})[\da-f]{32}$/);
  }
});

test('an id of zeros is drawn again', () => {
  let fills = 0;
  const { tracer } = traceRig({
    entropy: {
      fill(target) {
        if (++fills > 1) target.fill(7);
      },
    },
  });
  const { traceId, spanId } = tracer.startSpan('s').spanContext();
  expect(traceId).toBe('07'.repeat(16));
  expect(spanId).toBe('07'.repeat(8));
});

test('after shutdown nothing is recorded, also by tracers handed out before; the parent is passed on', async () => {
  let shutdowns = 0;
  const rig = traceRig({
    processors: [
      {
        onStart() {},
        onEnd() {},
        forceFlush: async () => {},
        async shutdown() {
          shutdowns++;
        },
      },
    ],
  });
  await rig.provider.shutdown();
  await rig.provider.shutdown();
  expect(shutdowns).toBe(1);
  const span = rig.tracer.startSpan('s', {}, withSpanContext(rootContext, remote));
  span.end();
  expect(span.isRecording()).toBe(false);
  expect(span.spanContext()).toMatchObject({ traceId: remote.traceId, spanId: remote.spanId });
  expect(rig.take()).toEqual([]);
});

test('forceFlush asks every processor and reports one that fails', async () => {
  const asked: string[] = [];
  const processor = (name: string, fails = false) => ({
    onStart() {},
    onEnd() {},
    async forceFlush() {
      asked.push(name);
      if (fails) throw new Error(name);
    },
    shutdown: async () => {},
  });
  const rig = traceRig({ processors: [processor('a', true), processor('b')] });
  await rig.provider.forceFlush();
  expect(asked).toEqual(['a', 'b']);
  expect(rig.errors).toEqual([new Error('a')]);
});

test('nonsense from JavaScript never throws into the program and never spoils a batch', () => {
  const rig = traceRig();
  const none = null as never;
  rig.provider.getTracer(none, none, none).startSpan('tracer of nothing').end();
  const span = rig.tracer.startSpan(undefined as never, none);
  span.setAttribute(none, none).setAttributes(none).setStatus(none).addLink(none).addLinks(none);
  span
    .addLink({} as never)
    .addEvent(7 as never, none, none)
    .updateName(Symbol('name') as never);
  span.recordException(none);
  span.end(none);
  rig.tracer
    .startSpan('kind', { kind: 70_000, startTime: 'now', links: [none], attributes: 'x' } as never)
    .end('x' as never);
  rig.tracer.startSpan('parent', {}, setSpan(rootContext, { spanContext: () => undefined } as never)).end();
  rig.tracer.startSpan('after').end();
  expect(rig.errors).toEqual([]);
  expect(rig.spans().map(({ name }) => name)).toEqual(['tracer of nothing', 'Symbol(name)', 'kind', 'parent', 'after']);
});
