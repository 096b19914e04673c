import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fakeTime } from '../../testkit/src/fake-time.js';
import { joined } from '../../testkit/src/metrics-rig.js';
import { decodeMetrics } from '../../testkit/src/otlp-proto.js';
import { createStackContextStore } from '../src/core/context/stack-context-store.js';
import { fullMetering } from '../src/core/metrics/full-metering.js';
import type { TemporalityPreference } from '../src/core/metrics/instrument-kinds.js';
import type { SignalPart } from '../src/core/signal-part.js';
import { smallMetering } from '../src/core/small/small-metering.js';
import { type StartOptions, startTelemetry } from '../src/core/telemetry.js';
import { build, comparable, type Program, program } from './metric-programs.js';

/* What a page's metrics are to a receiver: the same as those of the whole engine. */

function started(metering: SignalPart, options: StartOptions = {}) {
  const time = fakeTime(1_700_000_000_000);
  let requests: Uint8Array[] = [];
  const said: string[] = [];
  const telemetry = startTelemetry(
    {
      clock: time.clock,
      timers: time.timers,
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    {
      global: false,
      destinations: {
        destination: 'here',
        async send({ bytes }) {
          requests.push(bytes);
          return { kind: 'accepted', rejectedItems: 0 };
        },
      },
      onDiagnostic: ({ code }) => said.push(code),
      ...options,
    },
    { metering },
  );
  return {
    telemetry,
    time,
    said,
    async metrics() {
      requests = [];
      await telemetry.flush();
      return joined(
        requests.flatMap((bytes) =>
          decodeMetrics(bytes).resourceMetrics.flatMap(({ scopeMetrics }) =>
            scopeMetrics.flatMap(({ metrics }) => metrics),
          ),
        ),
      );
    },
  };
}

async function expectSame(metricTemporality: TemporalityPreference, { instruments, steps }: Program): Promise<void> {
  const options = { metricTemporality, cardinalityLimit: 4 };
  const small = started(smallMetering, options);
  const full = started(fullMetering, options);
  const ours = build(small.telemetry.meter, instruments);
  const theirs = build(full.telemetry.meter, instruments);
  for (const [what, which, value, given] of [...steps, ['collect', 0, 0, {}] as const]) {
    if (what === 'measure') {
      ours[which % ours.length]!(value, given);
      theirs[which % theirs.length]!(value, given);
      continue;
    }
    await small.time.advance(1_000);
    await full.time.advance(1_000);
    expect(comparable(await small.metrics())).toEqual(comparable(await full.metrics()));
  }
}

/** Few kinds of attributes, so that the limit is reached by the first of them alone: what is over it then is the same in both. */
const narrow = program.map(
  (one): Program => ({
    ...one,
    steps: one.steps.map(([what, which, value, given]) => [what, which, value, 'ok' in given ? { ok: given.ok } : {}]),
  }),
);

test.each(['cumulative', 'delta', 'lowmemory'] as const)(
  'random recordings through the small metrics of a page and the whole engine are the same with %s temporality [F12 S7]',
  async (temporality) => {
    await fc.assert(
      fc.asyncProperty(narrow, (one) => expectSame(temporality, one)),
      { numRuns: 100 },
    );
  },
);

test('what is measured has times, leaves at an interval, is refused where it makes no sense, and ends with telemetry', async () => {
  const { telemetry, metrics, time, said } = started(smallMetering, { redact: ['token'] });
  const counter = telemetry.meter.createCounter('c');
  expect(telemetry.meter.createCounter('c')).toBe(counter);
  expect(telemetry.status().uncollected).toBe(false);
  counter.bind({ token: 'a', n: 1 }).add(2);
  counter.add(-1);
  counter.add(Number.NaN);
  expect(telemetry.status().uncollected).toBe(true);
  await time.advance(1_000);
  const [metric] = await metrics();
  expect(metric!.sum).toMatchObject({
    isMonotonic: true,
    dataPoints: [
      {
        asDouble: 2,
        startTimeUnixNano: '1700000000000000000',
        timeUnixNano: '1700000001000000000',
        attributes: [
          { key: 'n', value: { intValue: '1' } },
          { key: 'token', value: { stringValue: '[REDACTED]' } },
        ],
      },
    ],
  });
  expect(said).toEqual(['measurement-refused']);
  await time.advance(120_000);
  expect(telemetry.status().sent.metrics).toBeGreaterThan(1);
  expect(await telemetry.shutdown()).toBe(true);
  const { metrics: sent } = telemetry.status().sent;
  counter.add(1);
  await telemetry.flush();
  await time.advance(600_000);
  expect(telemetry.status().sent.metrics).toBe(sent);
});
