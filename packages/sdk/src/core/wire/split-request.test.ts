import { expect, test } from 'vitest';
import { decodeOtlp, decodeTraces, encodeOtlp } from '../../../../testkit/src/otlp-proto.js';
import { testResource, traceRig } from '../../../../testkit/src/trace-rig.js';
import { splitExportRequest } from './split-request.js';

function requestOf(spans: readonly (readonly [scope: string, name: string])[]): Uint8Array {
  const rig = traceRig();
  for (const [scope, name] of spans) rig.provider.getTracer(scope, '1').startSpan(name).end();
  return rig.normal.take(testResource)!.bytes;
}

const namesOf = (bytes: Uint8Array): string[] =>
  decodeTraces(bytes).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    expect(resource!.attributes).toHaveLength(1);
    return scopeSpans.flatMap(({ scope, spans }) => spans.map(({ name }) => `${scope!.name}:${name}`));
  });

test('two parts hold all spans in order, each a complete request of its own', () => {
  const request = requestOf([
    ['a', '1'],
    ['a', '2'],
    ['b', '3'],
    ['b', '4'],
    ['b', '5'],
  ]);
  const [first, second] = splitExportRequest('traces', request)!;
  expect([...namesOf(first.bytes), ...namesOf(second.bytes)]).toEqual(namesOf(request));
  expect(first.items + second.items).toBe(5);
  expect(namesOf(first.bytes)).toHaveLength(first.items);
  expect(namesOf(second.bytes)).toHaveLength(second.items);
});

test('the same bytes give the same parts', () => {
  const request = requestOf([
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ]);
  expect(splitExportRequest('traces', request.slice())).toEqual(splitExportRequest('traces', request));
});

test('parts are about half the bytes each, however the spans differ', () => {
  const rig = traceRig();
  rig.tracer.startSpan('big', { attributes: { text: 'x'.repeat(10_000) } }).end();
  for (let i = 0; i < 100; i++) rig.tracer.startSpan('small', { attributes: { text: 'x'.repeat(60) } }).end();
  const request = rig.normal.take(testResource)!.bytes;
  const [first, second] = splitExportRequest('traces', request)!;
  expect(Math.abs(first.bytes.length - second.bytes.length)).toBeLessThan(request.length * 0.1);
});

test('splitting ends at single spans, which cannot be split', () => {
  const split = (bytes: Uint8Array): Uint8Array[] => {
    const parts = splitExportRequest('traces', bytes);
    return parts ? parts.flatMap((part) => split(part.bytes)) : [bytes];
  };
  const request = requestOf(Array.from({ length: 37 }, (_, i) => [i % 3 ? 'a' : 'b', String(i)] as const));
  const singles = split(request);
  expect(singles).toHaveLength(37);
  expect(singles.flatMap(namesOf)).toEqual(namesOf(request));
});

test('logs are split by record, metrics by data point', () => {
  const logs = encodeOtlp('LogsRequest', {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: 'a' }, { eventName: 'b' }] }] }],
  });
  expect(splitExportRequest('logs', logs)!.map(({ items }) => items)).toEqual([1, 1]);
  const metrics = encodeOtlp('MetricsRequest', {
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'm',
                unit: 's',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [{ asInt: 1 }, { asInt: 2 }, { asInt: 3 }],
                },
              },
              { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [{ count: 1 }] } },
            ],
          },
        ],
      },
    ],
  });
  const parts = splitExportRequest('metrics', metrics)!;
  expect(parts.map(({ items }) => items).reduce((x, y) => x + y)).toBe(4);
  const first = decodeOtlp<{ resourceMetrics: { scopeMetrics: { metrics: unknown[] }[] }[] }>(
    'MetricsRequest',
    parts[0].bytes,
  );
  expect(first.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]).toMatchObject({
    name: 'm',
    unit: 's',
    sum: { aggregationTemporality: 2, isMonotonic: true },
  });
});

test.each([
  ['nothing', new Uint8Array(0)],
  [
    'a cut request',
    requestOf([
      ['a', '1'],
      ['a', '2'],
    ]).slice(0, -3),
  ],
  ['noise', new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255])],
  ['a length beyond the end', new Uint8Array([0x0a, 0x7f, 1, 2])],
])('%s is not split', (_what, bytes) => {
  expect(splitExportRequest('traces', bytes)).toBeUndefined();
});
