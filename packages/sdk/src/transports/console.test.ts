import { expect, test } from 'vitest';
import type { Batch } from '../core/batch.js';
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

test('signals it cannot show are counted, and damaged bytes are no trouble', async () => {
  const lines: string[] = [];
  const transport = consoleTransport({ write: (line) => lines.push(line) });
  const batch = { v: 1, id: 'x', priority: 'normal', destination: 'console', createdUnixMs: 0, items: 3 } as const;
  const send = (rest: Pick<Batch, 'signal' | 'bytes'>) =>
    transport.send({ ...batch, ...rest }, { abort: new AbortController().signal });
  expect(await send({ signal: 'metrics', bytes: new Uint8Array(40) })).toEqual({ kind: 'accepted', rejectedItems: 0 });
  expect(await send({ signal: 'traces', bytes: Uint8Array.of(10, 200, 1, 2) })).toEqual({
    kind: 'accepted',
    rejectedItems: 0,
  });
  expect(lines).toEqual(['metrics: 3 items in 40 bytes']);
});
