import {
  context,
  createContextKey,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { expect, test } from 'vitest';
import {
  b3MultiPropagator,
  b3Propagator,
  environmentGetter,
  environmentSetter,
  jaegerPropagator,
  openCensusBinaryPropagator,
  otTracePropagator,
  traceContextPropagator,
  xRayPropagator,
} from '../../src/core/propagation/index.js';
import { recorded } from './recorded.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const active = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 });
const builtIn: readonly TextMapPropagator[] = [
  traceContextPropagator,
  b3Propagator,
  b3MultiPropagator,
  jaegerPropagator,
  otTracePropagator,
  xRayPropagator,
  openCensusBinaryPropagator,
];

test('the current context is the attached one until it is detached, also when what ran in it failed', async () => {
  recorded();
  const key = createContextKey('who');
  const seen: unknown[] = [];
  const see = () => seen.push(context.active().getValue(key));
  const inside = ROOT_CONTEXT.setValue(key, 'outer');
  see();
  await context.with(inside, async () => {
    see();
    context.with(context.active().setValue(key, 'inner'), see);
    expect(() =>
      context.with(ROOT_CONTEXT, () => {
        see();
        throw new Error('no');
      }),
    ).toThrow('no');
    await Promise.resolve();
    see();
  });
  see();
  expect(seen).toEqual([undefined, 'outer', 'inner', undefined, 'outer', undefined]);
});

test('the global propagator is the one of the telemetry, and none when it is over', async () => {
  const { telemetry } = recorded({ propagators: [b3Propagator, traceContextPropagator] });
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  expect(carrier).toEqual({ b3: `${traceId}-${spanId}-1`, traceparent: `00-${traceId}-${spanId}-01` });
  expect(propagation.fields()).toEqual(['b3', 'traceparent', 'tracestate']);
  const read = propagation.extract(ROOT_CONTEXT, { b3: `${traceId}-${spanId}-1` });
  expect(trace.getSpanContext(read)).toMatchObject({ traceId, isRemote: true });
  await telemetry.shutdown();
  const after: Record<string, string> = {};
  propagation.inject(active, after);
  expect(after).toEqual({});
});

test('a text map propagator of the user stands beside the built-in ones', () => {
  const tenantKey = createContextKey('tenant');
  const tenant: TextMapPropagator = {
    inject: (from, carrier, setter) => setter.set(carrier, 'x-tenant', String(from.getValue(tenantKey))),
    extract: (into, carrier, getter) => into.setValue(tenantKey, getter.get(carrier, 'x-tenant')),
    fields: () => ['x-tenant'],
  };
  recorded({ propagators: [traceContextPropagator, tenant] });
  const carrier: Record<string, string> = {};
  propagation.inject(active.setValue(tenantKey, 'north'), carrier);
  expect(carrier).toEqual({ traceparent: `00-${traceId}-${spanId}-01`, 'x-tenant': 'north' });
  const read = propagation.extract(ROOT_CONTEXT, carrier);
  expect([read.getValue(tenantKey), trace.getSpanContext(read)?.traceId]).toEqual(['north', traceId]);
  expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'x-tenant']);
});

test('every built-in propagator writes through the setter, into any carrier, the fields it names', () => {
  const setter: TextMapSetter<Map<string, string>> = { set: (carrier, key, value) => void carrier.set(key, value) };
  for (const propagator of builtIn) {
    const carrier = new Map<string, string>();
    propagator.inject(active, carrier, setter as TextMapSetter);
    expect(carrier.size).toBeGreaterThan(0);
    for (const [key, value] of carrier) {
      expect(propagator.fields()).toContain(key);
      expect(typeof value).toBe('string');
    }
  }
});

test('every built-in propagator reads through the getter, out of any carrier', () => {
  const getter: TextMapGetter<Map<string, string>> = {
    get: (carrier, key) => carrier.get(key.toLowerCase()),
    keys: (carrier) => [...carrier.keys()],
  };
  for (const propagator of builtIn) {
    const written: Record<string, string> = {};
    propagator.inject(active, written, defaultTextMapSetter);
    const carrier = new Map(Object.entries(written));
    const read = trace.getSpanContext(propagator.extract(ROOT_CONTEXT, carrier, getter as TextMapGetter));
    expect(read?.spanId).toBe(spanId);
    // OT trace carries the lower half of a trace id alone.
    expect(read?.traceId.slice(16)).toBe(traceId.slice(16));
    expect(read?.isRemote).toBe(true);
  }
});

test('names that are not known before are found by the keys of the getter', () => {
  const entries = [
    ['UberCtx-User', 'ada'],
    ['unrelated', 'x'],
    ['uberctx-plan', 'a%20b'],
  ] as const;
  const getter: TextMapGetter<typeof entries> = {
    keys: (carrier) => carrier.map(([key]) => key),
    get: (carrier, key) => carrier.find(([name]) => name === key)?.[1],
  };
  const read = propagation.getBaggage(jaegerPropagator.extract(ROOT_CONTEXT, entries, getter as TextMapGetter));
  expect(read?.getAllEntries()).toEqual([
    ['User', { value: 'ada' }],
    ['plan', { value: 'a b' }],
  ]);
});

test('an environment is a carrier: names are normalised, others are not seen, values pass as they are', () => {
  const names = ['traceparent', 'x-b3-traceid', 'ot.baggage.naïve', '1st', '', 'ALREADY_1', 'straße'];
  const env: Record<string, string | undefined> = {};
  for (const name of names) environmentSetter.set(env, name, `  value of ${name}=;,\u00e9`);
  expect(Object.keys(env)).toEqual([
    'TRACEPARENT',
    'X_B3_TRACEID',
    'OT_BAGGAGE_NA_VE',
    '_1ST',
    '_',
    'ALREADY_1',
    'STRA_E',
  ]);
  for (const name of names) expect(environmentGetter.get(env, name)).toBe(`  value of ${name}=;,\u00e9`);
  const mixed = { traceparent: 'lower', 'X-B3-TRACEID': 'dashes', Path: '/bin', PATH: '/bin', '1A': 'x', _A1: 'x' };
  expect(environmentGetter.keys(mixed)).toEqual(['PATH', '_A1']);
  expect(environmentGetter.get(mixed, 'traceparent')).toBeUndefined();
  expect(environmentGetter.get(mixed, 'x-b3-traceid')).toBeUndefined();
});

test('a child process continues the trace its parent left in the environment', () => {
  const { telemetry, span } = recorded();
  const env: Record<string, string | undefined> = {};
  telemetry.measure('parent', () => {
    propagation.inject(
      propagation.setBaggage(context.active(), propagation.createBaggage({ job: { value: 'a b' } })),
      env,
      environmentSetter,
    );
  });
  expect(Object.keys(env)).toEqual(['TRACEPARENT', 'BAGGAGE']);
  const inherited = propagation.extract(ROOT_CONTEXT, env, environmentGetter);
  telemetry.tracer.startSpan('child', {}, inherited).end();
  expect(span('child')).toMatchObject({ traceId: span('parent').traceId, parentSpanId: span('parent').spanId });
  expect(propagation.getBaggage(inherited)?.getEntry('job')?.value).toBe('a b');
});

/** The example of OpenCensus' description of the format: trace id 40…4f, span id 61…68, sampled. */
const example = Buffer.from('0000404142434445464748494a4b4c4d4e4f0161626364656667680201', 'hex');
const exampleContext = {
  traceId: '404142434445464748494a4b4c4d4e4f',
  spanId: '6162636465666768',
  traceFlags: 1,
  isRemote: true,
};

test('OpenCensus’ binary format is written and read, in base64 as gRPC has it', () => {
  const carrier: Record<string, string> = {};
  openCensusBinaryPropagator.inject(trace.setSpanContext(ROOT_CONTEXT, exampleContext), carrier, defaultTextMapSetter);
  expect(carrier).toEqual({ 'grpc-trace-bin': example.toString('base64') });
  const read = (value: string) =>
    trace.getSpanContext(
      openCensusBinaryPropagator.extract(ROOT_CONTEXT, { 'grpc-trace-bin': value }, defaultTextMapGetter),
    );
  expect(read(example.toString('base64'))).toEqual(exampleContext);
  // gRPC senders may leave the padding out, and a sender need not say options.
  expect(read(example.toString('base64').replace('=', ''))).toEqual(exampleContext);
  expect(read(example.subarray(0, 27).toString('base64'))).toEqual({ ...exampleContext, traceFlags: 0 });
  expect(read(Buffer.concat([example, Buffer.from([9, 1, 2])]).toString('base64'))).toEqual(exampleContext);
});

test('OpenCensus’ binary format: what is malformed leaves the context as it was', () => {
  const zeroTrace = Buffer.from(example).fill(0, 2, 18);
  const zeroSpan = Buffer.from(example).fill(0, 19, 27);
  const version1 = Buffer.from(example).fill(1, 0, 1);
  const bad = [zeroTrace, zeroSpan, version1, example.subarray(0, 26), example.subarray(1), Buffer.alloc(0)];
  for (const value of [...bad.map((bytes) => bytes.toString('base64')), 'no base64!', '=', 'A']) {
    const carrier = { 'grpc-trace-bin': value };
    expect(openCensusBinaryPropagator.extract(active, carrier, defaultTextMapGetter)).toBe(active);
  }
});
