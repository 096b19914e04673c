import { expect, test } from 'vitest';
import { rootContext } from '../core/context/context.js';
import { setSpan } from '../core/context/span-in-context.js';
import { createStackContextStore } from '../core/context/stack-context-store.js';
import { startTelemetry } from '../core/telemetry.js';
import { consoleTransport } from './console.js';

/** A telemetry whose clock stands at a known moment. */
function setUp() {
  const lines: string[] = [];
  let ms = 0;
  const telemetry = startTelemetry(
    {
      clock: { wallMs: () => Date.parse('2026-03-01T12:30:15.250Z') + ms, monotonicMs: () => ms },
      timers: { after: () => () => {} },
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    { serviceName: 'shop', global: false, destinations: consoleTransport({ write: (line) => lines.push(line) }) },
  );
  return {
    telemetry,
    lines,
    pass(more: number) {
      ms += more;
    },
  };
}

test('spans are lines a person can read: time, service, name, duration, kind, outcome, attributes, the tree as indentation [F15]', async () => {
  const { telemetry, lines, pass } = setUp();
  const { traceId } = telemetry.measure('GET /cart', { kind: 1 }, (span) => {
    pass(2);
    telemetry.measure(
      'SELECT',
      { kind: 2, attributes: { 'db.system.name': 'postgresql', rows: 3, ok: true, text: 'a b' } },
      () => pass(0.25),
    );
    span.addEvent('retried', { times: [1, 2] });
    pass(1_500);
    return span.spanContext();
  });
  await telemetry.flush();
  expect(lines).toEqual([
    `12:30:15.250Z  shop  "GET /cart"  1.50 s  server  trace ${traceId}`,
    '                +2.3 ms retried  times=[1, 2]',
    '12:30:15.252Z    shop  SELECT  250 µs  client  db.system.name=postgresql rows=3 ok=true text="a b"'.replace(
      'SELECT',
      '"SELECT"',
    ),
  ]);
});

test('a failed span says so, with its message and the exception below it', async () => {
  const { telemetry, lines } = setUp();
  expect(() =>
    telemetry.measure('charge', () => {
      throw new RangeError('card declined');
    }),
  ).toThrow('card declined');
  await telemetry.flush();
  expect(lines[0]).toMatch(/"charge" {2}0 µs {2}ERROR card declined {2}trace [0-9a-f]{32}$/);
  expect(lines[1]).toMatch(/^ {16}\+0 µs exception {2}.*exception\.type=RangeError exception\.message="card declined"/);
});

test('log records and the points of metrics are a line each [F12 S7]', async () => {
  const { telemetry, lines } = setUp();
  const meter = telemetry.meter;
  meter.createCounter('orders', { unit: '{order}' }).add(2, { 'payment.type': 'credit card', retry: false });
  meter.createHistogram('duration', { unit: 'ms' }).record(3);
  meter.createGauge('level').record(0.5);
  const span = telemetry.tracer.startSpan('checkout');
  telemetry.logger.emit({ severityNumber: 17, body: 'card declined', context: setSpan(rootContext, span) });
  telemetry.logger.emit({
    eventName: 'basket',
    severityNumber: 10,
    severityText: 'notice',
    body: { items: [1, 'b c'] },
  });
  await telemetry.flush();
  expect([...lines].sort()).toEqual(
    [
      `12:30:15.250Z  shop  ERROR  card declined  trace ${span.spanContext().traceId}`,
      '12:30:15.250Z  shop  notice  basket  {items=[1, "b c"]}',
      '12:30:15.250Z  shop  orders{payment.type="credit card" retry=false} 2 {order}',
      '12:30:15.250Z  shop  duration 1 values, mean 3, 3 to 3 ms',
      '12:30:15.250Z  shop  level 0.5',
    ].sort(),
  );
});

test('damaged bytes are no trouble', async () => {
  const lines: string[] = [];
  const transport = consoleTransport({ write: (line) => lines.push(line) });
  const batch = { v: 1, id: 'x', priority: 'normal', destination: 'console', createdUnixMs: 0, items: 3 } as const;
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    const sent = { ...batch, signal, bytes: Uint8Array.of(10, 200, 1, 2) };
    expect(await transport.send(sent, { abort: new AbortController().signal })).toEqual({
      kind: 'accepted',
      rejectedItems: 0,
    });
  }
  expect(lines).toEqual([]);
});
