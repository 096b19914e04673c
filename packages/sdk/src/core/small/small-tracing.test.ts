import type { Attributes, Context, Span, SpanOptions } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { decodeTraces } from '../../../../testkit/src/otlp-proto.js';
import type { OpenBuffer } from '../batch.js';
import { rootContext } from '../context/context.js';
import { setSpan, withSpanContext } from '../context/span-in-context.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import { suppressTracing } from '../context/suppress-tracing.js';
import { createTraceState } from '../context/trace-state.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import type { TracerProviderOptions } from '../trace/tracer-provider.js';
import { fullTracing, type Tracing } from '../trace/tracing.js';
import { smallTracing } from './small-tracing.js';

/** What a receiver gets of `act`, done with one kind of tracing. Identities and time are told, so that two kinds can be compared. */
function record(
  tracing: Tracing,
  act: (start: (name: string, options?: SpanOptions, context?: Context) => Span, advance: (ms: number) => void) => void,
  more: Partial<TracerProviderOptions> = {},
) {
  const time = fakeTime(1_700_000_000_000);
  const buffers = new Set<OpenBuffer>();
  let serial = 0;
  const next = (digits: number): string => (++serial).toString(16).padStart(digits, '0');
  const resource = tracing.createResource({
    serviceName: 'page',
    attributes: { answer: 42 },
    timers: time.timers,
    sdkLanguage: 'webjs',
  });
  const errors: unknown[] = [];
  const provider = tracing.createProvider(
    {
      clock: { ...time.clock, performanceOriginMs: 1_700_000_000_000 },
      entropy: { fill: (target) => void target.fill(7) },
      contextStore: createStackContextStore(),
      resource,
      processors: [],
      idGenerator: { generateTraceId: () => next(32), generateSpanId: () => next(16) },
      onError: (error) => errors.push(error),
      ...more,
    },
    (buffer) => buffers.add(buffer),
  );
  const tracer = provider.getTracer('scope', '1.0', { schemaUrl: 'https://schema.example' });
  act(
    (name, options, context) => tracer.startSpan(name, options, context),
    (ms) => time.advance(ms),
  );
  const requests = [...buffers].map((buffer) => {
    const { items } = buffer;
    const taken = buffer.take(resource.encoded())!;
    return { priority: buffer.priority, items, taken: taken.items, ...decodeTraces(taken.bytes) };
  });
  return { requests, errors, provider, tracer };
}

const text = fc.string({ unit: 'binary', maxLength: 12 });
const odd = fc.constantFrom('\ud800', 'a\udc00b', '', '__proto__', 'x'.repeat(200));
const value = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  text,
  odd,
  fc.array(text, { maxLength: 3 }),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.constantFrom(null, undefined, {}, () => 1, Number.NaN, Number.POSITIVE_INFINITY, -0, [], [true, false]),
) as fc.Arbitrary<never>;
const attributes = fc.dictionary(fc.oneof(text, fc.constantFrom('k', 'http.method')), value, {
  maxKeys: 5,
  noNullPrototype: true,
}) as fc.Arbitrary<Attributes>;

const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), attributes }),
  fc.record({ do: fc.constant('event' as const), name: text, attributes }),
  fc.record({ do: fc.constant('link' as const), attributes, remote: fc.boolean() }),
  fc.record({
    do: fc.constant('status' as const),
    code: fc.integer({ min: 0, max: 2 }),
    message: fc.option(text, { nil: undefined }),
  }),
  fc.record({ do: fc.constant('name' as const), name: text }),
  fc.record({ do: fc.constant('throw' as const), message: text }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 5_000 }) }),
);

describe('small tracing', () => {
  test('sends what full tracing sends, for any span [B1 F8]', () => {
    fc.assert(
      fc.property(
        fc.record({
          name: text,
          kind: fc.integer({ min: 0, max: 4 }),
          attributes,
          parent: fc.boolean(),
          state: fc.boolean(),
        }),
        fc.array(step, { maxLength: 8 }),
        ({ name, kind, attributes, parent, state }, steps) => {
          const act: Parameters<typeof record>[1] = (start, advance) => {
            const remote = {
              traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
              spanId: '00f067aa0ba902b7',
              traceFlags: 3,
              isRemote: true,
              ...(state && { traceState: createTraceState('a=1,b=2') }),
            };
            const context = parent ? withSpanContext(rootContext, remote) : rootContext;
            const outer = start('outer', {}, context);
            const span = start(name, { kind, attributes }, setSpan(context, outer));
            for (const one of steps) {
              if (one.do === 'set') span.setAttributes(one.attributes);
              if (one.do === 'event') span.addEvent(one.name, one.attributes);
              if (one.do === 'link')
                span.addLink({ context: { ...remote, isRemote: one.remote }, attributes: one.attributes });
              if (one.do === 'status')
                span.setStatus({ code: one.code, ...(one.message !== undefined && { message: one.message }) });
              if (one.do === 'name') span.updateName(one.name);
              if (one.do === 'throw') span.recordException({ name: 'E', message: one.message, stack: 'at x' });
              if (one.do === 'wait') advance(one.ms);
            }
            span.end();
            span.setAttribute('late', 1);
            outer.end();
          };
          expect(record(smallTracing, act).requests).toEqual(record(fullTracing, act).requests);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('keys of Object.prototype are keys like any other, as in full tracing [F8]', () => {
    const odd = JSON.parse('{"__proto__":[1],"constructor":"c","toString":true}') as Attributes;
    const act: Parameters<typeof record>[1] = (start) => {
      const span = start('odd', { attributes: odd }).addEvent('event', odd);
      span.setAttribute('__proto__', 'text').end();
    };
    const { requests } = record(smallTracing, act, { spanLimits: { attributeCountLimit: 3 } });
    expect(requests).toEqual(record(fullTracing, act, { spanLimits: { attributeCountLimit: 3 } }).requests);
    expect(JSON.stringify(requests, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).toContain(
      '__proto__',
    );
  });

  test('inherited properties are no attributes, as in full tracing [F8]', async () => {
    const attributes = Object.assign(Object.create({ inherited: 'secret' }), { own: 1 }) as Attributes;
    const act: Parameters<typeof record>[1] = (start) => {
      const span = start('span', { attributes }).setAttributes(attributes).addEvent('event', attributes);
      span.addLink({ context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }, attributes }).end();
    };
    const { requests } = record(smallTracing, act);
    expect(requests).toEqual(record(fullTracing, act).requests);
    const span = requests[0]!.resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
    for (const of of [span, span.events[0]!, span.links[0]!])
      expect(of.attributes.map(({ key }) => key)).toEqual(['own']);
  });

  test('a processor that throws at once, or answers nothing, does not break flush and shutdown [F2]', async () => {
    const processor = (forceFlush: () => unknown): SpanProcessor =>
      ({ onStart() {}, onEnd() {}, forceFlush, shutdown: forceFlush }) as unknown as SpanProcessor;
    const broken = processor(() => {
      throw new Error('processor');
    });
    const silent = processor(() => undefined);
    for (const tracing of [smallTracing, fullTracing]) {
      for (const processors of [[broken], [broken, silent], [silent]]) {
        const { provider, errors } = record(tracing, () => {}, { processors });
        await expect(provider.forceFlush()).resolves.toBeUndefined();
        await expect(provider.shutdown()).resolves.toBeUndefined();
        expect(errors).toHaveLength(processors.includes(broken) ? 2 : 0);
      }
    }
  });

  test('takes times of every kind as full tracing does [B1]', () => {
    const act: Parameters<typeof record>[1] = (start, advance) => {
      advance(1_000);
      const times = [
        1_700_000_000_500,
        new Date(1_700_000_000_750),
        [1_700_000_001, 123_456_789] as [number, number],
        900,
      ];
      for (const startTime of times) {
        const span = start('timed', { startTime });
        span.addEvent('then', startTime);
        span.end(1_700_000_002_000);
        // Never negative.
        start('backwards', { startTime }).end(1_600_000_000_000);
      }
    };
    expect(record(smallTracing, act).requests).toEqual(record(fullTracing, act).requests);
  });

  test('counts what is over a limit as full tracing does [F11]', () => {
    const spanLimits = {
      attributeCountLimit: 2,
      attributeValueLengthLimit: 3,
      eventCountLimit: 1,
      linkCountLimit: 1,
      attributePerEventCountLimit: 1,
      attributePerLinkCountLimit: 1,
    };
    const act: Parameters<typeof record>[1] = (start) => {
      const link = {
        context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 },
        attributes: { a: 1, b: 2 },
      };
      const span = start('full', { attributes: { a: 'long text', b: ['long text'], c: 1 }, links: [link, link] });
      span.addEvent('first', { a: 1, b: 2 }).addEvent('second', { a: 1, b: 2 });
      span.end();
    };
    expect(record(smallTracing, act, { spanLimits }).requests).toEqual(
      record(fullTracing, act, { spanLimits }).requests,
    );
  });

  test('asks a sampler of the program, and one that throws records nothing [F3 F26]', () => {
    for (const tracing of [smallTracing, fullTracing]) {
      const asked: unknown[] = [];
      const sampler = {
        shouldSample(_: Context, traceId: string, name: string, kind: number, attributes: Attributes) {
          asked.push([traceId.length, name, kind, attributes]);
          if (name === 'broken') throw new Error('sampler');
          return { decision: name === 'dropped' ? (0 as const) : (2 as const), attributes: { sampled: 'yes' } };
        },
        toString: () => 'mine',
      };
      const { requests, errors } = record(
        tracing,
        (start) => {
          for (const name of ['kept', 'dropped', 'broken']) start(name, { kind: 2, attributes: { a: 1 } }).end();
        },
        { sampler },
      );
      expect(asked).toEqual(['kept', 'dropped', 'broken'].map((name) => [32, name, 2, { a: 1 }]));
      expect(requests).toHaveLength(1);
      expect(requests[0]!.items).toBe(1);
      expect(errors).toHaveLength(1);
    }
  });

  test('a processor changes the bytes, and errors have priority of their own [F26]', () => {
    for (const tracing of [smallTracing, fullTracing]) {
      const hide: SpanProcessor = {
        onStart: (span) => void span.setAttribute('started', true),
        onEnding(span) {
          delete span.attributes.password;
          for (const event of span.events) event.attributes = { cleaned: true };
        },
        onEnd() {
          throw new Error('processor');
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      const { requests, errors } = record(
        tracing,
        (start) => {
          start('fine', { attributes: { password: 'x', user: 'u' } })
            .addEvent('e', { secret: 1 })
            .end();
          start('bad').setStatus({ code: 2 }).end();
        },
        { processors: [hide] },
      );
      expect(requests.map(({ priority }) => priority).sort()).toEqual(['high', 'normal']);
      const fine = requests.find(({ priority }) => priority === 'normal')!.resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
      expect(fine.attributes.map(({ key }) => key)).toEqual(['user', 'started']);
      expect(fine.events[0]!.attributes.map(({ key }) => key)).toEqual(['cleaned']);
      expect(errors).toHaveLength(2);
    }
  });

  test('records nothing where tracing is suppressed, and nothing after shutdown', async () => {
    const { tracer, provider } = record(smallTracing, () => {});
    const quiet = tracer.startSpan('quiet', {}, suppressTracing(rootContext));
    expect(quiet.isRecording()).toBe(false);
    expect(quiet.spanContext().traceId).toBe('0'.repeat(32));
    await provider.shutdown();
    expect(tracer.startSpan('late').isRecording()).toBe(false);
  });

  test('ids are random hex digits from the entropy of the runtime [B1]', () => {
    const { tracer } = record(smallTracing, () => {}, {
      idGenerator: undefined,
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
    });
    const ids = Array.from({ length: 200 }, () => tracer.startSpan('one').spanContext());
    expect(ids.every(({ traceId, spanId }) => /^[\da-f]{32}$/.test(traceId) && /^[\da-f]{16}$/.test(spanId))).toBe(
      true,
    );
    expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(200);
    expect(ids[0]!.traceFlags).toBe(3);
  });
});
