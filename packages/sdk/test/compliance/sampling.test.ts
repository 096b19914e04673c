import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type TimeInput,
  trace,
} from '@opentelemetry/api';
import { expect, test } from 'vitest';
import {
  alwaysOffSampler,
  alwaysOnSampler,
  alwaysRecordSampler,
  composableAlwaysOff,
  composableAlwaysOn,
  composableAnnotating,
  composableParentThreshold,
  composableProbability,
  composableRuleBased,
  compositeSampler,
  parentBasedSampler,
  rateLimitingSampler,
  type Sampler,
  type SamplingResult,
  traceIdRatioSampler,
} from '../../src/core/sampling/index.js';
import type { SpanProcessor } from '../../src/core/trace/span-processor.js';
import { recorded } from './recorded.js';

const quiet: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

/** A parent whose trace id ends in these 14 hex digits of randomness. */
const parentOf = (randomness: string, traceFlags: number, state?: string): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: `4bf92f3577b34da6a${'3'}${randomness}`,
    spanId: '00f067aa0ba902b7',
    traceFlags,
    isRemote: true,
    traceState: state === undefined ? undefined : createTraceState(state),
  });
const low = '00000000000001';
const high = 'fffffffffffffe';

/** What `sampler` makes of one span below `parent`: whether it is kept, and what is passed on. */
function decision(sampler: Sampler, parent: Context, name = 'x', attributes = {}) {
  const { telemetry, spans } = recorded({ global: false, sampler });
  const span = telemetry.tracer.startSpan(name, { attributes }, parent);
  span.end();
  const { traceFlags, traceState } = span.spanContext();
  return {
    kept: spans().length === 1,
    flag: traceFlags & 1,
    state: traceState?.serialize() ?? '',
    attributes: spans()[0]?.attributes ?? {},
  };
}

test('a sampler is asked with the parent context, ids, name, kind, attributes and links of the span to be', () => {
  const asked: unknown[][] = [];
  const key = Symbol('tenant');
  const link = { context: trace.getSpanContext(parentOf(low, 1))! };
  const { telemetry } = recorded({
    sampler: {
      shouldSample: (...args): SamplingResult => {
        asked.push(args);
        return { decision: 2 };
      },
    },
  });
  const parent = parentOf(high, 1).setValue(key, 'north');
  const options = { kind: SpanKind.CLIENT, attributes: { a: 1 }, links: [link] };
  const child = telemetry.tracer.startSpan('child', options, parent);
  const root = telemetry.tracer.startSpan('root', { ...options, root: true }, parent);
  const [first, second] = asked as [unknown[], unknown[]];
  expect((first[0] as Context).getValue(key)).toBe('north');
  expect(trace.getSpanContext(first[0] as Context)).toEqual(trace.getSpanContext(parent));
  expect(first.slice(1)).toEqual([child.spanContext().traceId, 'child', SpanKind.CLIENT, { a: 1 }, [link]]);
  expect((second[0] as Context).getValue(key)).toBe('north');
  expect(trace.getSpanContext(second[0] as Context)).toBeUndefined();
  expect(second[1]).toBe(root.spanContext().traceId);
});

test('a sampler changes tracestate and adds attributes, for spans that are kept and those that are not', () => {
  const parent = parentOf(low, 1, 'rojo=1');
  const saying = (decision: 0 | 1 | 2): Sampler => ({
    shouldSample: () => ({
      decision,
      traceState: createTraceState('ours=1,rojo=1'),
      attributes: { 'sampler.rule': 7 },
    }),
  });
  expect(decision(saying(2), parent)).toEqual({
    kept: true,
    flag: 1,
    state: 'ours=1,rojo=1',
    attributes: { 'sampler.rule': 7n },
  });
  expect(decision(saying(0), parent)).toMatchObject({ kept: false, flag: 0, state: 'ours=1,rojo=1' });
  // Nothing said about tracestate: the parent's is passed on.
  expect(decision({ shouldSample: () => ({ decision: 2 }) }, parent).state).toBe('rojo=1');
});

test('a span that is not recorded has a span id of its own below the same trace', () => {
  const { telemetry } = recorded({ sampler: alwaysOffSampler });
  const parent = parentOf(low, 1);
  const root = telemetry.tracer.startSpan('root');
  const children = [1, 2].map(() => telemetry.tracer.startSpan('child', {}, parent));
  const ids = [root, ...children].map((span: Span) => span.spanContext().spanId);
  expect(new Set([...ids, '00f067aa0ba902b7']).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
  for (const child of children) expect(child.spanContext().traceId).toBe(trace.getSpanContext(parent)!.traceId);
  expect(children.map((span) => [span.isRecording(), span.spanContext().traceFlags & 1])).toEqual([
    [false, 0],
    [false, 0],
  ]);
});

test('ids come from the generator of the user, a child asks for a span id alone', () => {
  const calls: string[] = [];
  let n = 0;
  const { telemetry, span } = recorded({
    idGenerator: {
      generateTraceId: () => {
        calls.push('trace');
        return `${++n}`.padStart(32, 'a');
      },
      generateSpanId: () => {
        calls.push('span');
        return `${++n}`.padStart(16, 'b');
      },
    },
  });
  const root = telemetry.tracer.startSpan('root');
  telemetry.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
  root.end();
  expect([...calls].sort()).toEqual(['span', 'span', 'trace']);
  expect(span('root').traceId).toMatch(/^a{31}\d$/);
  expect(span('root').spanId).toMatch(/^b{15}\d$/);
  expect(span('child')).toMatchObject({ traceId: span('root').traceId, parentSpanId: span('root').spanId });
});

test('random ids differ, and use all of their bits', () => {
  const { telemetry } = recorded({ sampler: alwaysOffSampler });
  const ids = Array.from({ length: 2_000 }, () => telemetry.tracer.startSpan('x').spanContext());
  expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(2_000);
  expect(new Set(ids.map(({ spanId }) => spanId)).size).toBe(2_000);
  for (const of of ['traceId', 'spanId'] as const) {
    let ones = 0n;
    let zeros = 0n;
    const all = (1n << (of === 'traceId' ? 128n : 64n)) - 1n;
    for (const id of ids) {
      ones |= BigInt(`0x${id[of]}`);
      zeros |= all ^ BigInt(`0x${id[of]}`);
    }
    expect([ones, zeros]).toEqual([all, all]);
  }
});

test('the built-in samplers describe themselves', () => {
  expect([alwaysOnSampler, alwaysOffSampler, traceIdRatioSampler(0.25)].map(String)).toEqual([
    'AlwaysOnSampler',
    'AlwaysOffSampler',
    'TraceIdRatioBased{0.25}',
  ]);
  expect(String(parentBasedSampler({ root: alwaysOnSampler }))).toContain('root=AlwaysOnSampler');
});

test('the ratio sampler says its threshold in tracestate, to the digit, and keeps what else is there', () => {
  // th is the share that is rejected, as a fraction of 16^n without trailing zeros.
  for (const [ratio, th] of [
    [1, '0'],
    [0.5, '8'],
    [0.25, 'c'],
    [1 / 16, 'f'],
    [0.1, 'e666'],
    [0.01, 'fd70a'],
  ] as const) {
    expect(decision(traceIdRatioSampler(ratio), parentOf(high, 1, 'rojo=1,ot=a:b;th:123'))).toMatchObject({
      kept: true,
      flag: 1,
      state: `ot=th:${th};a:b,rojo=1`,
    });
  }
  expect(decision(traceIdRatioSampler(0.5), parentOf(low, 1, 'ot=th:0'))).toMatchObject({ kept: false, state: '' });
  expect(decision(traceIdRatioSampler(0), parentOf(high, 1))).toMatchObject({ kept: false, flag: 0 });
});

test('the ratio sampler decides by the last 56 bits of the trace id, or by rv, at the exact threshold', () => {
  const half = traceIdRatioSampler(0.5);
  expect(decision(half, parentOf('80000000000000', 0)).kept).toBe(true);
  expect(decision(half, parentOf('7fffffffffffff', 1)).kept).toBe(false);
  expect(decision(half, parentOf(low, 1, 'ot=rv:80000000000000'))).toMatchObject({
    kept: true,
    state: 'ot=th:8;rv:80000000000000',
  });
  expect(decision(half, parentOf(high, 1, 'ot=rv:7fffffffffffff'))).toMatchObject({
    kept: false,
    state: 'ot=rv:7fffffffffffff',
  });
});

test('a lower ratio keeps a part of what a higher one keeps', () => {
  const tracers = [0.01, 0.1, 0.5, 0.9].map(
    (share) => recorded({ global: false, sampler: traceIdRatioSampler(share) }).telemetry.tracer,
  );
  for (let i = 0; i < 200; i++) {
    const randomness = Math.floor(Math.random() * 2 ** 48)
      .toString(16)
      .padStart(14, '0')
      .replace(
        /^00/,
        Math.floor(Math.random() * 256)
          .toString(16)
          .padStart(2, '0'),
      );
    const kept = tracers.map((tracer) => tracer.startSpan('x', {}, parentOf(randomness, 0)).isRecording());
    expect(kept).toEqual([...kept].sort());
  }
});

test('AlwaysRecord shows processors what its sampler turns down, and sends only what it keeps', () => {
  const seen: [string, boolean, number][] = [];
  const { telemetry, spans } = recorded({
    sampler: alwaysRecordSampler({
      shouldSample: (_context, _traceId, name) => ({ decision: ({ drop: 0, record: 1 }[name] ?? 2) as 0 | 1 | 2 }),
    }),
    spanProcessors: [
      { ...quiet, onEnd: (span) => void seen.push([span.name, span.ended, span.spanContext().traceFlags & 1]) },
    ],
  });
  for (const name of ['drop', 'record', 'keep']) {
    const span = telemetry.tracer.startSpan(name);
    expect(span.isRecording()).toBe(true);
    span.setAttribute('a', 1).end();
  }
  expect(seen).toEqual([
    ['drop', true, 0],
    ['record', true, 0],
    ['keep', true, 1],
  ]);
  expect(spans().map(({ name }) => name)).toEqual(['keep']);
});

test('composable always-on and always-off, with a threshold on the wire only where it counts', () => {
  const inherited = parentOf(low, 1, 'rojo=1,ot=rv:12345678901234;th:c');
  expect(decision(compositeSampler(composableAlwaysOn), inherited)).toMatchObject({
    kept: true,
    state: 'ot=th:0;rv:12345678901234,rojo=1',
  });
  expect(decision(compositeSampler(composableAlwaysOff), inherited)).toMatchObject({
    kept: false,
    flag: 0,
    state: 'ot=rv:12345678901234,rojo=1',
  });
});

test('composable probability decides as the ratio sampler does', () => {
  for (const ratio of [0, 2 ** -56, 0.001, 0.3, 0.5, 1]) {
    for (const randomness of [low, '4ccccccccccccc', '7fffffffffffff', '80000000000000', 'b3330000000000', high]) {
      const parent = parentOf(randomness, 0, 'ot=x:1');
      expect(decision(compositeSampler(composableProbability(ratio)), parent)).toEqual(
        decision(traceIdRatioSampler(ratio), parent),
      );
    }
  }
  expect(decision(compositeSampler(composableProbability(2 ** -56)), parentOf('f'.repeat(14), 0)).kept).toBe(true);
  expect(composableProbability(0)).toBe(composableAlwaysOff);
  expect(composableProbability(Number.NaN)).toBe(composableAlwaysOff);
});

test('composable parent threshold passes the threshold of the parent on, and the root asks its own sampler', () => {
  const sampler = compositeSampler(composableParentThreshold(composableProbability(0.25)));
  expect(decision(sampler, parentOf('d0000000000000', 1, 'ot=th:c'))).toMatchObject({ kept: true, state: 'ot=th:c' });
  expect(decision(sampler, parentOf('b0000000000000', 0, 'ot=th:c'))).toMatchObject({ kept: false, flag: 0 });
  // Without a threshold the flag counts, and nobody claims to know how many spans this one stands for.
  expect(decision(sampler, parentOf(low, 1))).toMatchObject({ kept: true, flag: 1, state: '' });
  expect(decision(sampler, parentOf(high, 0))).toMatchObject({ kept: false, flag: 0, state: '' });
  // A flag and a threshold that contradict each other: the threshold is erased.
  expect(decision(sampler, parentOf(low, 1, 'ot=th:c;x:1'))).toMatchObject({ kept: true, state: 'ot=x:1' });
  expect(decision(sampler, parentOf(high, 0, 'ot=th:c'))).toMatchObject({ kept: false, state: '' });
  const { telemetry, spans } = recorded({ global: false, sampler });
  for (let i = 0; i < 400; i++) telemetry.tracer.startSpan('root').end();
  // Mean 100, standard deviation 8.7: outside of seven of them once in 10^11 runs.
  expect(Math.abs(spans().length - 100)).toBeLessThan(61);
  expect(new Set(spans().map(({ traceState }) => traceState))).toEqual(new Set(['ot=th:c']));
  for (const { traceId } of spans()) expect(traceId.slice(18) >= 'c').toBe(true);
});

test('composable rules: the first that holds decides, none keeps nothing', () => {
  const sampler = compositeSampler(
    composableRuleBased([
      { when: ({ name }) => name === 'GET /health', use: composableAlwaysOff },
      {
        when: ({ attributes, kind }) => kind === SpanKind.INTERNAL && attributes.tenant === 'vip',
        use: composableAlwaysOn,
      },
      { when: ({ parent }) => parent?.traceState !== undefined, use: composableProbability(0.5) },
    ]),
  );
  expect(decision(sampler, ROOT_CONTEXT, 'GET /health', { tenant: 'vip' }).kept).toBe(false);
  expect(decision(sampler, ROOT_CONTEXT, 'x', { tenant: 'vip' })).toMatchObject({ kept: true, state: 'ot=th:0' });
  expect(decision(sampler, parentOf(high, 0, 'a=b'))).toMatchObject({ kept: true, state: 'ot=th:8,a=b' });
  expect(decision(sampler, parentOf(low, 1, 'a=b')).kept).toBe(false);
  expect(decision(sampler, parentOf(high, 1)).kept).toBe(false);
});

test('composable annotations are on spans that are kept, the outer ones over the inner', () => {
  const inner = composableAnnotating({ rule: 'inner', deep: true }, composableProbability(0.5));
  const sampler = compositeSampler(composableAnnotating({ rule: 'outer' }, inner));
  expect(decision(sampler, parentOf(high, 0))).toMatchObject({
    kept: true,
    state: 'ot=th:8',
    attributes: { rule: 'outer', deep: true },
  });
  expect(decision(sampler, parentOf(low, 0))).toMatchObject({ kept: false, attributes: {} });
});

test('a composable sampler of the user gives a tracestate, without a word in what is the composite’s own', () => {
  const decisions: number[] = [];
  const sampler = compositeSampler({
    getSamplingIntent: () => ({
      threshold: '8',
      adjustedCountReliable: true,
      traceState: (parent, decided) => {
        decisions.push(decided);
        return (parent ?? createTraceState('')).set('vendor', 'x').set('ot', 'rv:00000000000000;th:1');
      },
    }),
  });
  expect(decision(sampler, parentOf(high, 0, 'ot=rv:90000000000000')).state).toBe('ot=th:8;rv:90000000000000,vendor=x');
  expect(decision(sampler, parentOf(high, 0, 'ot=rv:10000000000000')).state).toBe('ot=rv:10000000000000,vendor=x');
  expect(decisions).toEqual([2, 0]);
});

test('an unreliable threshold is met by chance of its own, and not passed on', () => {
  const sampler = compositeSampler({
    getSamplingIntent: () => ({ threshold: '8', adjustedCountReliable: false }),
  });
  const { telemetry, spans } = recorded({ global: false, sampler });
  for (let i = 0; i < 400; i++) telemetry.tracer.startSpan('x', {}, parentOf(low, 1, 'ot=th:0')).end();
  // Mean 200, standard deviation 10.
  expect(Math.abs(spans().length - 200)).toBeLessThan(70);
  expect(new Set(spans().map(({ traceState }) => traceState))).toEqual(new Set(['']));
});

test('samplers that throw keep nothing and harm nobody', () => {
  const { telemetry, spans } = recorded({
    sampler: compositeSampler({
      getSamplingIntent() {
        throw new Error('a rule with a mistake');
      },
    }),
  });
  telemetry.tracer.startSpan('x').end();
  expect(spans()).toEqual([]);
  expect(telemetry.diagnostics.map(({ message }) => message).join()).toContain('a rule with a mistake');
});

test('a rate limit keeps so many a second, whatever the clock does', () => {
  let nowMs = 1_000;
  const sampler = rateLimitingSampler(5, { monotonicMs: () => nowMs });
  const { telemetry, spans } = recorded({ global: false, sampler });
  const burst = () => {
    const before = spans().length;
    for (let i = 0; i < 50; i++) telemetry.tracer.startSpan('x').end();
    return spans().length - before;
  };
  expect(burst()).toBe(5);
  nowMs += 400;
  expect(burst()).toBe(2);
  nowMs -= 100_000;
  expect(burst()).toBe(0);
  nowMs += 60_000;
  expect(burst()).toBe(5);
});

test('further attributes of an exception are on its event and win over its own', () => {
  const { telemetry, span } = recorded();
  const open = telemetry.tracer.startSpan('x');
  // The specification's extra parameter; the API of JavaScript 1.x has no type for it yet.
  const recordException = open.recordException.bind(open) as (
    error: Error,
    attributes: object,
    time?: TimeInput,
  ) => void;
  recordException(new Error('secret 4711'), { 'exception.message': 'redacted', attempt: 3 }, 1_700_000_000_000);
  open.end();
  expect(span('x').events).toMatchObject([
    {
      name: 'exception',
      time: 1_700_000_000_000_000_000n,
      attributes: { 'exception.type': 'Error', 'exception.message': 'redacted', attempt: 3n },
    },
  ]);
});
