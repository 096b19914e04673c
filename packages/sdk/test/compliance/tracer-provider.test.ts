import { type Span, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { SpanProcessor } from '../../src/core/trace/span-processor.js';
import type { ScopeOptions } from '../../src/core/trace/tracer-provider.js';
import { recorded } from './recorded.js';

/** `trace.getTracer` of API 1.x hands no options on; its provider does. */
const tracerOf = (name: string, version: string, options?: ScopeOptions) =>
  trace.getTracerProvider().getTracer(name, version, options);

const quiet: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

test('each telemetry makes a tracer provider of its own, with its own sampler, processors and resource', () => {
  const seen: string[] = [];
  const noting = (who: string): SpanProcessor => ({
    ...quiet,
    onStart: (span) => void seen.push(`${who} ${span.name}`),
  });
  const one = recorded({ global: false, serviceName: 'one', spanProcessors: [noting('one')] });
  const two = recorded({ global: false, serviceName: 'two', spanProcessors: [noting('two')] });
  one.telemetry.tracer.startSpan('a').end();
  two.telemetry.tracer.startSpan('b').end();
  expect(seen).toEqual(['one a', 'two b']);
  expect(one.spans().map(({ name, resource }) => [name, resource.attributes['service.name']])).toEqual([['a', 'one']]);
  expect(two.spans().map(({ name, resource }) => [name, resource.attributes['service.name']])).toEqual([['b', 'two']]);
});

test('the global provider gives a working tracer, also for a name that is none', () => {
  const { spans } = recorded();
  const tracer = trace.getTracer('library', '1.2.3');
  expect(trace.getTracer('library', '1.2.3').startSpan('again').isRecording()).toBe(true);
  tracer.startSpan('named').end();
  trace.getTracer('').startSpan('nameless').end();
  trace
    .getTracer(undefined as unknown as string)
    .startSpan('undefined')
    .end();
  expect(spans().map(({ name, scope }) => [name, scope.name])).toEqual([
    ['named', 'library'],
    ['nameless', ''],
    ['undefined', ''],
  ]);
});

test('name and version of the tracer are the instrumentation scope on the wire', () => {
  const { span } = recorded();
  trace.getTracer('library', '1.2.3').startSpan('a').end();
  trace.getTracer('library', '2.0.0').startSpan('b').end();
  expect(span('a').scope).toMatchObject({ name: 'library', version: '1.2.3' });
  expect(span('b').scope).toMatchObject({ name: 'library', version: '2.0.0' });
});

test('a schema URL of the tracer is the schema URL of its spans, apart from those without', () => {
  const { span } = recorded();
  tracerOf('library', '1', { schemaUrl: 'https://opentelemetry.io/schemas/1.27.0' }).startSpan('with').end();
  trace.getTracer('library', '1').startSpan('without').end();
  expect(span('with').scope.schemaUrl).toBe('https://opentelemetry.io/schemas/1.27.0');
  expect(span('without').scope.schemaUrl).toBe('');
});

test('attributes of the tracer are attributes of its scope, and tell it from one without', () => {
  const { span } = recorded();
  const options: ScopeOptions = { attributes: { shard: 7, region: 'north' } };
  tracerOf('library', '1', options).startSpan('with').end();
  trace.getTracer('library', '1').startSpan('without').end();
  expect(span('with').scope.attributes).toEqual({ shard: 7n, region: 'north' });
  expect(span('without').scope.attributes).toEqual({});
});

test('a processor reads the instrumentation scope and the resource from the span', () => {
  const scopes: unknown[] = [];
  recorded({
    serviceName: 'shop',
    spanProcessors: [
      {
        ...quiet,
        onEnd: (span) => void scopes.push([span.instrumentationScope, span.resource.attributes['service.name']]),
      },
    ],
  });
  const options: ScopeOptions = { schemaUrl: 'https://example.com/s', attributes: { a: 1 } };
  tracerOf('library', '1.2.3', options).startSpan('x').end();
  expect(scopes).toEqual([
    [{ name: 'library', version: '1.2.3', schemaUrl: 'https://example.com/s', attributes: { a: 1 } }, 'shop'],
  ]);
});

test('tracers taken, spans begun and flushes asked for by many tasks and inside of processors lose and mix nothing', async () => {
  let nested = 0;
  const { telemetry, spans } = recorded({
    spanProcessors: [
      {
        ...quiet,
        onStart(span) {
          // In the middle of a start: another tracer, another span, another flush.
          if (span.name !== 'task' || nested >= 50) return;
          trace.getTracer(`nested ${nested++}`).startSpan('nested', { root: true }).end();
          void telemetry.flush();
        },
      },
    ],
  });
  const task = async (n: number): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const tracer = trace.getTracer(`library ${n % 3}`, `${i % 2}`);
      await tracer.startActiveSpan('task', { attributes: { n, i } }, async (parent) => {
        await Promise.resolve();
        tracer.startActiveSpan('step', { attributes: { n, i } }, (step) => step.end());
        await Promise.all([telemetry.flush(), Promise.resolve()]);
        parent.end();
      });
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, n) => task(n)));
  const all = spans();
  expect(all.filter(({ name }) => name === 'nested')).toHaveLength(50);
  const tasks = new Map(all.filter(({ name }) => name === 'task').map((span) => [span.spanId, span]));
  const steps = all.filter(({ name }) => name === 'step');
  expect([tasks.size, steps.length]).toEqual([200, 200]);
  for (const step of steps) {
    const parent = tasks.get(step.parentSpanId);
    expect([parent?.traceId, parent?.attributes, parent?.scope.name]).toEqual([
      step.traceId,
      step.attributes,
      step.scope.name,
    ]);
  }
});

test('after shutdown nothing is recorded, by no tracer, and processors and exporters were shut down once', async () => {
  const calls: string[] = [];
  const { telemetry, spans } = recorded({
    spanProcessors: [{ ...quiet, shutdown: async () => void calls.push('processor') }],
    spanExporters: [
      {
        export: (exported, done) => {
          calls.push(`export ${exported.map(({ name }) => name)}`);
          done({ code: 0 });
        },
        shutdown: async () => void calls.push('exporter'),
      },
    ],
  });
  const tracer = trace.getTracer('library');
  tracer.startSpan('before').end();
  const open = tracer.startSpan('open');
  expect(await telemetry.shutdown()).toBe(true);
  await telemetry.shutdown();
  const late = tracer.startSpan('after');
  expect(late.isRecording()).toBe(false);
  for (const span of [open, late, telemetry.tracer.startSpan('after too')]) span.end();
  expect(spans().map(({ name }) => name)).not.toContain('after');
  expect(calls.filter((call) => call !== 'export before')).toEqual(['processor', 'exporter']);
});

test('flush hands everything that has ended to processors, exporters and the collector, and says whether it arrived', async () => {
  const calls: string[] = [];
  const { telemetry } = recorded({
    spanProcessors: [{ ...quiet, forceFlush: async () => void calls.push('processor') }],
    spanExporters: [
      {
        export: (exported, done) => {
          calls.push(`export ${exported.map(({ name }) => name)}`);
          setTimeout(() => done({ code: 0 }), 1);
        },
        forceFlush: async () => void calls.push('exporter'),
        shutdown: async () => {},
      },
    ],
  });
  const open: Span = telemetry.tracer.startSpan('open');
  telemetry.tracer.startSpan('ended').end();
  expect(await telemetry.flush()).toBe(true);
  expect([...calls].sort()).toEqual(['export ended', 'exporter', 'processor']);
  open.end();
});
