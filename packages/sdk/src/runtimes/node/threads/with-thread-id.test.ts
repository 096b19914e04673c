import { expect, test } from 'vitest';
import { type DecodedMetric, decodeMetrics, plainAttributes } from '../../../../../testkit/src/otlp-proto.js';
import { FieldReader } from '../../../core/wire/field-reader.js';
import { varintSize, writeVarint } from '../../../core/wire/varint.js';
import { createTestTelemetry } from '../../testing/index.js';
import { withThreadId } from './with-thread-id.js';

const scopeMetrics = 2;

/** Names and attributes of all points of a request of which only the scopes are there. */
function pointsOf(scopes: Uint8Array): [string, unknown][] {
  const request = new Uint8Array(1 + varintSize(scopes.length) + scopes.length);
  request[0] = 0x0a;
  request.set(scopes, writeVarint(request, 1, scopes.length));
  const { resourceMetrics } = decodeMetrics(request);
  const dataOf = ({ gauge, sum, histogram, exponentialHistogram }: DecodedMetric) =>
    (gauge ?? sum ?? histogram ?? exponentialHistogram)!.dataPoints;
  return resourceMetrics.flatMap((resource) =>
    resource.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) =>
        dataOf(metric).map(({ attributes }): [string, unknown] => [String(metric.name), plainAttributes(attributes)]),
      ),
    ),
  );
}

test('every kind of data point says which thread it is of, and nothing else of it changes', async () => {
  const telemetry = createTestTelemetry({
    global: false,
    metrics: { views: [{ instrumentName: 'fine', aggregation: { type: 'base2_exponential_bucket_histogram' } }] },
  });
  const { meter } = telemetry;
  const counter = meter.createCounter('c');
  for (let i = 0; i < 100; i++) counter.add(1, { route: `/${i}` });
  counter.add(1);
  meter.createHistogram('h').record(3);
  meter.createHistogram('fine').record(3, { a: 'b' });
  meter.createGauge('g').record(1, { 'thread.id': 7 });
  await telemetry.flush();
  const scopes: Uint8Array[] = [];
  for (const bytes of telemetry.requests('metrics')) {
    for (const request = new FieldReader(bytes); request.next(); )
      for (const resource = request.message(); resource.next(); )
        if (resource.field === scopeMetrics) scopes.push(bytes.slice(resource.tagStart, resource.end));
  }
  const before = scopes.flatMap(pointsOf);
  expect(before).toHaveLength(104);
  const after = scopes.flatMap((each) => pointsOf(withThreadId(each, 300)));
  expect(after).toEqual(before.map(([name, attributes]) => [name, { 'thread.id': 300n, ...(attributes as object) }]));
  // A thread of a thread has said it.
  expect(after.at(-1)).toEqual(['g', { 'thread.id': 7n }]);
  for (const each of scopes) expect(withThreadId(withThreadId(each, 300), 1)).toEqual(withThreadId(each, 300));
});
