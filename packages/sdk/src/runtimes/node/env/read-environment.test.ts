import { expect, test } from 'vitest';
import { b3Propagator } from '../../../core/propagation/b3.js';
import { baggagePropagator } from '../../../core/propagation/baggage.js';
import { traceContextPropagator } from '../../../core/propagation/trace-context.js';
import { readEnvironment } from './read-environment.js';

const messages = (variables: Record<string, string>) =>
  readEnvironment(variables).diagnostics.map(({ message }) => message);

test('an empty environment asks for nothing', () => {
  expect(readEnvironment({})).toMatchObject({
    disabled: false,
    serviceName: undefined,
    resource: {},
    sampler: undefined,
    propagators: undefined,
    batch: {},
    spanLimits: {},
    exporters: { traces: undefined, metrics: undefined, logs: undefined },
    diagnostics: [],
  });
});

test.each([
  ['always_on', undefined, 'AlwaysOnSampler'],
  ['always_off', undefined, 'AlwaysOffSampler'],
  ['traceidratio', '0.25', 'TraceIdRatioBased{0.25}'],
  ['traceidratio', undefined, 'TraceIdRatioBased{1}'],
  ['ALWAYS_ON', undefined, 'AlwaysOnSampler'],
])('OTEL_TRACES_SAMPLER=%s with %s [F3]', (name, argument, expected) => {
  const { sampler, diagnostics } = readEnvironment({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument });
  expect(String(sampler)).toBe(expected);
  expect(diagnostics).toEqual([]);
});

test.each([
  ['parentbased_always_on', 'root=AlwaysOnSampler'],
  ['parentbased_always_off', 'root=AlwaysOffSampler'],
  ['parentbased_traceidratio', 'root=TraceIdRatioBased{0.1}'],
])('%s asks the parent first [F3 F21]', (name, root) => {
  const { sampler } = readEnvironment({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.1' });
  expect(String(sampler)).toContain('ParentBased{');
  expect(String(sampler)).toContain(root);
});

test('an unknown sampler and a share that is none are reported, and the defaults taken', () => {
  expect(readEnvironment({ OTEL_TRACES_SAMPLER: 'xray' }).sampler).toBeUndefined();
  expect(messages({ OTEL_TRACES_SAMPLER: 'xray' })[0]).toContain('OTEL_TRACES_SAMPLER');
  const share = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10%' };
  expect(String(readEnvironment(share).sampler)).toBe('TraceIdRatioBased{1}');
  expect(messages(share)).toEqual(['OTEL_TRACES_SAMPLER_ARG is ignored: "10%" is not a number from 0 to 1.']);
});

test('OTEL_PROPAGATORS names them, each once; an unknown one is reported', () => {
  expect(readEnvironment({ OTEL_PROPAGATORS: 'b3, tracecontext,b3' }).propagators).toEqual([
    b3Propagator,
    traceContextPropagator,
  ]);
  expect(readEnvironment({ OTEL_PROPAGATORS: 'none' }).propagators).toEqual([]);
  const unknown = { OTEL_PROPAGATORS: 'pigeon,baggage' };
  expect(readEnvironment(unknown).propagators).toEqual([baggagePropagator]);
  expect(messages(unknown)).toHaveLength(1);
});

test('a limit of spans wins over the general one, which holds for events and links too', () => {
  const { spanLimits } = readEnvironment({
    OTEL_ATTRIBUTE_COUNT_LIMIT: '64',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '32',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '1000',
    OTEL_SPAN_EVENT_COUNT_LIMIT: '128',
    OTEL_SPAN_LINK_COUNT_LIMIT: '0',
    OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '8',
  });
  expect(spanLimits).toEqual({
    attributeCountLimit: 32,
    attributeValueLengthLimit: 1000,
    eventCountLimit: 128,
    linkCountLimit: 0,
    attributePerEventCountLimit: 64,
    attributePerLinkCountLimit: 8,
  });
});

test('OTEL_SDK_DISABLED, OTEL_LOG_LEVEL and the instrumentations by name', () => {
  expect(
    readEnvironment({
      OTEL_SDK_DISABLED: 'true',
      OTEL_LOG_LEVEL: 'ERROR',
      OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http, pg',
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'dns',
      OTEL_NODE_RESOURCE_DETECTORS: 'host,os',
    }),
  ).toMatchObject({
    disabled: true,
    logLevel: 'error',
    enabledInstrumentations: ['http', 'pg'],
    disabledInstrumentations: ['dns'],
    detectors: ['host', 'os'],
  });
});
