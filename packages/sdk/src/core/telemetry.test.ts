import { type Context, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeTime } from '../../../testkit/src/fake-time.js';
import type { Batch } from './batch.js';
import { createStackContextStore } from './context/stack-context-store.js';
import { isTracingSuppressed } from './context/suppress-tracing.js';
import type { Instrument } from './instrument.js';
import type { Diagnostic } from './options.js';
import type { Lifecycle, Outcome, Ports } from './ports.js';
import { type StartOptions, startTelemetry } from './telemetry.js';
import type { Telemetry } from './telemetry-handle.js';
import type { ReadableSpan } from './trace/readable-span.js';
import type { SpanProcessor } from './trace/span-processor.js';
import { exportRequestToJson } from './wire/export-request-to-json.js';

interface JsonSpan {
  name: string;
  traceId: string;
  parentSpanId?: string;
  attributes?: { key: string; value: Record<string, unknown> }[];
}

/** A program's surroundings: time that is told, a lifecycle that is played, a destination that notes. */
function surroundings(
  answer: (batch: Batch) => Outcome | Promise<Outcome> = () => ({ kind: 'accepted', rejectedItems: 0 }),
) {
  const time = fakeTime(Date.now());
  const batches: Batch[] = [];
  const suppressed: boolean[] = [];
  const diagnostics: Diagnostic[] = [];
  const contextStore = createStackContextStore();
  const listeners = {
    suspend: new Set<() => void>(),
    resume: new Set<() => void>(),
    shutdown: new Set<() => unknown>(),
  };
  const on = (kind: keyof typeof listeners) => (run: () => void) => {
    listeners[kind].add(run);
    return () => void listeners[kind].delete(run);
  };
  const lifecycle: Lifecycle = {
    onSuspend: on('suspend'),
    onResume: on('resume'),
    onShutdown: on('shutdown') as Lifecycle['onShutdown'],
  };
  const ports: Ports = {
    clock: time.clock,
    timers: time.timers,
    entropy: { fill: (target) => void crypto.getRandomValues(target) },
    contextStore,
    lifecycle,
  };
  const start = (options: StartOptions = {}) => {
    const telemetry = startTelemetry(ports, {
      destinations: {
        destination: 'here',
        async send(batch) {
          suppressed.push(isTracingSuppressed(contextStore.active()));
          batches.push(batch);
          return answer(batch);
        },
      },
      onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
      ...options,
    });
    started.push(telemetry);
    return telemetry;
  };
  const spans = () =>
    batches.flatMap((batch) => {
      const request = JSON.parse(exportRequestToJson('traces', batch.bytes));
      return request.resourceSpans.flatMap((r: { scopeSpans: { spans: JsonSpan[] }[] }) =>
        r.scopeSpans.flatMap((s) => s.spans),
      ) as JsonSpan[];
    });
  const resource = (): Record<string, unknown> => {
    const request = JSON.parse(exportRequestToJson('traces', batches.at(-1)!.bytes));
    return Object.fromEntries(
      request.resourceSpans[0].resource.attributes.map((a: { key: string; value: object }) => [
        a.key,
        Object.values(a.value)[0],
      ]),
    );
  };
  return { time, batches, suppressed, diagnostics, listeners, start, spans, resource, contextStore };
}

const started: Telemetry[] = [];
afterEach(async () => {
  for (const telemetry of started.splice(0)) await telemetry.shutdown({ timeoutMs: 0 });
});

describe('starting', () => {
  test('spans made through the OpenTelemetry API and through the handle leave as one batch [F2 F7]', async () => {
    const { start, spans, resource, suppressed } = surroundings();
    const telemetry = start({
      serviceName: 'shop',
      serviceVersion: '1.2.3',
      environment: 'test',
      resource: { 'host.name': 'here' },
    });
    const parent = trace.getTracer('library').startSpan('by the API');
    telemetry.measure('by the handle', (span) => span.setAttribute('n', 1));
    parent.end();
    expect(await telemetry.flush()).toBe(true);
    expect(
      spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['by the API', 'by the handle']);
    expect(resource()).toMatchObject({
      'service.name': 'shop',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
      'host.name': 'here',
      'telemetry.sdk.name': 'throughline',
    });
    expect(suppressed).toEqual([true]);
    expect(telemetry.status()).toMatchObject({ state: 'healthy', sent: { traces: 2 }, openSpans: undefined });
  });

  test('a second start is the first telemetry and a warning; after a shutdown it is a new one [F2]', async () => {
    const { start, diagnostics } = surroundings();
    const first = start({ serviceName: 'one' });
    expect(start({ serviceName: 'two' })).toBe(first);
    expect(diagnostics.map(({ code }) => code)).toEqual(['started-twice']);
    await first.shutdown();
    expect(start()).not.toBe(first);
  });

  test('a tracer taken before start and used in the first telemetry records into the second [F2]', async () => {
    const { start, spans } = surroundings();
    const early = trace.getTracer('early');
    for (const name of ['first', 'second']) {
      const telemetry = start({ api: [{ trace }] });
      early.startActiveSpan(name, (span) => span.end());
      await telemetry.shutdown();
      expect(early.startSpan('between').isRecording()).toBe(false);
    }
    expect(spans().map(({ name }) => name)).toEqual(['first', 'second']);
  });

  test('without the globals it is on its own: nothing is taken, and a second one beside it is no second start', async () => {
    const { start } = surroundings();
    const quiet = start({ global: false });
    expect(trace.getTracer('x').startSpan('nobody').isRecording()).toBe(false);
    const loud = start();
    expect(loud).not.toBe(quiet);
    expect(trace.getTracer('x').startSpan('somebody').isRecording()).toBe(true);
  });

  test('a collector that is away at start and later throws nothing and delays nothing [F15]', async () => {
    let away = true;
    const { start, time, diagnostics, spans } = surroundings(() =>
      away ? { kind: 'retry', reason: 'nobody there' } : { kind: 'accepted', rejectedItems: 0 },
    );
    const telemetry = start();
    telemetry.tracer.startSpan('early').end();
    await time.advance(10_000);
    expect(telemetry.status()).toMatchObject({ state: 'degraded', queued: { items: 1 } });
    expect(diagnostics.map(({ code }) => code)).toEqual(['collector-unreachable']);
    away = false;
    await time.advance(30_000);
    expect(telemetry.status()).toMatchObject({ state: 'healthy', sent: { traces: 1 }, queued: { items: 0 } });
    expect(spans().at(-1)!.name).toBe('early');
  });

  test('a bad option never stops the program [F2]', async () => {
    const bad: [string, StartOptions][] = [
      ['numbers that are none', { batch: { maxItems: -1, maxAgeMs: 'soon' as unknown as number } }],
      ['a preset nobody knows', { preset: 'turbo' as 'production' }],
      ['redact that is no list', { redact: 5 as unknown as string[] }],
      ['destinations that are none', { destinations: 'http://localhost' as unknown as undefined }],
      ['processors that are no list', { spanProcessors: {} as unknown as SpanProcessor[] }],
      [
        'an instrument that throws',
        {
          instruments: [
            (() => {
              throw new Error('no');
            }) as Instrument,
          ],
        },
      ],
      [
        'a detector that throws',
        {
          resourceDetectors: [
            {
              name: 'x',
              detect: () => {
                throw new Error('no');
              },
            },
          ],
        },
      ],
      [
        'a diagnostic listener that throws',
        {
          batch: { maxItems: -1 },
          onDiagnostic: () => {
            throw new Error('no');
          },
        },
      ],
    ];
    for (const [title, options] of bad) {
      const { start, diagnostics } = surroundings();
      const telemetry = start(options);
      telemetry.tracer.startSpan('goes on').end();
      expect(telemetry.traced('also', () => 1)(), title).toBe(1);
      if (!options.onDiagnostic) expect(diagnostics.length, title).toBeGreaterThan(0);
      await telemetry.shutdown({ timeoutMs: 0 });
    }
  });

  test('presets are sizes and ages; single values win over them [F7]', async () => {
    const { start, time, batches } = surroundings();
    const telemetry = start({ preset: 'lowLatency' });
    for (let i = 0; i < 257; i++) telemetry.tracer.startSpan('s').end();
    await time.settle();
    expect(batches.map(({ items }) => items)).toEqual([256]);
    await time.advance(500);
    expect(batches.map(({ items }) => items)).toEqual([256, 1]);
    await telemetry.shutdown();
    const other = surroundings();
    const atOnce = other.start({ preset: 'highThroughput', batch: { maxAgeMs: 0 } });
    atOnce.tracer.startSpan('s').end();
    await other.time.settle();
    expect(other.batches).toHaveLength(1);
  });

  test('detectors that answer late are in the first batch; one that never answers holds it up for a second only [F4 S3]', async () => {
    const { start, time, resource, batches, diagnostics } = surroundings();
    let answer: (attributes: Record<string, string>) => void = () => {};
    const telemetry = start({
      batch: { maxAgeMs: 0 },
      resource: { 'host.name': 'said by the user' },
      resourceDetectors: [
        { name: 'cloud', detect: () => new Promise((resolve) => (answer = resolve)) },
        { name: 'silent', detect: () => new Promise(() => {}) },
      ],
    });
    telemetry.tracer.startSpan('s').end();
    await time.advance(500);
    answer({ 'cloud.region': 'north', 'host.name': 'detected' });
    await time.advance(499);
    expect(batches).toHaveLength(0);
    await time.advance(1);
    expect(resource()).toMatchObject({ 'cloud.region': 'north', 'host.name': 'said by the user' });
    expect(diagnostics.map(({ message }) => message).join()).toContain('silent');
  });

  test('errors are kept longest: a failed span goes in a batch of high priority', async () => {
    const { start, batches } = surroundings();
    const telemetry = start();
    telemetry.tracer.startSpan('fine').end();
    const failing = telemetry.tracer.startSpan('failed');
    failing.setStatus({ code: SpanStatusCode.ERROR });
    failing.end();
    await telemetry.flush();
    expect(batches.map(({ priority, items }) => [priority, items]).sort()).toEqual([
      ['high', 1],
      ['normal', 1],
    ]);
  });
});

describe('what a user brings', () => {
  const noted = () => {
    const calls: string[] = [];
    const processor: SpanProcessor = {
      onStart: (span: Span & ReadableSpan, parent: Context) =>
        void calls.push(`start ${span.name} ${parent === undefined}`),
      onEnding: (span) => {
        for (const key of Object.keys(span.attributes))
          if (/secret/.test(key)) delete (span.attributes as Record<string, unknown>)[key];
        span.setAttribute('seen', true);
      },
      onEnd: (span) => void calls.push(`end ${span.name}`),
      forceFlush: async () => void calls.push('flush'),
      shutdown: async () => void calls.push('shutdown'),
    };
    return { calls, processor };
  };

  test('a processor that removes attributes changes the bytes that leave [F26]', async () => {
    const { start, spans, batches } = surroundings();
    const { calls, processor } = noted();
    const telemetry = start({ spanProcessors: [processor] });
    telemetry.tracer.startSpan('s', { attributes: { 'my.secret': 'xyzzy', kept: 1 } }).end();
    await telemetry.flush();
    await telemetry.shutdown();
    expect(
      spans()[0]!
        .attributes!.map(({ key }) => key)
        .sort(),
    ).toEqual(['kept', 'seen']);
    expect(Buffer.from(batches[0]!.bytes).includes('xyzzy')).toBe(false);
    expect(calls).toEqual(['start s false', 'end s', 'flush', 'shutdown']);
  });

  test('redact runs after the user’s processors, also for what they added [F26]', async () => {
    const { start, spans } = surroundings();
    const adding: SpanProcessor = {
      ...noted().processor,
      onEnding: (span) => void span.setAttribute('password', 'hunter2'),
    };
    const telemetry = start({ redact: ['password', /token$/i], spanProcessors: [adding] });
    telemetry.tracer.startSpan('s', { attributes: { 'API-Token': 'abc', user: 'me' } }).end();
    await telemetry.flush();
    expect(Object.fromEntries(spans()[0]!.attributes!.map(({ key, value }) => [key, value.stringValue]))).toEqual({
      'API-Token': '[REDACTED]',
      user: 'me',
      password: '[REDACTED]',
    });
  });

  test('an exporter gets the spans as objects, in batches, one after the other; its failures are reported, not thrown [F26]', async () => {
    const { start, diagnostics, contextStore } = surroundings();
    const exported: string[][] = [];
    const callbacks: ((result: { code: 0 | 1; error?: Error }) => void)[] = [];
    const quiet: boolean[] = [];
    const telemetry = start({
      batch: { maxItems: 2 },
      spanExporters: [
        {
          export(spans, done) {
            exported.push(spans.map(({ name }) => name));
            quiet.push(isTracingSuppressed(contextStore.active()));
            callbacks.push(done);
          },
          shutdown: async () => {},
        },
      ],
    });
    for (const name of 'abcde') telemetry.tracer.startSpan(name).end();
    expect(exported).toEqual([['a', 'b']]);
    const flushed = telemetry.flush();
    callbacks[0]!({ code: 1, error: new Error('disk full') });
    await expect.poll(() => exported.length).toBe(2);
    callbacks[1]!({ code: 0 });
    await expect.poll(() => exported.length).toBe(3);
    callbacks[2]!({ code: 0 });
    expect(await flushed).toBe(true);
    expect(exported).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(quiet).toEqual([true, true, true]);
    expect(diagnostics.map(({ message }) => message).join()).toContain('disk full');
  });

  test('processors, samplers and exporters that throw or hang harm neither the program nor the bytes', async () => {
    const { start, spans, time, diagnostics } = surroundings();
    const fail = () => {
      throw new Error('broken');
    };
    const telemetry = start({
      spanProcessors: [
        {
          onStart: fail,
          onEnding: fail,
          onEnd: fail,
          forceFlush: () => new Promise(() => {}),
          shutdown: () => new Promise(() => {}),
        },
      ],
      spanExporters: [{ export: fail, shutdown: () => Promise.reject(new Error('broken')) }],
    });
    telemetry.tracer.startSpan('s').end();
    const flushed = telemetry.flush({ timeoutMs: 2_000 });
    await time.advance(2_000);
    expect(await flushed).toBe(false);
    expect(spans().map(({ name }) => name)).toEqual(['s']);
    const closed = telemetry.shutdown({ timeoutMs: 1_000 });
    await time.advance(1_000);
    expect(await closed).toBe(false);
    expect(diagnostics.length).toBeGreaterThan(0);
  });

  test('a user’s own sampler decides [F3 F26]', async () => {
    const { start, spans } = surroundings();
    const telemetry = start({
      sampler: {
        shouldSample: (_context, _id, name) => ({ decision: name === 'kept' ? 2 : 0 }),
        toString: () => 'mine',
      },
    });
    telemetry.tracer.startSpan('kept').end();
    telemetry.tracer.startSpan('not').end();
    await telemetry.flush();
    expect(spans().map(({ name }) => name)).toEqual(['kept']);
  });

  test('in development a span that is never ended is named, and counted in the status [F11]', async () => {
    const { start, time, diagnostics } = surroundings();
    const telemetry = start({ preset: 'development' });
    telemetry.tracer.startSpan('forgotten');
    expect(telemetry.status().openSpans).toBe(1);
    await time.advance(61_000);
    expect(diagnostics.find(({ code }) => code === 'span-never-ended')?.message).toContain('"forgotten"');
  });

  test('instruments get a tracer and the contexts, hear of leaving first, and are stopped at shutdown', async () => {
    const { start, listeners, batches, spans } = surroundings();
    const heard: string[] = [];
    const instrument: Instrument = (host) => {
      const open = host.tracer.startSpan('visit');
      const stop = host.onLeaving(() => open.end());
      return () => {
        heard.push('stopped');
        stop();
      };
    };
    const telemetry = start({ instruments: [instrument] });
    for (const run of listeners.suspend) run();
    expect(batches).toHaveLength(1);
    expect(spans().map(({ name }) => name)).toEqual(['visit']);
    await telemetry.shutdown();
    expect(heard).toEqual(['stopped']);
    expect([listeners.suspend.size, listeners.resume.size, listeners.shutdown.size]).toEqual([0, 0, 0]);
  });
});

describe('ending', () => {
  test('shutdown sends what has ended, gives the globals back and is one, however often it is asked for [F22]', async () => {
    const { start, spans } = surroundings();
    const telemetry = start();
    telemetry.tracer.startSpan('last').end();
    const first = telemetry.shutdown();
    expect(telemetry.shutdown()).toBe(first);
    expect(await first).toBe(true);
    expect(spans().map(({ name }) => name)).toEqual(['last']);
    expect(telemetry.status().state).toBe('shut-down');
    expect(trace.getTracer('x').startSpan('late').isRecording()).toBe(false);
    expect(telemetry.tracer.startSpan('late').isRecording()).toBe(false);
    expect(context.active().getValue(Symbol.for('x'))).toBeUndefined();
    expect(await telemetry.flush()).toBe(true);
  });

  test('the program’s end is a shutdown', async () => {
    const { start, listeners, spans } = surroundings();
    const telemetry = start();
    telemetry.tracer.startSpan('last').end();
    await Promise.all([...listeners.shutdown].map((run) => run()));
    expect(spans()).toHaveLength(1);
    expect(telemetry.status().state).toBe('shut-down');
  });

  test('with nowhere to send, spans are made and nothing waits', async () => {
    const { start, batches } = surroundings();
    const telemetry = start({ destinations: { copies: [] } });
    for (let i = 0; i < 5_000; i++) telemetry.tracer.startSpan('s').end();
    expect(telemetry.status()).toMatchObject({ queued: { items: 0 }, destinations: [] });
    expect(await telemetry.shutdown()).toBe(true);
    expect(batches).toHaveLength(0);
  });
});
