import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { joined } from '../../../../testkit/src/metrics-rig.js';
import { type DecodedMetric, decodeMetrics } from '../../../../testkit/src/otlp-proto.js';
import type { Batch } from '../batch.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import type { Instrument } from '../instrument.js';
import type { Diagnostic } from '../options.js';
import type { Outcome } from '../ports.js';
import { type StartOptions, startTelemetry } from '../telemetry.js';

/** A telemetry beside the globals, on told time, whose destination notes. */
function started(options: StartOptions = {}, answer: () => Outcome = () => ({ kind: 'accepted', rejectedItems: 0 })) {
  const time = fakeTime(1_700_000_000_000);
  const batches: Batch[] = [];
  const said: Diagnostic[] = [];
  const delays: number[] = [];
  const suspends = new Set<() => void>();
  const telemetry = startTelemetry(
    {
      clock: time.clock,
      timers: {
        after(delayMs, run) {
          delays.push(delayMs);
          return time.timers.after(delayMs, run);
        },
      },
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
      contextStore: createStackContextStore(),
      lifecycle: {
        onSuspend(run) {
          suspends.add(run);
          return () => suspends.delete(run);
        },
        onResume: () => () => {},
        onShutdown: () => () => {},
      },
    },
    {
      global: false,
      destinations: {
        destination: 'here',
        async send(batch) {
          batches.push(batch);
          return answer();
        },
      },
      onDiagnostic: (diagnostic) => said.push(diagnostic),
      ...options,
    },
  );
  /** The values of a metric in each request so far. */
  const values = (name: string): number[] =>
    batches
      .filter(({ signal }) => signal === 'metrics')
      .flatMap(({ bytes }) => metricsOf(bytes).filter((metric) => metric.name === name))
      .map((metric) => (metric.sum ?? metric.gauge)!.dataPoints[0]!.asDouble!);
  const suspend = () => {
    for (const run of [...suspends]) run();
  };
  return { time, telemetry, batches, said, delays, values, suspend };
}

const metricsOf = (bytes: Uint8Array): DecodedMetric[] =>
  joined(
    decodeMetrics(bytes).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
  );

test('metrics are collected at each interval and leave with the next batch, also when nothing was added', async () => {
  const { time, telemetry, values, batches } = started({ metricIntervalMs: 30_000 });
  const counter = telemetry.meter.createCounter('c');
  counter.add(1);
  await time.advance(29_000);
  expect(batches).toEqual([]);
  await time.advance(6_000);
  expect(values('c')).toEqual([1]);
  await time.advance(30_000);
  expect(values('c')).toEqual([1, 1]);
  expect(batches.map(({ signal, priority, items }) => [signal, priority, items])).toEqual([
    ['metrics', 'normal', 1],
    ['metrics', 'normal', 1],
  ]);
  expect(telemetry.status().sent.metrics).toBe(2);
});

test.each([
  ['production', 60_000],
  ['development', 10_000],
] as const)('without a word metrics in %s are collected every %i ms', async (preset, intervalMs) => {
  const { time, telemetry, values } = started({ preset, batch: { maxAgeMs: 0 } });
  telemetry.meter.createCounter('c').add(1);
  await time.advance(intervalMs - 1);
  expect(values('c')).toEqual([]);
  await time.advance(1);
  expect(values('c')).toEqual([1]);
});

test('a program without instruments has no timer for them', () => {
  const { time, telemetry } = started();
  const before = time.pending;
  telemetry.meter.createCounter('c');
  expect(time.pending).toBe(before + 1);
  telemetry.meter.createCounter('d');
  expect(time.pending).toBe(before + 1);
});

test('a flush collects first, at once where no callback answers later, and says what is not collected', async () => {
  const { telemetry, values, batches } = started();
  const counter = telemetry.meter.createCounter('c');
  expect(telemetry.status().uncollected).toBe(false);
  counter.add(5);
  expect(telemetry.status().uncollected).toBe(true);
  const flushed = telemetry.flush();
  expect(batches).toHaveLength(1);
  expect(await flushed).toBe(true);
  expect(values('c')).toEqual([5]);
  expect(telemetry.status().uncollected).toBe(false);
});

test('a shutdown sends what was measured until the last instrument has stopped, and nothing afterwards', async () => {
  let stopped = (): void => {};
  const instrument: Instrument = () => () => stopped();
  const { time, telemetry, values } = started({ instruments: [instrument] });
  const counter = telemetry.meter.createCounter('c');
  counter.add(1);
  stopped = () => counter.add(10);
  expect(await telemetry.shutdown()).toBe(true);
  expect(values('c')).toEqual([11]);
  counter.add(100);
  expect(await telemetry.shutdown()).toBe(true);
  await telemetry.flush();
  await time.advance(600_000);
  expect(values('c')).toEqual([11]);
  expect(time.pending).toBe(0);
});

test('a page that is hidden sends what was measured, what instruments record at that moment too, once', async () => {
  let leaving = (): void => {};
  const instrument: Instrument = ({ onLeaving }) => onLeaving(() => leaving());
  const { telemetry, values, suspend, batches } = started({ instruments: [instrument] });
  const counter = telemetry.meter.createCounter('c');
  counter.add(1);
  leaving = () => counter.add(10);
  suspend();
  expect(values('c')).toEqual([11]);
  leaving = () => {};
  suspend();
  expect(batches).toHaveLength(1);
});

test('callbacks that answer later are waited for: half of the time there is, then what is known leaves', async () => {
  const { time, telemetry, values, said } = started();
  const gauge = telemetry.meter.createObservableGauge('g');
  const answers: (() => void)[] = [];
  let value = 1;
  gauge.addCallback(async (result) => {
    await new Promise<void>((resolve) => answers.push(resolve));
    result.observe(value);
  });
  const first = telemetry.flush({ timeoutMs: 1_000 });
  answers.pop()!();
  expect(await first).toBe(true);
  expect(values('g')).toEqual([1]);

  telemetry.meter.createCounter('c').add(1);
  const second = telemetry.flush({ timeoutMs: 1_000 });
  await time.advance(500);
  expect(await second).toBe(true);
  expect(values('c')).toEqual([1]);
  expect(said.map(({ code }) => code)).toEqual(['observable-late']);

  // What came too late is in the next.
  value = 2;
  answers.pop()!();
  await time.settle();
  const third = telemetry.shutdown({ timeoutMs: 1_000 });
  await time.advance(500);
  expect(await third).toBe(true);
  expect(values('g')).toEqual([1, 2]);
});

test('an interval without an end is none that a timer cannot count: metrics then leave with a flush alone', async () => {
  const { telemetry, delays, said, values } = started({ metricIntervalMs: Number.POSITIVE_INFINITY });
  telemetry.meter.createCounter('c').add(1);
  expect(delays).toEqual([2 ** 31 - 1]);
  await telemetry.flush();
  expect(values('c')).toEqual([1]);
  expect(said).toEqual([]);
});

test('callbacks are asked for a shutdown, and never after it', async () => {
  const { telemetry } = started();
  let asked = 0;
  telemetry.meter.createObservableGauge('g').addCallback(() => void asked++);
  await telemetry.shutdown();
  expect(asked).toBe(1);
  await telemetry.flush();
  expect(asked).toBe(1);
});

test('options that make no sense are named, and their defaults taken', async () => {
  const { telemetry, said, values, time } = started({
    metricIntervalMs: -1,
    cardinalityLimit: 0,
    metricTemporality: 'constructor' as never,
    batch: { maxAgeMs: 0 },
  });
  telemetry.meter.createCounter('c').add(1);
  await time.advance(60_000);
  expect(values('c')).toEqual([1]);
  // Said once a minute at most.
  expect(said.map(({ message }) => message)).toEqual(['metricIntervalMs cannot be -1']);
});

test('three thousand series all arrive, whatever else waits: data points are bounded by their bytes', async () => {
  const { telemetry, batches } = started();
  const counter = telemetry.meter.createCounter('c');
  const other = telemetry.meter.createCounter('d');
  for (let user = 0; user < 1_500; user++) {
    counter.add(user, { user });
    other.add(user, { user });
  }
  for (let i = 0; i < 100; i++) telemetry.tracer.startSpan('waits').end();
  expect(await telemetry.flush()).toBe(true);
  const points = batches
    .filter(({ signal }) => signal === 'metrics')
    .flatMap(({ bytes }) => metricsOf(bytes))
    .flatMap((metric) => metric.sum!.dataPoints);
  expect(points).toHaveLength(3_000);
  expect(telemetry.status()).toMatchObject({
    sent: { traces: 100, metrics: 3_000 },
    dropped: { 'queue-full': 0 },
    queued: { items: 0, bytes: 0 },
  });
});

test('data points that wait push out no span while there are bytes left, and themselves when there are none', async () => {
  const { telemetry } = started({ batch: { maxQueueBytes: 150_000, maxQueueItems: 600 } }, () => ({
    kind: 'retry',
    reason: 'away',
  }));
  for (let i = 0; i < 500; i++) telemetry.tracer.startSpan('s').end();
  void telemetry.flush();
  const counter = telemetry.meter.createCounter('c');
  for (let user = 0; user < 1_900; user++) counter.add(1, { user });
  // Some 50 bytes each: the second collection has no room beside the first.
  void telemetry.flush();
  expect(telemetry.status().dropped['queue-full']).toBe(0);
  expect(telemetry.status().queued.items).toBe(2_400);
  void telemetry.flush();
  const { dropped, queued } = telemetry.status();
  expect(dropped['queue-full']).toBeGreaterThan(0);
  expect(queued.bytes).toBeLessThanOrEqual(150_000);
  expect(queued.items + dropped['queue-full']).toBe(500 + 2 * 1_900);
});

test('values of redacted keys leave neither with logs nor with metrics [F26]', async () => {
  const { telemetry, batches } = started({ redact: ['password'] });
  telemetry.meter.createCounter('c').add(1, { password: 'hunter2' });
  telemetry.logger.emit({ body: { password: 'hunter2' }, attributes: { password: 'hunter2' } });
  await telemetry.flush();
  const text = batches.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join();
  expect(batches).toHaveLength(2);
  expect(text).not.toContain('hunter2');
  expect(text.split('[REDACTED]')).toHaveLength(4);
});
