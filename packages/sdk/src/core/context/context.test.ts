import {
  context as apiContext,
  createContextKey as apiKey,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed as coreIsSuppressed, suppressTracing as coreSuppress } from '@opentelemetry/core';
import { expect, test } from 'vitest';
import { createBaggage, getBaggage, setBaggage } from './baggage.js';
import { createContextKey, rootContext } from './context.js';
import { NonRecordingSpan } from './non-recording-span.js';
import { isSpanContextValid } from './span-context-validity.js';
import { deleteSpan, getSpan, getSpanContext, setSpan, withSpanContext } from './span-in-context.js';
import { isTracingSuppressed, suppressTracing, unsuppressTracing } from './suppress-tracing.js';

const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

test('a value set in a context is in the copy and not in the original', () => {
  const key = createContextKey('colour');
  const blue = rootContext.setValue(key, 'blue');
  const red = blue.setValue(key, 'red');
  expect([rootContext.getValue(key), blue.getValue(key), red.getValue(key)]).toEqual([undefined, 'blue', 'red']);
});

test('a value deleted from a context stays in the original and takes no other with it', () => {
  const [a, b] = [createContextKey('a'), createContextKey('b')];
  const both = rootContext.setValue(a, 1).setValue(b, 2);
  const one = both.deleteValue(a);
  expect([one.getValue(a), one.getValue(b), both.getValue(a)]).toEqual([undefined, 2, 1]);
});

test('two keys of the same description are different keys', () => {
  expect(rootContext.setValue(createContextKey('x'), 1).getValue(createContextKey('x'))).toBeUndefined();
});

test('the span has a place of its own beside other values', () => {
  const key = createContextKey('k');
  const span = new NonRecordingSpan(spanContext);
  const context = setSpan(rootContext.setValue(key, 'v'), span);
  expect(getSpan(context)).toBe(span);
  expect(getSpan(context.setValue(key, 'w'))).toBe(span);
  expect(context.getValue(key)).toBe('v');
  expect(getSpan(deleteSpan(context))).toBeUndefined();
  expect(deleteSpan(context).getValue(key)).toBe('v');
});

test('the API finds our span in our context and in its own, and we find its', () => {
  const ours = withSpanContext(rootContext, spanContext);
  expect(trace.getSpanContext(ours)).toEqual(spanContext);
  expect(getSpanContext(trace.setSpanContext(ROOT_CONTEXT, spanContext))).toEqual(spanContext);
  expect(trace.getSpan(setSpan(ROOT_CONTEXT, getSpan(ours)!))).toBe(getSpan(ours));
  expect(getSpan(trace.deleteSpan(ours))).toBeUndefined();
});

test('baggage is the same for the API and for us', () => {
  const ours = setBaggage(rootContext, createBaggage({ user: { value: 'ada' } }));
  expect(propagation.getBaggage(ours)?.getEntry('user')).toEqual({ value: 'ada' });
  const theirs = propagation.setBaggage(rootContext, propagation.createBaggage({ plan: { value: 'free' } }));
  expect(getBaggage(theirs)?.getEntry('plan')).toEqual({ value: 'free' });
});

test('suppression is the same for @opentelemetry/core and for us', () => {
  expect(isTracingSuppressed(coreSuppress(rootContext))).toBe(true);
  expect(coreIsSuppressed(suppressTracing(ROOT_CONTEXT))).toBe(true);
  expect(isTracingSuppressed(unsuppressTracing(suppressTracing(rootContext)))).toBe(false);
  expect(isTracingSuppressed(rootContext)).toBe(false);
});

test('a value set under a key of the API is read by our context', () => {
  const key = apiKey('shared');
  expect(rootContext.setValue(key, 7).getValue(apiKey('shared'))).toBe(7);
  expect(apiContext.active().getValue(key)).toBeUndefined();
});

test('a span known only by its identity records nothing and is chainable', () => {
  const span = new NonRecordingSpan(spanContext);
  expect(span.isRecording()).toBe(false);
  expect(span.setAttribute().setAttributes().addEvent().addLink().addLinks().setStatus().updateName()).toBe(span);
  span.recordException();
  span.end();
  expect(span.spanContext()).toEqual(spanContext);
});

test.each([
  ['upper-case hex', { ...spanContext, traceId: spanContext.traceId.toUpperCase() }],
  ['a zero trace id', { ...spanContext, traceId: '0'.repeat(32) }],
  ['a zero span id', { ...spanContext, spanId: '0'.repeat(16) }],
  ['a short trace id', { ...spanContext, traceId: 'ab' }],
  ['a long span id', { ...spanContext, spanId: `${spanContext.spanId}0` }],
  ['no hex', { ...spanContext, spanId: 'z7ad6b7169203331' }],
  ['a newline at the end', { ...spanContext, spanId: 'b7ad6b716920333\n' }],
])('a span context with %s is not valid', (_what, invalid) => {
  expect(isSpanContextValid(invalid)).toBe(false);
});

test('a span context of two well-formed ids is valid and nothing is not', () => {
  expect(isSpanContextValid(spanContext)).toBe(true);
  expect(isSpanContextValid(undefined)).toBe(false);
});
