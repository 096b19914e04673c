import { metrics, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { expect, test } from 'vitest';
import { fakeTime } from '../../../testkit/src/fake-time.js';
import { createStackContextStore } from './context/stack-context-store.js';
import { smallLogging } from './small/small-logging.js';
import { smallMetering } from './small/small-metering.js';
import { smallTracing } from './small/small-tracing.js';
import type { TelemetryParts } from './start-telemetry-with.js';
import { startTelemetry } from './telemetry.js';

function started(parts: Partial<TelemetryParts> = {}) {
  const time = fakeTime();
  return startTelemetry(
    {
      clock: time.clock,
      timers: time.timers,
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    { destinations: { destination: 'here', send: async () => ({ kind: 'accepted', rejectedItems: 0 }) } },
    parts,
  );
}

/** Older declarations of the API know no attributes. */
const named = (attributes: object) => ['lib', '1', { attributes } as object] as const;

test('a scope’s attributes may be bigints, which tell it from one with the same digits as a text', async () => {
  const telemetry = started();
  for (const get of [
    (attributes: object) => metrics.getMeter(...named(attributes)),
    (attributes: object) => trace.getTracerProvider().getTracer(...named(attributes)),
    (attributes: object) => logs.getLogger(...named(attributes)),
  ] as ((attributes: object) => object)[]) {
    const one = get({ shard: 5n, a: 1 });
    expect(get({ a: 1, shard: 5n })).toBe(one);
    for (const other of [6n, '5', '5n', 5, [5n]]) expect(get({ shard: other, a: 1 })).not.toBe(one);
  }
  await telemetry.shutdown();
});

test('a page’s tracers, meters and loggers take bigints among the attributes of a scope too', async () => {
  const telemetry = started({ tracing: smallTracing, metering: smallMetering, logging: smallLogging });
  for (const get of [
    (attributes: object) => metrics.getMeter(...named(attributes)),
    (attributes: object) => trace.getTracerProvider().getTracer(...named(attributes)),
    (attributes: object) => logs.getLogger(...named(attributes)),
  ] as ((attributes: object) => object)[]) {
    const one = get({ shard: 5n, a: 1 });
    expect(get({ shard: 5n, a: 1 })).toBe(one);
    expect(get({ shard: '5', a: 1 })).not.toBe(one);
  }
  await telemetry.shutdown();
});
