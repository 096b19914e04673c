import { defaultTextMapGetter, defaultTextMapSetter, type TextMapPropagator } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { rootContext } from '../context/context.js';
import { NonRecordingSpan } from '../context/non-recording-span.js';
import { getSpan, getSpanContext, setSpan, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed, suppressTracing } from '../context/suppress-tracing.js';
import { b3MultiPropagator, b3Propagator } from './b3.js';
import { compositePropagator } from './composite.js';
import { traceContextPropagator } from './trace-context.js';

const traceId = '80f198ee56343ba864fe8b2a57d3eff7';
const spanId = 'e457b5a2e4d86bd1';
const multi = (fields: Record<string, string>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`x-b3-${name}`, value]));

const extract = (carrier: object, propagator: TextMapPropagator = b3Propagator, context = rootContext) =>
  propagator.extract(context, carrier, defaultTextMapGetter);
const inject = (context: Parameters<TextMapPropagator['inject']>[0], propagator: TextMapPropagator) => {
  const carrier = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return carrier;
};

test.each([
  ['accept', { b3: `${traceId}-${spanId}-1` }, 1],
  ['deny with an identity', { b3: `${traceId}-${spanId}-0` }, 0],
  ['debug', { b3: `${traceId}-${spanId}-d` }, 1],
  ['a parent', { b3: `${traceId}-${spanId}-1-05e3ac9a4f6e3b90` }, 1],
  ['no decision', { b3: `${traceId}-${spanId}` }, 0],
  ['upper-case hex', { b3: `${traceId.toUpperCase()}-${spanId.toUpperCase()}-1` }, 1],
  ['several headers', multi({ traceid: traceId, spanid: spanId, sampled: '1' }), 1],
  ['several headers, denied', multi({ traceid: traceId, spanid: spanId, sampled: '0' }), 0],
  ['several headers, the decision as a word', multi({ traceid: traceId, spanid: spanId, sampled: 'true' }), 1],
  ['several headers, debug', multi({ traceid: traceId, spanid: spanId, flags: '1' }), 1],
  [
    'both forms, of which the single counts',
    { b3: `${traceId}-${spanId}-1`, ...multi({ traceid: 'f'.repeat(32), spanid: spanId, sampled: '0' }) },
    1,
  ],
  [
    'a malformed single header beside several',
    { b3: 'nonsense', ...multi({ traceid: traceId, spanid: spanId, sampled: '1' }) },
    1,
  ],
  ['one header in a list', { b3: [`${traceId}-${spanId}-1`] }, 1],
])('B3 is read with %s [S6]', (_what, carrier, traceFlags) => {
  for (const propagator of [b3Propagator, b3MultiPropagator]) {
    expect(getSpanContext(extract(carrier, propagator))).toEqual({ traceId, spanId, traceFlags, isRemote: true });
  }
});

test('a 64-bit trace id is padded with zeros', () => {
  const padded = { traceId: `${'0'.repeat(16)}${traceId.slice(16)}`, spanId, traceFlags: 1, isRemote: true };
  expect(getSpanContext(extract({ b3: `${traceId.slice(16)}-${spanId}-1` }))).toEqual(padded);
  expect(getSpanContext(extract(multi({ traceid: traceId.slice(16), spanid: spanId, sampled: '1' })))).toEqual(padded);
});

test.each([
  ['a trace id of another length', { b3: `${traceId.slice(1)}-${spanId}-1` }],
  ['a zero trace id', { b3: `${'0'.repeat(32)}-${spanId}-1` }],
  ['a zero span id', { b3: `${traceId}-${'0'.repeat(16)}-1` }],
  ['an unknown decision', { b3: `${traceId}-${spanId}-2` }],
  ['no span id', multi({ traceid: traceId, sampled: '1' })],
  ['no hex', multi({ traceid: `${traceId.slice(1)}g`, spanid: spanId })],
  ['an accept without an identity', { b3: '1' }],
  ['two headers', { b3: [`${traceId}-${spanId}-1`, `${traceId}-${spanId}-1`] }],
  ['nothing', {}],
])('B3 with %s leaves the context as it was', (_what, carrier) => {
  expect(extract(carrier)).toBe(rootContext);
});

test.each([
  ['the single header', { b3: '0' }],
  ['several headers', multi({ sampled: '0' })],
])('a lone 0 in %s stops tracing and is passed on as it came', (_what, carrier) => {
  const context = extract(carrier);
  expect(isTracingSuppressed(context)).toBe(true);
  expect(inject(context, b3Propagator)).toEqual({ b3: '0' });
  expect(inject(context, b3MultiPropagator)).toEqual(multi({ sampled: '0' }));
});

test('a lone 0 does not undo a trace that another format brought', () => {
  const both = compositePropagator([traceContextPropagator, b3Propagator]);
  const context = extract({ traceparent: `00-${traceId}-${spanId}-01`, b3: '0' }, both);
  expect(getSpanContext(context)?.traceId).toBe(traceId);
  expect(isTracingSuppressed(context)).toBe(false);
});

test('the debug flag is carried on to a child, whatever its own decision', () => {
  const parent = extract({ b3: `${traceId}-${spanId}-d` });
  const child = setSpan(parent, new NonRecordingSpan({ traceId, spanId: 'a'.repeat(16), traceFlags: 0 }));
  expect(inject(child, b3Propagator)).toEqual({ b3: `${traceId}-${'a'.repeat(16)}-d` });
  expect(inject(child, b3MultiPropagator)).toEqual(multi({ traceid: traceId, spanid: 'a'.repeat(16), flags: '1' }));
});

test.each([
  ['sampled', 1, '1'],
  ['not sampled', 0, '0'],
  ['random and sampled', 3, '1'],
])('B3 is written %s in both forms [S6]', (_what, traceFlags, word) => {
  const context = withSpanContext(rootContext, { traceId, spanId, traceFlags });
  expect(inject(context, b3Propagator)).toEqual({ b3: `${traceId}-${spanId}-${word}` });
  expect(inject(context, b3MultiPropagator)).toEqual(multi({ traceid: traceId, spanid: spanId, sampled: word }));
});

test('B3 writes nothing without a valid span or under suppressed tracing', () => {
  const context = withSpanContext(rootContext, { traceId, spanId, traceFlags: 1 });
  for (const propagator of [b3Propagator, b3MultiPropagator]) {
    expect(inject(rootContext, propagator)).toEqual({});
    expect(inject(suppressTracing(context), propagator)).toEqual({});
    expect(inject(withSpanContext(rootContext, { traceId: '', spanId, traceFlags: 1 }), propagator)).toEqual({});
  }
  expect(getSpan(rootContext)).toBeUndefined();
});

test('the fields of both B3 forms', () => {
  expect(b3Propagator.fields()).toEqual(['b3']);
  expect(b3MultiPropagator.fields()).toEqual(['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags']);
});
