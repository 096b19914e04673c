import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import {
  createTestClock,
  createTestTelemetry,
  expectSpan,
  type TestTelemetry,
  type TestTelemetryOptions,
} from './index.js';

/** As code under test has it: taken when the module is loaded, once for all tests. */
const early = trace.getTracer('early');

let telemetry: TestTelemetry;
const start = (options?: TestTelemetryOptions) => (telemetry = createTestTelemetry(options));
afterEach(() => telemetry.shutdown());

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

/** A checkout as a program would instrument it: through the OpenTelemetry API, knowing nothing of the test. */
async function checkout(card: string) {
  const tracer = trace.getTracer('shop', '1.2.0');
  return tracer.startActiveSpan('POST /checkout', { kind: SpanKind.SERVER }, async (request) => {
    try {
      await tracer.startActiveSpan('pay', async (span) => {
        span.setAttribute('cart.items', 3).setAttribute('cart.tags', ['a', 'b']);
        await Promise.resolve();
        try {
          if (card !== 'valid') throw new RangeError('card declined');
        } catch (error) {
          span.recordException(error as Error);
          span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
          throw error;
        } finally {
          span.end();
        }
      });
    } finally {
      request.end();
    }
  });
}

test('finished spans of instrumented code can be read at once and asserted on [F20]', async () => {
  start();
  await expect(checkout('stolen')).rejects.toThrow('card declined');
  expectSpan(telemetry, 'pay')
    .toHaveAttribute('cart.items', 3)
    .toHaveAttribute('cart.items')
    .toHaveAttribute('cart.items', (items) => Number(items) > 2)
    .toHaveAttributes({ 'cart.tags': ['a', 'b'] })
    .notToHaveAttribute('password')
    .toHaveStatus('error', /card/)
    .toHaveStatus('error', 'card declined')
    .toHaveEvent('exception', { 'exception.type': 'RangeError' })
    .toHaveRecordedException('card declined')
    .notToHaveEvent('retry')
    .toHaveKind('internal')
    .toBeChildOf('POST /checkout')
    .toBeInTraceOf('POST /checkout')
    .toHaveTaken({ atLeast: 0, atMost: 10_000 })
    .toComeFrom('shop');
  expectSpan(telemetry, 'POST /checkout').toBeRoot().toHaveKind('server').toHaveStatus('unset');
  expect(telemetry.spans().map(({ name }) => name)).toEqual(['pay', 'POST /checkout']);
});

test.each(['first', 'second'])(
  'a tracer taken when its module was loaded records into the %s telemetry',
  async (round) => {
    early.startSpan('between').end();
    early.startActiveSpan('between', (span) => span.end());
    start();
    early.startActiveSpan(round, (span) => {
      early.startSpan('child').end();
      span.end();
    });
    expect(telemetry.tree()).toBe(`${round}\n  child`);
  },
);

test('a span is there as soon as it has ended, and not before', () => {
  start();
  const span = telemetry.tracer.startSpan('work');
  expect(telemetry.spans()).toEqual([]);
  span.end();
  expect(telemetry.spans()).toHaveLength(1);
});

test('thousands of spans in one turn are all there, in order', () => {
  start();
  for (let i = 0; i < 5_000; i++) telemetry.tracer.startSpan(`s${i}`).end();
  expect(telemetry.spans().map(({ name }) => name)).toEqual(Array.from({ length: 5_000 }, (_, i) => `s${i}`));
});

test('the tree shows every trace, with errors', async () => {
  start();
  await checkout('stolen').catch(() => {});
  await checkout('valid');
  expect(telemetry.tree()).toBe('POST /checkout\n  pay [error: card declined]\nPOST /checkout\n  pay');
});

test('a clock that stands still gives exact times and durations', () => {
  const clock = createTestClock(Date.UTC(2026, 0, 1));
  start({ clock });
  const span = telemetry.tracer.startSpan('work');
  clock.advance(1_500.25);
  span.addEvent('half');
  clock.advance(500);
  span.end();
  const read = telemetry.span('work');
  expect(read.startUnixNano).toBe(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
  expect(read.durationMs).toBe(2_000.25);
  expect(read.events[0]!.unixNano - read.startUnixNano).toBe(1_500_250_000n);
  expectSpan(telemetry, 'work').toHaveTaken({ atLeast: 2_000.25, atMost: 2_000.25 });
});

test('a clock runs timers as it goes, in order, and can be set like a wall clock', () => {
  const clock = createTestClock(1_000);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b ${clock.wallMs()}`));
  clock.after(10, () => {
    ran.push(`a ${clock.wallMs()}`);
    clock.after(5, () => ran.push(`c ${clock.wallMs()}`));
  });
  const cancel = clock.after(12, () => ran.push('never'));
  cancel();
  clock.advance(20);
  expect(ran).toEqual(['a 1010', 'c 1015', 'b 1020']);
  const before = clock.monotonicMs();
  clock.setWall(5);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([5, before]);
  start({ clock });
});

test('reset forgets what was, and not what goes on', () => {
  start();
  telemetry.tracer.startSpan('before').end();
  const open = telemetry.tracer.startSpan('open');
  telemetry.reset();
  expect(telemetry.spans()).toEqual([]);
  open.end();
  expect(telemetry.spans().map(({ name }) => name)).toEqual(['open']);
});

test('samplers, limits, processors and redaction work as in production [F26]', () => {
  start({
    redact: ['password'],
    spanLimits: { attributeCountLimit: 2 },
    spanProcessors: [
      {
        onStart() {},
        onEnding: (span) => void span.setAttribute('password', 'hunter2'),
        onEnd() {},
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  telemetry.tracer.startSpan('login', { attributes: { password: 'hunter1', b: 1, c: 2 } }).end();
  const span = telemetry.span('login');
  expect(span.attributes).toEqual({ password: '[REDACTED]', b: 1 });
  expect(span.droppedAttributesCount).toBe(1);
  expect(Buffer.concat(telemetry.requests() as Uint8Array[]).includes('hunter')).toBe(false);
});

test('values of every kind read back as they were set', () => {
  start();
  const attributes = {
    s: 'ü€😀',
    i: -5,
    big: 2 ** 53,
    f: 0.5,
    t: true,
    nan: Number.NaN,
    inf: Number.POSITIVE_INFINITY,
    list: [1, 2],
    none: [],
  };
  telemetry.tracer.startSpan('values', { attributes, kind: SpanKind.PRODUCER }).end();
  const span = telemetry.span('values');
  expect(span.attributes).toEqual(attributes);
  expect(span.kind).toBe('producer');
  expect(span.resource).toMatchObject({ 'service.name': 'test' });
});

test('links, a remote parent and trace state are read back [S6]', () => {
  start();
  const remote = propagation.extract(context.active(), {
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    tracestate: 'vendor=1',
  });
  const parent = trace.getSpanContext(remote)!;
  telemetry.tracer.startSpan('child', { links: [{ context: parent, attributes: { why: 'batch' } }] }, remote).end();
  expect(telemetry.span('child')).toMatchObject({
    traceId: 'a'.repeat(32),
    parentSpanId: 'b'.repeat(16),
    hasRemoteParent: true,
    traceState: 'vendor=1',
    links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceState: 'vendor=1', attributes: { why: 'batch' } }],
  });
});

test('toBeLinkedTo follows a link to another span', () => {
  start();
  const cause = telemetry.tracer.startSpan('cause');
  cause.end();
  telemetry.tracer.startSpan('effect', { root: true, links: [{ context: cause.spanContext() }] }).end();
  expectSpan(telemetry, 'effect').toBeLinkedTo('cause').toBeRoot();
  expect(messageOf(() => expectSpan(telemetry, 'cause').toBeLinkedTo('effect'))).toContain(
    'Expected span "cause" to be linked to "effect"',
  );
});

test('a failed assertion says what was expected, what it is, and shows the span [F20]', async () => {
  start();
  await checkout('stolen').catch(() => {});
  const pay = expectSpan(telemetry, 'pay');
  const first = (run: () => unknown) => messageOf(run).split('\n')[0];
  expect(first(() => pay.toHaveAttribute('cart.items', 4))).toBe(
    'Expected span "pay" to have cart.items = 4, but it is 3.',
  );
  expect(first(() => pay.toHaveAttribute('cart.item'))).toBe(
    'Expected span "pay" to have an attribute "cart.item", but it has cart.items, cart.tags.',
  );
  expect(first(() => pay.toHaveAttribute('cart.tags', ['a']))).toBe(
    'Expected span "pay" to have cart.tags = ["a"], but it is ["a", "b"].',
  );
  expect(first(() => pay.notToHaveAttribute('cart.items'))).toBe(
    'Expected span "pay" not to have an attribute "cart.items", but it is 3.',
  );
  expect(first(() => pay.toHaveStatus('ok'))).toBe(
    'Expected span "pay" to have the status ok, but it is error: card declined.',
  );
  expect(first(() => pay.toHaveStatus('error', /timeout/))).toBe(
    'Expected span "pay" to have the status message /timeout/, but it is "card declined".',
  );
  expect(first(() => pay.toHaveEvent('retry'))).toBe(
    'Expected span "pay" to have an event "retry", but it has "exception".',
  );
  expect(first(() => pay.toHaveRecordedException('other'))).toContain(
    'with { exception.message: "other" }, but it has {',
  );
  expect(first(() => pay.notToHaveEvent('exception'))).toBe(
    'Expected span "pay" not to have an event "exception", but it has.',
  );
  expect(first(() => pay.toHaveKind('client'))).toBe('Expected span "pay" to be of kind client, but it is internal.');
  expect(first(() => pay.toBeRoot())).toBe('Expected span "pay" to be a root, but its parent is "POST /checkout".');
  expect(first(() => expectSpan(telemetry, 'POST /checkout').toBeChildOf('pay'))).toBe(
    'Expected span "POST /checkout" to be a child of "pay", but it is a root.',
  );
  expect(first(() => pay.toHaveTaken({ atLeast: 10_000 }))).toContain(
    'to have taken 10000 to Infinity ms, but it took',
  );
  expect(first(() => pay.toComeFrom('http'))).toBe(
    'Expected span "pay" to come from "http", but it comes from "shop".',
  );
  const shown = messageOf(() => pay.toHaveKind('client'));
  for (const line of [
    'pay (internal, ',
    '  status error card declined',
    '  cart.items = 3',
    '  event exception exception.type = "RangeError"',
  ]) {
    expect(shown).toContain(line);
  }
});

test('a span that is not there or there twice is said with those that are', async () => {
  start();
  expect(messageOf(() => telemetry.span('pay'))).toBe('Expected a span named "pay", but no span has ended.');
  await checkout('valid');
  expect(messageOf(() => expectSpan(telemetry, 'Pay'))).toBe(
    'Expected a span named "Pay", but only these have ended:\n  POST /checkout\n    pay',
  );
  await checkout('valid');
  expect(messageOf(() => expectSpan(telemetry, 'pay'))).toMatch(
    /^Expected one span named "pay", but 2 have ended:\n {2}pay \(/,
  );
  const traceId = telemetry.spans()[0]!.traceId;
  expectSpan(telemetry, (span) => span.name === 'pay' && span.traceId === traceId).toHaveAttribute('cart.items', 3);
});

test('spans in different traces are told apart', () => {
  start();
  telemetry.tracer.startSpan('a').end();
  telemetry.tracer.startSpan('b').end();
  expect(messageOf(() => expectSpan(telemetry, 'a').toBeInTraceOf('b'))).toMatch(
    /^Expected span "a" to be in the trace of "b" \(/,
  );
});

test('a second telemetry while one is started is refused with what to do', () => {
  start();
  expect(() => createTestTelemetry()).toThrow(
    'Call `await telemetry.shutdown()` after each test, or pass `{ global: false }`.',
  );
});

test('a telemetry apart from the globals sees only its own spans', async () => {
  start();
  const apart = createTestTelemetry({ global: false });
  apart.measure('inside', () => trace.getTracer('lib').startSpan('outside').end());
  expect(apart.tree()).toBe('inside');
  expect(telemetry.tree()).toBe('outside');
  await apart.shutdown();
});

test('after shutdown the globals are free and nothing more is recorded', async () => {
  start();
  await telemetry.shutdown();
  trace.getTracer('lib').startSpan('late').end();
  telemetry.tracer.startSpan('late').end();
  expect(telemetry.spans()).toEqual([]);
  const again = createTestTelemetry();
  trace.getTracer('lib').startSpan('again').end();
  expect(again.tree()).toBe('again');
  await again.shutdown();
});

test('what telemetry says about itself can be read', () => {
  const clock = createTestClock();
  start({ clock, unendedSpanMs: 1_000 });
  telemetry.tracer.startSpan('forgotten');
  clock.advance(1_000);
  expect(telemetry.diagnostics).toMatchObject([{ level: 'warn', code: 'span-never-ended' }]);
  expect(telemetry.diagnostics[0]!.message).toContain('"forgotten"');
  expect(telemetry.status().openSpans).toBe(1);
});

test('a flush that may take for ever waits for what answers later', async () => {
  const { meter, flush, requests, diagnostics } = start();
  meter.createObservableGauge('late').addCallback(async (result) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    result.observe(1);
  });
  expect(await flush({ timeoutMs: Number.POSITIVE_INFINITY })).toBe(true);
  expect(diagnostics).toEqual([]);
  expect(requests('metrics')).toHaveLength(1);
});
