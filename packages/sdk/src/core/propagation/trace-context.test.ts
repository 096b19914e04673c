import { defaultTextMapGetter, defaultTextMapSetter, type TextMapGetter } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rootContext } from '../context/context.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { suppressTracing } from '../context/suppress-tracing.js';
import { createTraceState } from '../context/trace-state.js';
import { traceContextPropagator, traceContextWith } from './trace-context.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const good = `00-${traceId}-${spanId}-01`;

const extract = (carrier: Record<string, string | string[]>, context = rootContext) =>
  traceContextPropagator.extract(context, carrier, defaultTextMapGetter);
const extracted = (traceparent: string | string[], tracestate?: string | string[]) =>
  getSpanContext(extract({ traceparent, ...(tracestate !== undefined && { tracestate }) }));
function injected(spanContext: Parameters<typeof withSpanContext>[1], context = rootContext) {
  const carrier: Record<string, string> = {};
  traceContextPropagator.inject(withSpanContext(context, spanContext), carrier, defaultTextMapSetter);
  return carrier;
}

// W3C trace context level 2, section 3.2 (traceparent).
test.each([
  ['version 00', good, 1],
  ['version 00, not sampled', `00-${traceId}-${spanId}-00`, 0],
  ['the random flag', `00-${traceId}-${spanId}-02`, 2],
  ['sampled and random', `00-${traceId}-${spanId}-03`, 3],
  ['reserved flags, which are not taken over', `00-${traceId}-${spanId}-fd`, 1],
  ['flags with a letter', `00-${traceId}-${spanId}-0a`, 2],
  ['a later version', `cc-${traceId}-${spanId}-01`, 1],
  ['the last possible version', `fe-${traceId}-${spanId}-01`, 1],
  ['a later version with more fields', `01-${traceId}-${spanId}-01-what-the-future-brings`, 1],
  ['a later version with an empty further field', `01-${traceId}-${spanId}-01-`, 1],
  ['spaces before', `  ${good}`, 1],
  ['a tab before', `\t${good}`, 1],
  ['spaces and a tab after', `${good} \t`, 1],
  ['a later version with white space after', `cc-${traceId}-${spanId}-01 `, 1],
])('traceparent of %s is taken [S6]', (_what, header, traceFlags) => {
  expect(extracted(header)).toEqual({ traceId, spanId, traceFlags, isRemote: true });
});

test.each([
  ['version ff', `ff-${traceId}-${spanId}-01`],
  ['version 00 with more fields', `${good}-what-the-future-brings`],
  ['version 00 with a dash at the end', `${good}-`],
  ['version 00 with a character at the end', `${good}.`],
  ['a later version with something other than a dash after the flags', `cc-${traceId}-${spanId}-01.what`],
  ['a version with a character that is not hex', `.0-${traceId}-${spanId}-01`],
  ['a version in upper case', `CC-${traceId}-${spanId}-01`],
  ['a version of one digit', `0-${traceId}-${spanId}-01`],
  ['a version of three digits', `000-${traceId}-${spanId}-01`],
  ['no version', `${traceId}-${spanId}-01`],
  ['a zero trace id', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['a trace id in upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
  ['a trace id with a character that is not hex', `00-.${traceId.slice(1)}-${spanId}-01`],
  ['a trace id of 31 digits', `00-${traceId.slice(1)}-${spanId}-01`],
  ['a trace id of 33 digits', `00-${traceId}0-${spanId}-01`],
  ['a trace id of 64 bits', `00-${traceId.slice(16)}-${spanId}-01`],
  ['a zero parent id', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['a parent id in upper case', `00-${traceId}-${spanId.toUpperCase()}-01`],
  ['a parent id with a character that is not hex', `00-${traceId}-${spanId.slice(1)}.-01`],
  ['a parent id of 15 digits', `00-${traceId}-${spanId.slice(1)}-01`],
  ['a parent id of 17 digits', `00-${traceId}-${spanId}0-01`],
  ['flags of one digit', `00-${traceId}-${spanId}-1`],
  ['flags of three digits', `00-${traceId}-${spanId}-001`],
  ['flags in upper case', `00-${traceId}-${spanId}-0A`],
  ['flags with a character that is not hex', `00-${traceId}-${spanId}-.0`],
  ['no flags', `00-${traceId}-${spanId}`],
  ['a later version that is too short', `cc-${traceId}-${spanId}-0`],
  ['other delimiters', good.replaceAll('-', '_')],
  ['two values in one header', `${good},${good}`],
  ['two values of a later version in one header', `cc-${traceId}-${spanId}-01,cc-${traceId}-${spanId}-01`],
  ['a newline at the end', `${good}\n`],
  ['a space inside', good.replace('-', ' -')],
  ['nothing in it', ''],
])('traceparent with %s starts a fresh trace [S6]', (_what, header) => {
  const context = extract({ traceparent: header, tracestate: 'foo=1' });
  expect(context).toBe(rootContext);
});

test('several traceparent headers start a fresh trace, one in a list is taken', () => {
  expect(extracted([good, good])).toBeUndefined();
  expect(extracted([])).toBeUndefined();
  expect(extracted([good])?.traceId).toBe(traceId);
});

test('without traceparent, tracestate is not looked at', () => {
  expect(extract({ tracestate: 'foo=1' })).toBe(rootContext);
});

test('a malformed traceparent leaves the context that was there', () => {
  const before = withSpanContext(rootContext, { traceId, spanId, traceFlags: 1 });
  expect(extract({ traceparent: 'nonsense' }, before)).toBe(before);
});

test('a malformed tracestate does not affect traceparent', () => {
  const spanContext = extracted(good, 'FOO=1');
  expect(spanContext?.traceId).toBe(traceId);
  expect(spanContext?.traceState?.serialize()).toBe('');
});

test('several tracestate headers are one list in their order', () => {
  expect(extracted(good, ['foo=1,bar=2', '', 'rojo=1', 'congo=2'])?.traceState?.serialize()).toBe(
    'foo=1,bar=2,rojo=1,congo=2',
  );
});

test('an empty tracestate header says nothing', () => {
  expect(extracted(good, '')?.traceState).toBeUndefined();
});

test('several tracestate headers with more than 32 members or one key twice are dropped whole', () => {
  const list = (n: number, key: string) => Array.from({ length: n }, (_, i) => `${key}${i}=1`).join(',');
  expect(extracted(good, [list(16, 'a'), list(16, 'b')])?.traceState?.serialize()).toHaveLength(32 * 5 + 12 - 1);
  expect(extracted(good, [list(16, 'a'), list(17, 'b')])?.traceState?.serialize()).toBe('');
  expect(extracted(good, ['a=1', 'a=2'])?.traceState?.serialize()).toBe('');
});

test('header names are asked for in lower case and whatever the getter finds counts', () => {
  const anyCase: TextMapGetter<Record<string, string>> = {
    keys: Object.keys,
    get: (carrier, key) => Object.entries(carrier).find(([name]) => name.toLowerCase() === key)?.[1],
  };
  const carrier = { TraceParent: good, TRACESTATE: 'foo=1' };
  const spanContext = getSpanContext(traceContextPropagator.extract(rootContext, carrier, anyCase));
  expect(spanContext?.traceId).toBe(traceId);
  expect(spanContext?.traceState?.get('foo')).toBe('1');
});

test.each([
  ['sampled', 1, '01'],
  ['not sampled', 0, '00'],
  ['sampled and random', 3, '03'],
  ['random', 2, '02'],
  ['reserved flags, which are sent as zero', 0xfd, '01'],
])('traceparent is written in version 00 with flags %s [S6]', (_what, traceFlags, flags) => {
  expect(injected({ traceId, spanId, traceFlags })).toEqual({ traceparent: `00-${traceId}-${spanId}-${flags}` });
});

test('tracestate is written in one header, and not at all when it is empty', () => {
  const traceState = createTraceState('foo=1 , bar=2');
  expect(injected({ traceId, spanId, traceFlags: 1, traceState }).tracestate).toBe('foo=1,bar=2');
  expect(injected({ traceId, spanId, traceFlags: 1, traceState: createTraceState('') })).not.toHaveProperty(
    'tracestate',
  );
});

test('an invalid identity is not written, nor anything while tracing is suppressed, nor without a span', () => {
  expect(injected({ traceId: '0'.repeat(32), spanId, traceFlags: 1 })).toEqual({});
  expect(injected({ traceId, spanId: 'short', traceFlags: 1 })).toEqual({});
  expect(injected({ traceId, spanId, traceFlags: 1 }, suppressTracing(rootContext))).toEqual({});
  const carrier = {};
  traceContextPropagator.inject(rootContext, carrier, defaultTextMapSetter);
  expect(carrier).toEqual({});
});

test('a later version is passed on as version 00', () => {
  const context = extract({ traceparent: `cc-${traceId}-${spanId}-01-more`, tracestate: 'foo=1' });
  const carrier = {};
  traceContextPropagator.inject(context, carrier, defaultTextMapSetter);
  expect(carrier).toEqual({ traceparent: good, tracestate: 'foo=1' });
});

test('the fields are the two header names', () => {
  expect(traceContextPropagator.fields()).toEqual(['traceparent', 'tracestate']);
});

test('no header makes extraction throw, and what is taken can be written', () => {
  const header = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}(-[a-z]*)?$/),
    fc.constantFrom(good, `${good} `, good.toUpperCase()),
  );
  fc.assert(
    fc.property(fc.oneof(header, fc.array(header)), fc.oneof(fc.string(), fc.array(fc.string())), (parent, state) => {
      const context = extract({ traceparent: parent, tracestate: state });
      const carrier: Record<string, string> = {};
      traceContextPropagator.inject(context, carrier, defaultTextMapSetter);
      if (context !== rootContext) expect(carrier.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-0[0-3]$/);
      else expect(carrier).toEqual({});
    }),
  );
});

test('without a parser the state is written where there is one, and none is read', () => {
  const lean = traceContextWith();
  const carrier: Record<string, string> = { traceparent: good, tracestate: 'a=1' };
  const found = getSpanContext(lean.extract(rootContext, carrier, defaultTextMapGetter));
  expect(found).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
  const out: Record<string, string> = {};
  const context = withSpanContext(rootContext, { ...found!, traceState: createTraceState('b=2') });
  lean.inject(context, out, defaultTextMapSetter);
  expect(out).toEqual({ traceparent: good, tracestate: 'b=2' });
});
