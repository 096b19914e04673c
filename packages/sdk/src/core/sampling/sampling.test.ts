import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { countingEntropy, traceRig } from '../../../../testkit/src/trace-rig.js';
import { rootContext } from '../context/context.js';
import { setSpan, withSpanContext } from '../context/span-in-context.js';
import { createTraceState } from '../context/trace-state.js';
import { alwaysOffSampler } from './always-off.js';
import { alwaysOnSampler } from './always-on.js';
import { alwaysRecordSampler } from './always-record.js';
import {
  composableAlwaysOff,
  composableAlwaysOn,
  composableParentThreshold,
  composableProbability,
  composableRuleBased,
} from './composable.js';
import { compositeSampler } from './composite.js';
import { environmentSampler } from './environment.js';
import { parentBasedSampler } from './parent-based.js';
import { rateLimitingSampler } from './rate-limiting.js';
import { onRoute, routeMatcher } from './routes.js';
import type { QuickSampler, Sampler } from './sampler.js';
import { traceIdRatioSampler } from './trace-id-ratio.js';

const remote = (traceFlags: number, traceState?: string) => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags,
  isRemote: true,
  ...(traceState && { traceState: createTraceState(traceState) }),
});

/** How many of so many new roots are sampled. */
function sampledRoots(sampler: Sampler, count: number): number {
  const { tracer } = traceRig({ sampler, entropy: countingEntropy(7) });
  let sampled = 0;
  for (let i = 0; i < count; i++) sampled += tracer.startSpan('s').spanContext().traceFlags & 1;
  return sampled;
}

test('always on samples everything, always off nothing, whatever the parent did [F3]', () => {
  for (const flags of [0, 1]) {
    const context = withSpanContext(rootContext, remote(flags));
    expect(traceRig({ sampler: alwaysOnSampler }).tracer.startSpan('s', {}, context).isRecording()).toBe(true);
    expect(traceRig({ sampler: alwaysOffSampler }).tracer.startSpan('s', {}, context).isRecording()).toBe(false);
  }
  expect(sampledRoots(alwaysOnSampler, 100)).toBe(100);
  expect(sampledRoots(alwaysOffSampler, 100)).toBe(0);
});

test('parent-based asks one of five samplers, by what the parent is [F3]', () => {
  const asked: string[] = [];
  const named = (name: string): Sampler => ({
    shouldSample() {
      asked.push(name);
      return { decision: 2 };
    },
    toString: () => name,
  });
  const sampler = parentBasedSampler({
    root: named('root'),
    remoteParentSampled: named('remote on'),
    remoteParentNotSampled: named('remote off'),
    localParentSampled: named('local on'),
    localParentNotSampled: named('local off'),
  });
  const { tracer } = traceRig({ sampler });
  tracer.startSpan('s');
  for (const parent of [remote(1), remote(0), { ...remote(1), isRemote: false }, { ...remote(0), isRemote: false }]) {
    tracer.startSpan('s', {}, withSpanContext(rootContext, parent));
  }
  // With a tracestate there is no short way; the answer is the same.
  tracer.startSpan('s', {}, withSpanContext(rootContext, remote(1, 'a=b')));
  expect(asked).toEqual(['root', 'remote on', 'remote off', 'local on', 'local off', 'remote on']);
  expect(sampler.toString()).toBe(
    'ParentBased{root=root, remoteParentSampled=remote on, remoteParentNotSampled=remote off, localParentSampled=local on, localParentNotSampled=local off}',
  );
});

test('by default a trace is whole or absent: the parent decides, roots are sampled', () => {
  const rig = traceRig();
  expect(rig.tracer.startSpan('root').isRecording()).toBe(true);
  const unsampled = rig.tracer.startSpan('s', {}, withSpanContext(rootContext, remote(0)));
  expect(unsampled.isRecording()).toBe(false);
  expect(rig.tracer.startSpan('child', {}, setSpan(rootContext, unsampled)).isRecording()).toBe(false);
});

test.each([0.5, 0.1, 0.01])('a ratio of %s keeps that share of traces [F3 F21]', (ratio) => {
  const count = 20_000;
  const sampled = sampledRoots(traceIdRatioSampler(ratio), count);
  expect(Math.abs(sampled / count - ratio)).toBeLessThan(4 * Math.sqrt((ratio * (1 - ratio)) / count));
});

test('a ratio of 1 keeps all, of 0 none; what is no ratio is brought into the range', () => {
  for (const ratio of [1, 2, Infinity]) expect(sampledRoots(traceIdRatioSampler(ratio), 200)).toBe(200);
  for (const ratio of [0, -1, Number.NaN, 1e-30]) expect(sampledRoots(traceIdRatioSampler(ratio), 200)).toBe(0);
});

test('who keeps a smaller share keeps a part of what others keep', () => {
  const small = traceIdRatioSampler(0.2);
  const large = traceIdRatioSampler(0.3);
  const words = new Int32Array(new Uint8Array(8_000).map((_, i) => (i * 7_919) >> 3).buffer);
  for (let i = 0; i < words.length; i += 2) {
    if (small.decide(-1, words[i]!, words[i + 1]!)!.decision === 2) {
      expect(large.decide(-1, words[i]!, words[i + 1]!)!.decision).toBe(2);
    }
  }
});

// The specification's own examples of rejection thresholds, and thresholds of small shares, which need more digits.
test.each([
  [1, 'th:0'],
  [0.5, 'th:8'],
  [0.25, 'th:c'],
  [0.75, 'th:4'],
  [0.1, 'th:e666'],
  [0.01, 'th:fd70a'],
  [1 / 2 ** 20, 'th:fffff'],
])('a share of %s writes %s into the tracestate', (ratio, expected) => {
  const { decide } = traceIdRatioSampler(ratio) as QuickSampler;
  const result = decide(-1, -1, -1)!;
  expect(result.decision).toBe(2);
  expect(result.traceState!.serialize()).toBe(`ot=${expected}`);
});

test('with rv in the tracestate it decides, not the trace id; other members and fields stay', () => {
  const { tracer } = traceRig({ sampler: traceIdRatioSampler(0.5) });
  const start = (state: string) => tracer.startSpan('s', {}, withSpanContext(rootContext, remote(1, state)));
  const kept = start('a=b,ot=rv:80000000000000;x:1');
  expect(kept.isRecording()).toBe(true);
  expect(kept.spanContext().traceState!.get('ot')).toBe('th:8;rv:80000000000000;x:1');
  expect(kept.spanContext().traceState!.get('a')).toBe('b');
  expect(start('ot=rv:7fffffffffffff').isRecording()).toBe(false);
  // A threshold somebody else decided by does not stand for this decision.
  expect(start('ot=th:c;rv:7fffffffffffff').spanContext().traceState!.get('ot')).toBe('rv:7fffffffffffff');
});

test('both ways of asking a ratio sampler agree', () => {
  const sampler = traceIdRatioSampler(0.37);
  const fill = countingEntropy(3);
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 2_000; i++) {
    fill.fill(bytes);
    const traceId = Buffer.from(bytes).toString('hex');
    const view = new DataView(bytes.buffer);
    const quick = sampler.decide(-1, view.getInt32(8), view.getInt32(12))!;
    expect(sampler.shouldSample(rootContext, traceId, 's', 0, {}, []).decision).toBe(quick.decision);
  }
});

test('rate limiting keeps so many a second, after a burst of one second’s worth [F3]', async () => {
  const time = fakeTime();
  const sampler = rateLimitingSampler(10, time.clock);
  const { tracer } = traceRig({ sampler, time });
  const burst = (tries: number): number => {
    let kept = 0;
    for (let i = 0; i < tries; i++) kept += tracer.startSpan('s').spanContext().traceFlags & 1;
    return kept;
  };
  expect(burst(50)).toBe(10);
  await time.advance(250);
  expect(burst(50)).toBe(2);
  await time.advance(60_000);
  expect(burst(50)).toBe(10);
  time.jumpWall(86_400_000);
  expect(burst(50)).toBe(0);
});

test('a rate below one is kept too, and a rate of nothing keeps nothing', async () => {
  const time = fakeTime();
  const { tracer } = traceRig({ sampler: rateLimitingSampler(0.5, time.clock), time });
  expect([1, 2, 3].map(() => tracer.startSpan('s').isRecording())).toEqual([true, false, false]);
  await time.advance(2_000);
  expect(tracer.startSpan('s').isRecording()).toBe(true);
  expect(sampledRoots(rateLimitingSampler(0, time.clock), 5)).toBe(0);
});

test('by environment: all in development, a tenth in staging, a hundredth in production, and the parent’s word first [F21]', () => {
  const count = 20_000;
  expect(sampledRoots(environmentSampler('development'), 100)).toBe(100);
  expect(sampledRoots(environmentSampler(undefined), 100)).toBe(100);
  for (const name of ['constructor', 'toString', '__proto__'])
    expect(sampledRoots(environmentSampler(name), 100)).toBe(100);
  expect(sampledRoots(environmentSampler('staging'), count) / count).toBeCloseTo(0.1, 1);
  const production = sampledRoots(environmentSampler('Production'), count) / count;
  expect(production).toBeGreaterThan(0.005);
  expect(production).toBeLessThan(0.015);
  const { tracer } = traceRig({ sampler: environmentSampler('production') });
  expect(tracer.startSpan('s', {}, withSpanContext(rootContext, remote(1))).isRecording()).toBe(true);
});

test('always record lets processors see what its sampler turns down', () => {
  const { tracer } = traceRig({ sampler: alwaysRecordSampler(alwaysOffSampler) });
  const span = tracer.startSpan('s');
  expect(span.isRecording()).toBe(true);
  expect(span.spanContext().traceFlags & 1).toBe(0);
  expect(
    traceRig({ sampler: alwaysRecordSampler(alwaysOnSampler) })
      .tracer.startSpan('s')
      .spanContext().traceFlags & 1,
  ).toBe(1);
});

test('rules by route, path or name go together with shares and with what the parent did [F3 W5]', () => {
  const sampler = compositeSampler(
    composableParentThreshold(
      composableRuleBased([
        onRoute('/health*', composableAlwaysOff),
        onRoute(/^GET \/products\//, composableProbability(0.1)),
        { when: () => true, use: composableAlwaysOn },
      ]),
    ),
  );
  const { tracer } = traceRig({ sampler, entropy: countingEntropy(7) });
  const share = (name: string, attributes = {}, context = rootContext) => {
    let sampled = 0;
    for (let i = 0; i < 2_000; i++)
      sampled += tracer.startSpan(name, { attributes }, context).spanContext().traceFlags & 1;
    return sampled / 2_000;
  };
  expect(share('GET', { 'url.path': '/healthz' })).toBe(0);
  expect(share('GET /products/:id')).toBeCloseTo(0.1, 1);
  expect(share('GET', { 'url.path': '/checkout' })).toBe(1);
  expect(share('GET', { 'url.path': '/healthz' }, withSpanContext(rootContext, remote(1)))).toBe(1);
  expect(share('GET', { 'url.path': '/checkout' }, withSpanContext(rootContext, remote(0)))).toBe(0);
});

test('a star in a pattern of a route stands for anything, and a long path takes no time', () => {
  const fits = (pattern: string | RegExp, name: string) => routeMatcher(pattern)([name]);
  expect(fits('/a', '/a')).toBe(true);
  expect(fits('/a', '/a/b')).toBe(false);
  expect(fits('/a*', '/a/b')).toBe(true);
  expect(fits('*b', '/a/b')).toBe(true);
  expect(fits('/a/*/c', '/a/b/c')).toBe(true);
  expect(fits('/a/*/c', '/a/c')).toBe(false);
  expect(fits('ab*ba', 'aba')).toBe(false);
  expect(fits('*', '')).toBe(true);
  const sticky = /a/gy;
  expect([fits(sticky, 'a'), fits(sticky, 'a')]).toEqual([true, true]);
  expect(fits('*a*a*a*a*a*b', 'a'.repeat(100_000))).toBe(false);
});
