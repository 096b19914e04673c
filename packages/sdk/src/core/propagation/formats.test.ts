import { defaultTextMapGetter, defaultTextMapSetter, type TextMapPropagator } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBaggage, getBaggage, setBaggage } from '../context/baggage.js';
import { rootContext } from '../context/context.js';
import { NonRecordingSpan } from '../context/non-recording-span.js';
import { getSpanContext, setSpan, withSpanContext } from '../context/span-in-context.js';
import { suppressTracing } from '../context/suppress-tracing.js';
import { baggagePropagator } from './baggage.js';
import { propagatorsByName } from './by-name.js';
import { compositePropagator } from './composite.js';
import { environmentGetter, environmentSetter } from './environment-carrier.js';
import { jaegerPropagator } from './jaeger.js';
import { otTracePropagator } from './ot-trace.js';
import { traceContextPropagator } from './trace-context.js';
import { xRayPropagator } from './x-ray.js';

const traceId = '5759e988bd862e3fe1be46a994272793';
const spanId = '53995c3f42cd8ad8';
const remote = { traceId, spanId, traceFlags: 1, isRemote: true };

const read = (propagator: TextMapPropagator, carrier: object, context = rootContext) =>
  propagator.extract(context, carrier, defaultTextMapGetter);
function write(propagator: TextMapPropagator, context: Parameters<TextMapPropagator['inject']>[0]) {
  const carrier: Record<string, string> = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return carrier;
}
const active = withSpanContext(rootContext, { traceId, spanId, traceFlags: 1 });
const inactive = withSpanContext(rootContext, { traceId, spanId, traceFlags: 2 });

test.each([
  ['sampled', `${traceId}:${spanId}:0:1`, remote],
  ['two-digit flags', `${traceId}:${spanId}:0:01`, remote],
  ['not sampled', `${traceId}:${spanId}:0:0`, { ...remote, traceFlags: 0 }],
  ['debug', `${traceId}:${spanId}:0:3`, remote],
  ['debug alone', `${traceId}:${spanId}:0:2`, remote],
  ['a parent', `${traceId}:${spanId}:${spanId}:1`, remote],
  ['no parent', `${traceId}:${spanId}::1`, remote],
  [
    'a 64-bit trace id',
    `${traceId.slice(16)}:${spanId}:0:1`,
    { ...remote, traceId: `${'0'.repeat(16)}${traceId.slice(16)}` },
  ],
  [
    'dropped leading zeros',
    'abc:1:0:1',
    { ...remote, traceId: 'abc'.padStart(32, '0'), spanId: '1'.padStart(16, '0') },
  ],
  ['percent-encoded colons', `${traceId}%3A${spanId}%3A0%3A1`, remote],
  ['upper-case hex', `${traceId.toUpperCase()}:${spanId.toUpperCase()}:0:1`, remote],
])('Jaeger is read with %s [S6]', (_what, header, expected) => {
  expect(getSpanContext(read(jaegerPropagator, { 'uber-trace-id': header }))).toEqual(expected);
});

test.each([
  ['a zero trace id', `0:${spanId}:0:1`],
  ['a zero span id', `${traceId}:0:0:1`],
  ['three fields', `${traceId}:${spanId}:1`],
  ['an overlong trace id', `${traceId}0:${spanId}:0:1`],
  ['no hex', `x:${spanId}:0:1`],
  ['nothing', ''],
])('Jaeger with %s leaves the context as it was', (_what, header) => {
  expect(read(jaegerPropagator, { 'uber-trace-id': header })).toBe(rootContext);
});

test('Jaeger is written with all digits and the decision, and carries debug on', () => {
  expect(write(jaegerPropagator, active)).toEqual({ 'uber-trace-id': `${traceId}:${spanId}:0:01` });
  expect(write(jaegerPropagator, inactive)).toEqual({ 'uber-trace-id': `${traceId}:${spanId}:0:00` });
  const debug = read(jaegerPropagator, { 'uber-trace-id': `${traceId}:${spanId}:0:3` });
  const child = setSpan(debug, new NonRecordingSpan({ traceId, spanId: 'a'.repeat(16), traceFlags: 0 }));
  expect(write(jaegerPropagator, child)).toEqual({ 'uber-trace-id': `${traceId}:${'a'.repeat(16)}:0:03` });
});

test('Jaeger baggage travels in headers of its own, percent-encoded', () => {
  const context = setBaggage(active, createBaggage({ user: { value: 'ada & bob' }, 'not a token': { value: 'x' } }));
  const carrier = write(jaegerPropagator, context);
  expect(carrier).toEqual({ 'uber-trace-id': `${traceId}:${spanId}:0:01`, 'uberctx-user': 'ada%20%26%20bob' });
  expect(getBaggage(read(jaegerPropagator, carrier))?.getAllEntries()).toEqual([['user', { value: 'ada & bob' }]]);
  expect(getBaggage(read(jaegerPropagator, { 'UberCtx-a': '1', 'uberctx-': 'x' }))?.getAllEntries()).toEqual([
    ['a', { value: '1' }],
  ]);
});

test('Jaeger baggage is added to what another propagator read, and replaces its equal', () => {
  const before = setBaggage(rootContext, createBaggage({ a: { value: '1' }, b: { value: '2' } }));
  const entries = getBaggage(read(jaegerPropagator, { 'uberctx-b': 'new' }, before))?.getAllEntries();
  expect(entries).toEqual([
    ['a', { value: '1' }],
    ['b', { value: 'new' }],
  ]);
});

const root = `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
test.each([
  ['the usual order', `${root};Parent=${spanId};Sampled=1`, remote],
  [
    'another order, white space and unknown fields',
    ` Sampled=1 ; Self=1-2; Parent=${spanId} ;${root}; Lineage=a:1`,
    remote,
  ],
  ['not sampled', `${root};Parent=${spanId};Sampled=0`, { ...remote, traceFlags: 0 }],
  ['the decision asked back', `${root};Parent=${spanId};Sampled=?`, { ...remote, traceFlags: 0 }],
  ['no decision', `${root};Parent=${spanId}`, { ...remote, traceFlags: 0 }],
])('X-Ray is read with %s [S6]', (_what, header, expected) => {
  expect(getSpanContext(read(xRayPropagator, { 'x-amzn-trace-id': header }))).toEqual(expected);
});

test.each([
  ['no parent', `${root};Sampled=1`],
  ['no root', `Parent=${spanId};Sampled=1`],
  ['another version', `${root.replace('=1-', '=2-')};Parent=${spanId};Sampled=1`],
  ['a root of another shape', `Root=${traceId};Parent=${spanId};Sampled=1`],
  ['a short parent', `${root};Parent=${spanId.slice(1)};Sampled=1`],
  ['a zero root', `Root=1-00000000-${'0'.repeat(24)};Parent=${spanId};Sampled=1`],
])('X-Ray with %s leaves the context as it was', (_what, header) => {
  expect(read(xRayPropagator, { 'x-amzn-trace-id': header })).toBe(rootContext);
});

test('X-Ray is written in its usual order', () => {
  expect(write(xRayPropagator, active)).toEqual({ 'x-amzn-trace-id': `${root};Parent=${spanId};Sampled=1` });
  expect(write(xRayPropagator, inactive)).toEqual({ 'x-amzn-trace-id': `${root};Parent=${spanId};Sampled=0` });
});

test('OT trace is written with 64 bits of the trace id and read padded', () => {
  const carrier = write(otTracePropagator, setBaggage(active, createBaggage({ user: { value: 'a b' } })));
  expect(carrier).toEqual({
    'ot-tracer-traceid': traceId.slice(16),
    'ot-tracer-spanid': spanId,
    'ot-tracer-sampled': 'true',
    'ot-baggage-user': 'a%20b',
  });
  const context = read(otTracePropagator, carrier);
  expect(getSpanContext(context)).toEqual({ ...remote, traceId: traceId.slice(16).padStart(32, '0') });
  expect(getBaggage(context)?.getEntry('user')).toEqual({ value: 'a b' });
  expect(read(otTracePropagator, { 'ot-tracer-traceid': traceId })).toBe(rootContext);
});

test('a composite writes all formats and a later one that finds a trace wins', () => {
  const all = compositePropagator([traceContextPropagator, baggagePropagator, xRayPropagator]);
  const carrier = write(all, setBaggage(active, createBaggage({ a: { value: '1' } })));
  expect(Object.keys(carrier).sort()).toEqual(['baggage', 'traceparent', 'x-amzn-trace-id']);
  expect(all.fields()).toEqual(['traceparent', 'tracestate', 'baggage', 'x-amzn-trace-id']);
  const other = 'f'.repeat(32);
  const context = read(all, { ...carrier, traceparent: `00-${other}-${spanId}-01` });
  expect(getSpanContext(context)?.traceId).toBe(traceId);
  expect(getBaggage(context)?.getEntry('a')?.value).toBe('1');
  expect(getSpanContext(read(all, { traceparent: `00-${other}-${spanId}-01` }))?.traceId).toBe(other);
});

test('a composite of nothing changes nothing, and names a field once', () => {
  expect(read(compositePropagator([]), { traceparent: 'x' })).toBe(rootContext);
  expect(compositePropagator([baggagePropagator, baggagePropagator]).fields()).toEqual(['baggage']);
});

test('environment variables carry context to a child process', () => {
  const env: Record<string, string | undefined> = { PATH: '/bin' };
  const context = setBaggage(active, createBaggage({ job: { value: 'build' } }));
  compositePropagator([...propagatorsByName.values()]).inject(context, env, environmentSetter);
  expect(env.TRACEPARENT).toBe(`00-${traceId}-${spanId}-01`);
  expect(env.X_B3_TRACEID).toBe(traceId);
  expect(Object.keys(env).every((name) => /^[A-Z_][A-Z\d_]*$/.test(name))).toBe(true);
  expect(getSpanContext(traceContextPropagator.extract(rootContext, env, environmentGetter))).toEqual(remote);
  expect(getBaggage(baggagePropagator.extract(rootContext, env, environmentGetter))?.getEntry('job')?.value).toBe(
    'build',
  );
  expect(environmentGetter.get({ TRACEPARENT: '' }, 'traceparent')).toBeUndefined();
});

test('the names of OTEL_PROPAGATORS', () => {
  expect([...propagatorsByName.keys()]).toEqual([
    'tracecontext',
    'baggage',
    'b3',
    'b3multi',
    'jaeger',
    'xray',
    'ottrace',
  ]);
});

test.each([...propagatorsByName])(
  '%s survives any header and writes nothing while tracing is suppressed',
  (_name, propagator) => {
    expect(write(propagator, suppressTracing(setBaggage(active, createBaggage({ a: { value: '1' } }))))).toEqual({});
    expect(write(propagator, rootContext)).toEqual({});
    const names = [...propagator.fields(), 'uberctx-x', 'ot-baggage-x'];
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.stringMatching(/^[\da-f:;=%-]{0,60}$/),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (carrier) => {
        const context = read(propagator, carrier);
        expect(() => write(propagator, context)).not.toThrow();
      }),
    );
  },
);

test.each(['tracecontext', 'b3', 'b3multi', 'jaeger', 'xray'])('%s reads back what it wrote', (name) => {
  const propagator = propagatorsByName.get(name)!;
  const hex = (digits: number) =>
    fc.stringMatching(new RegExp(`^[\\da-f]{${digits}}$`)).filter((id) => !/^0*$/.test(id));
  fc.assert(
    fc.property(hex(32), hex(16), fc.constantFrom(0, 1), (id, span, traceFlags) => {
      const carrier = write(propagator, withSpanContext(rootContext, { traceId: id, spanId: span, traceFlags }));
      expect(getSpanContext(read(propagator, carrier))).toEqual({
        traceId: id,
        spanId: span,
        traceFlags,
        isRemote: true,
      });
    }),
  );
});
