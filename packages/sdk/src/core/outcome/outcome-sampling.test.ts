import type { Span } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { type DecodedSpan, decodeTraces } from '../../../../testkit/src/otlp-proto.js';
import { countingEntropy } from '../../../../testkit/src/trace-rig.js';
import type { OpenBuffer } from '../batch.js';
import { rootContext } from '../context/context.js';
import { setSpan, withSpanContext } from '../context/span-in-context.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import { createTraceState } from '../context/trace-state.js';
import type { Sampler } from '../sampling/sampler.js';
import { thresholdOf } from '../sampling/threshold.js';
import { traceIdRatioSampler } from '../sampling/trace-id-ratio.js';
import type { OutcomeRules } from './outcome-rules.js';
import { outcomeSampling } from './outcome-sampling.js';

const error = 2;
const noResource = { bytes: new Uint8Array(0), schemaUrl: '' };

function setUp(rules: OutcomeRules, { seed = 7, sampler }: { seed?: number; sampler?: Sampler } = {}) {
  const time = fakeTime();
  const sampling = outcomeSampling(rules);
  const buffers = new Set<OpenBuffer>();
  const sent: DecodedSpan[] = [];
  const priorities = new Map<string, string>();
  let suspend = () => {};
  const provider = sampling.createProvider(
    {
      clock: time.clock,
      timers: time.timers,
      lifecycle: {
        onSuspend(run) {
          suspend = run;
          return () => {};
        },
        onResume: () => () => {},
        onShutdown: () => () => {},
      },
      entropy: countingEntropy(seed),
      contextStore: createStackContextStore(),
      resource: { attributes: {} },
      sampler,
      processors: [],
      onError: (thrown) => {
        throw thrown;
      },
    },
    (buffer) => buffers.add(buffer),
  );
  return {
    time,
    provider,
    sampling,
    suspend: () => suspend(),
    tracer: provider.getTracer('lib', '1.0'),
    /** Spans that are on their way by now, in their order. */
    sent(): readonly DecodedSpan[] {
      for (const buffer of buffers) {
        const taken = buffer.take(noResource);
        if (!taken) continue;
        for (const { scopeSpans } of decodeTraces(taken.bytes).resourceSpans)
          for (const { spans } of scopeSpans)
            for (const span of spans) {
              sent.push(span);
              priorities.set(String(span.name), buffer.priority);
            }
      }
      return sent;
    },
    priorities,
  };
}

const namesOf = (spans: readonly DecodedSpan[]) => spans.map(({ name }) => String(name)).sort();
const below = (span: Span) => setSpan(rootContext, span);

/** A program of several traces that run at once: spans begin below others of their trace, open or ended, and end in any order. */
interface Step {
  readonly trace: number;
  readonly begin: boolean;
  readonly which: number;
  readonly fails: boolean;
  readonly isSlow: boolean;
  readonly text: number;
}
const step = fc.record<Step>({
  trace: fc.nat(5),
  begin: fc.boolean(),
  which: fc.nat(20),
  fails: fc.integer({ min: 0, max: 14 }).map((n) => n === 0),
  isSlow: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  text: fc.nat(300),
});

interface Ended {
  readonly id: string;
  readonly matters: boolean;
  readonly fails: boolean;
}

function run(
  steps: readonly Step[],
  rules: OutcomeRules,
  seed: number,
  check: (rig: ReturnType<typeof setUp>) => void,
) {
  const rig = setUp({ slowMs: 1_000, ...rules }, { seed });
  const spans = new Map<number, Span[]>();
  const open: { span: Span; trace: number; isSlow: boolean; fails: boolean }[] = [];
  const ended = new Map<string, Ended[]>();
  const end = (at: number) => {
    const [one] = open.splice(at, 1);
    const { span, isSlow, fails } = one!;
    const { traceId, spanId } = span.spanContext();
    if (fails) span.setStatus({ code: error });
    const of = ended.get(traceId) ?? [];
    ended.set(traceId, of);
    of.push({ id: spanId, matters: fails || isSlow, fails });
    span.end(isSlow ? new Date(1_700_000_002_000) : new Date(1_700_000_000_100));
    check(rig);
  };
  for (const { trace, begin, which, fails, isSlow, text } of steps) {
    if (begin) {
      const siblings = spans.get(trace) ?? [];
      spans.set(trace, siblings);
      const parent = siblings[which % Math.max(siblings.length, 1)];
      const options = { startTime: new Date(1_700_000_000_000), attributes: { text: 'x'.repeat(text) } };
      const span = rig.tracer.startSpan('s', options, parent ? below(parent) : rootContext);
      siblings.push(span);
      open.push({ span, trace, isSlow, fails });
      check(rig);
    } else if (open.length) end(which % open.length);
  }
  while (open.length) end(open.length - 1);
  const arrived = new Set(rig.sent().map(({ spanId }) => Buffer.from(spanId).toString('hex')));
  return { rig, ended, arrived };
}

const total = (ended: ReadonlyMap<string, readonly Ended[]>) =>
  [...ended.values()].reduce((sum, one) => sum + one.length, 0);

test('whatever the order of ends, a kept trace is whole and a dropped one is absent and counted, and errors and slow ones are never dropped [W5]', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.constantFrom(0, 0.3, 0.7, 1),
      fc.integer({ min: 1 }),
      (steps, share, seed) => {
        const { rig, ended, arrived } = run(steps, { share }, seed, () => {});
        const { status } = { status: rig.sampling.status() };
        expect(status).toMatchObject({ heldTraces: 0, heldSpans: 0, heldBytes: 0, decidedEarly: 0 });
        let partial = 0;
        for (const [traceId, spans] of ended) {
          const kept = spans.map(({ id }) => arrived.has(id));
          for (const [i, { matters }] of spans.entries()) expect(kept[i] || !matters).toBe(true);
          const first = kept.indexOf(true);
          const isShared = share > 0 && traceId.slice(18) >= thresholdOf(share)!;
          if (isShared) expect(first).toBe(0);
          if (first < 0) continue;
          // From the first on all of them; it is the first of all, unless the trace was over, and dropped, before something in it failed.
          expect(kept.slice(first).every(Boolean)).toBe(true);
          if (first > 0) {
            partial++;
            expect(spans[first]!.matters).toBe(true);
          }
        }
        expect(status.partialTraces).toBe(partial);
        expect(status.droppedSpans + arrived.size).toBe(total(ended));
        expect(status.keptTraces + status.droppedTraces).toBe(ended.size);
      },
    ),
    { numRuns: 300 },
  );
});

test('where no span begins after its trace was over, a trace is whole or absent [W5]', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(0, 0.5),
      fc.integer({ min: 1 }),
      (steps, share, seed) => {
        // All begin before any ends.
        const begins = steps.map((one) => ({ ...one, begin: true }));
        const { rig, ended, arrived } = run(
          [...begins, ...steps.map((one) => ({ ...one, begin: false }))],
          { share },
          seed,
          () => {},
        );
        for (const [traceId, spans] of ended) {
          const isKept =
            spans.some(({ matters }) => matters) || (share > 0 && traceId.slice(18) >= thresholdOf(share)!);
          expect(spans.filter(({ id }) => arrived.has(id)).length).toBe(isKept ? spans.length : 0);
        }
        expect(rig.sampling.status().partialTraces).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('held bytes and traces stay below their bounds at every step; what is decided early is counted, and no error is lost by it [W5]', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.record({
        maxBytes: fc.integer({ min: 0, max: 4_000 }),
        maxTraceBytes: fc.integer({ min: 0, max: 3_000 }),
        maxTraces: fc.integer({ min: 1, max: 4 }),
      }),
      fc.constantFrom(0, 0.5),
      fc.integer({ min: 1 }),
      (steps, bounds, share, seed) => {
        const { rig, ended, arrived } = run(steps, { share, ...bounds }, seed, ({ sampling }) => {
          const { heldBytes, heldTraces } = sampling.status();
          expect(heldBytes).toBeLessThanOrEqual(bounds.maxBytes);
          expect(heldTraces).toBeLessThanOrEqual(bounds.maxTraces);
        });
        for (const { id, fails } of [...ended.values()].flat()) if (fails) expect(arrived.has(id)).toBe(true);
        expect(rig.sampling.status().droppedSpans + arrived.size).toBe(total(ended));
        expect(rig.sampling.status().heldBytes).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});

test('a trace with an error leaves at the error, one that ended well is dropped, and what it was made of does not change its bytes [W5]', () => {
  const rig = setUp({ share: 0 });
  const good = rig.tracer.startSpan('good');
  rig.tracer.startSpan('inside', {}, below(good)).end();
  good.end();
  const bad = rig.tracer.startSpan('bad', { attributes: { 'order.id': 7 } });
  rig.tracer.startSpan('before', { kind: 2 }, below(bad)).end();
  const failing = rig.tracer.startSpan('failing', {}, below(bad));
  failing.setStatus({ code: error, message: 'no' });
  expect(rig.sent()).toEqual([]);
  failing.end();
  expect(namesOf(rig.sent())).toEqual(['before', 'failing']);
  bad.end();
  expect(namesOf(rig.sent())).toEqual(['bad', 'before', 'failing']);
  const byName = new Map(rig.sent().map((span) => [span.name, span]));
  expect(byName.get('before')).toMatchObject({ kind: 3, parentSpanId: byName.get('bad')!.spanId });
  expect(byName.get('failing')!.status).toEqual({ code: error, message: 'no' });
  expect(rig.priorities.get('failing')).toBe('high');
  expect(rig.priorities.get('before')).toBe('normal');
  expect(rig.sampling.status()).toMatchObject({ keptTraces: 1, droppedTraces: 1, droppedSpans: 2 });
});

test('a trace is as slow as what is still open in it: it leaves when that time has passed [W5]', async () => {
  const rig = setUp({ share: 0, slowMs: 2_000 });
  const root = rig.tracer.startSpan('root');
  rig.tracer.startSpan('child', {}, below(root)).end();
  await rig.time.advance(1_900);
  expect(rig.sent()).toEqual([]);
  await rig.time.advance(200);
  expect(namesOf(rig.sent())).toEqual(['child']);
  root.end();
  expect(namesOf(rig.sent())).toEqual(['child', 'root']);
  expect(rig.time.pending).toBe(0);
});

test('a trace whose last span never ends is decided by its share when it was held long enough [W5]', async () => {
  const rig = setUp({ share: 0, slowMs: 2_000, maxHoldMs: 5_000 });
  const root = rig.tracer.startSpan('root');
  rig.tracer.startSpan('forgotten', {}, below(root));
  root.end();
  await rig.time.advance(4_900);
  expect(rig.sampling.status()).toMatchObject({ heldTraces: 1, heldSpans: 1 });
  await rig.time.advance(200);
  expect(rig.sampling.status()).toMatchObject({ heldTraces: 0, heldBytes: 0, droppedSpans: 1, decidedEarly: 1 });
  expect(rig.sent()).toEqual([]);
});

test('of what is neither an error nor slow a share is kept, and th says how many one stands for [W5]', () => {
  const rig = setUp({ share: 0.1 });
  const traces = 4_000;
  for (let i = 0; i < traces; i++) {
    const root = rig.tracer.startSpan('root');
    rig.tracer.startSpan('child', {}, below(root)).end();
    root.end();
  }
  const sent = rig.sent();
  expect(new Set(sent.map(({ traceState }) => traceState))).toEqual(new Set([`ot=th:${thresholdOf(0.1)}`]));
  // Each of them stands for ten.
  expect(Math.abs(sent.length * 10 - traces * 2)).toBeLessThan(traces * 2 * 0.15);
  for (const { traceId } of sent)
    expect(Buffer.from(traceId).toString('hex').slice(18) >= thresholdOf(0.1)!).toBe(true);
});

test('a share is kept of what the head left: the higher threshold is told, other members of the tracestate stay, and errors stand for what they stood for [W5]', () => {
  const rig = setUp({ share: 0.1 }, { sampler: traceIdRatioSampler(0.5) });
  const state = createTraceState('a=1,ot=x:y;rv:f0000000000000,b=2');
  const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, isRemote: true, traceState: state };
  rig.tracer.startSpan('kept', {}, withSpanContext(rootContext, remote)).end();
  const failing = rig.tracer.startSpan(
    'failing',
    {},
    withSpanContext(rootContext, { ...remote, traceId: '3'.repeat(32) }),
  );
  failing.setStatus({ code: error }).end();
  const stateOf = (name: string) => rig.sent().find((span) => span.name === name)!.traceState;
  expect(stateOf('kept')).toBe(`ot=th:${thresholdOf(0.1)};x:y;rv:f0000000000000,a=1,b=2`);
  expect(stateOf('failing')).toBe('ot=th:8;x:y;rv:f0000000000000,a=1,b=2');
});

test('below a parent that does not say how it was sampled nobody can tell a count, and none is told [W5]', () => {
  const rig = setUp({ share: 0.5 });
  const remote = {
    traceId: `${'1'.repeat(18)}${'f'.repeat(14)}`,
    spanId: '2'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  };
  rig.tracer.startSpan('kept', {}, withSpanContext(rootContext, remote)).end();
  expect(rig.sent().map(({ name, traceState }) => [name, traceState])).toEqual([['kept', undefined]]);
});

test('routes have shares of their own, by route, path or name; an error on them is kept all the same [W5]', () => {
  const rig = setUp({
    share: 1,
    routes: [
      { route: '/health*', share: 0 },
      { route: 'GET /items/:id', share: 0 },
      { route: /^\/admin\//, share: 0 },
    ],
  });
  const request = (name: string, attributes: Record<string, string>, fails = false) => {
    const span = rig.tracer.startSpan('GET', { attributes });
    span.updateName(name);
    if (fails) span.setStatus({ code: error });
    span.end();
  };
  request('a', { 'url.path': '/healthz' });
  request('b', { 'url.path': '/healthz' }, true);
  request('GET /items/:id', {});
  request('c', { 'http.route': '/admin/users' });
  request('d', { 'url.path': '/items/7' });
  expect(namesOf(rig.sent())).toEqual(['b', 'd']);
});

test('environment names stand for shares: all, 10 % in staging, 1 % in production, and every error in each of them [F21 W5]', () => {
  const sentOf = (environment: string | undefined) => {
    const rig = setUp({ environment });
    for (let i = 0; i < 3_000; i++) rig.tracer.startSpan('good').end();
    for (let i = 0; i < 20; i++) rig.tracer.startSpan('bad').setStatus({ code: error }).end();
    const names = rig.sent().map(({ name }) => name);
    expect(names.filter((name) => name === 'bad').length).toBe(20);
    return names.length - 20;
  };
  expect(sentOf(undefined)).toBe(3_000);
  expect(sentOf('development')).toBe(3_000);
  const [staging, production] = [sentOf('staging'), sentOf('Production')];
  expect(staging).toBeGreaterThan(240);
  expect(staging).toBeLessThan(360);
  expect(production).toBeGreaterThan(15);
  expect(production).toBeLessThan(50);
});

test('a program that may not come back, or ends, decides what is held by what is known of it [W5]', async () => {
  const rig = setUp({ share: 1 });
  const root = rig.tracer.startSpan('root');
  rig.tracer.startSpan('child', {}, below(root)).end();
  expect(rig.sent()).toEqual([]);
  rig.suspend();
  expect(namesOf(rig.sent())).toEqual(['child']);
  const other = rig.tracer.startSpan('other');
  rig.tracer.startSpan('last', {}, below(other)).end();
  const closed = rig.provider.shutdown();
  expect(namesOf(rig.sent())).toEqual(['child', 'last']);
  await closed;
});

test('`keep` keeps a trace for any reason of the program, and one that throws says no [W5]', () => {
  const rig = setUp({
    share: 0,
    keep(span) {
      if (span.name === 'broken') throw new Error('no');
      return span.attributes['customer.tier'] === 'gold';
    },
  });
  rig.tracer.startSpan('gold', { attributes: { 'customer.tier': 'gold' } }).end();
  rig.tracer.startSpan('broken').end();
  expect(namesOf(rig.sent())).toEqual(['gold']);
});

test('a span that is told its threshold after it has ended is in everything else the span it was, whatever its length', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 0, max: 20_000 }).map((n) => 'x'.repeat(n)),
      ),
      fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.oneof(fc.string(), fc.double(), fc.boolean()), {
        maxKeys: 4,
      }),
      (name, attributes) => {
        const spansOf = (rules: OutcomeRules) => {
          const rig = setUp(rules, { seed: 2 });
          const root = rig.tracer.startSpan('root', { attributes });
          rig.tracer.startSpan(name, { attributes, kind: 1 }, below(root)).end();
          root.end();
          return rig.sent();
        };
        // The seed's first trace is one that half of all keep.
        const told = spansOf({ share: 0.5 });
        const plain = spansOf({ share: 1 });
        expect(told.map(({ traceState }) => traceState)).toEqual(['ot=th:8', 'ot=th:8']);
        expect(told.map((span) => ({ ...span, traceState: undefined }))).toEqual(
          plain.map((span) => ({ ...span, traceState: undefined })),
        );
      },
    ),
    { numRuns: 100 },
  );
});
