import { afterEach, expect, test } from 'vitest';
import { decodeMetrics } from '../../testkit/src/otlp-proto.js';
import { otlpSink } from '../../testkit/src/otlp-sink.js';
import type { MetricsAnswer } from '../src/shapes/api.js';
import { serialRequest } from './serial-sender.js';
import { eventually, startCollector } from './start-collector.js';
import { startGateway } from './start-gateway.js';

/* What the collector says of itself as OTLP, beside what it says in Prometheus' text. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function running<One extends { stop(): Promise<unknown> }>(starting: Promise<One>): Promise<One> {
  const one = await starting;
  closing.push(() => one.stop());
  return one;
}

type Series = ReadonlyMap<string, number>;
const keyOf = (labels: Readonly<Record<string, string>>): string => {
  const { __name__: name, ...others } = labels;
  const own = Object.entries(others).filter(([label]) => !FOREIGN.has(label));
  return `${name} ${JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
};
/** What the translation of OTLP puts beside the labels of a point. */
const FOREIGN = new Set([
  'job',
  'instance',
  'service_name',
  'service_version',
  'service_instance_id',
  'otel_scope_name',
  'otel_scope_version',
]);

async function scraped(url: string): Promise<Series> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name, inner = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
      const labels = Object.fromEntries(
        Array.from(inner.matchAll(/(\w+)="([^"]*)"/g), ([, key, each]) => [key!, each!]),
      );
      return [keyOf({ __name__: name!, ...labels }), Number(value)];
    }),
  );
}

async function stored(url: string): Promise<Series> {
  const query = encodeURIComponent('{job="throughline",__name__=~"throughline_.+|process_.+"}');
  const answer = (await (await fetch(`${url}/api/v1/query?query=${query}`)).json()) as {
    readonly data: { readonly result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return new Map(answer.data.result.map(({ metric, value }) => [keyOf(metric), Number(value[1])]));
}

test("the collector's own metrics are kept as OTLP, equal to those of /metrics, and counted apart from what others send", async () => {
  const collector = await running(startCollector(['--own-metrics', '1']));
  const body = serialRequest([1, 2, 3]);
  const headers = { 'content-type': 'application/x-protobuf' };
  expect((await fetch(`${collector.otlpHttp}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200);
  const spans = 'throughline_received_items_total [["signal","traces"],["transport","http"]]';
  const before = await eventually(
    () => scraped(collector.explorer),
    (series) => series.get('throughline_store_up []') === 1,
    30_000,
  );
  expect(before.get(spans)).toBe(3);
  // A report of after that, and then another.
  const reports = 'throughline_received_requests_total [["signal","metrics"],["transport","own"]]';
  const now = await eventually(
    () => stored(collector.explorer),
    (series) => series.get(spans) === 3 && series.get(reports)! > (before.get(reports) ?? 0) + 1,
    30_000,
  );
  const after = await scraped(collector.explorer);

  // What stood still while it was reported is the same in both.
  const still = [...after].filter(
    ([key, value]) => before.get(key) === value && !/_spool_(rows|bytes) |_info /.test(key),
  );
  expect(still.length).toBeGreaterThan(20);
  for (const needed of [
    /^throughline_received_bytes_total .*traces/,
    /^throughline_acknowledge_duration_seconds_bucket .*traces/,
    /^throughline_store_up /,
  ])
    expect(
      still.some(([key]) => needed.test(key)),
      String(needed),
    ).toBe(true);
  expect(Object.fromEntries(still.map(([key]) => [key, now.get(key)]))).toEqual(Object.fromEntries(still));
  // What grows has come as far, and no further: nothing but the version is in one of them alone.
  const names = (series: Series): string[] => [...new Set([...series.keys()].map((key) => key.split(' ')[0]!))].sort();
  expect(names(now)).toEqual(names(after).filter((name) => name !== 'throughline_build_info'));
  for (const [key, value] of now)
    if (/_total |_count |_bucket /.test(key)) expect(after.get(key), key).toBeGreaterThanOrEqual(value);

  // Reports are counted as such: a report more or less changes nothing that others sent.
  expect(
    [...after.keys()].filter((key) => key.includes('"signal","metrics"') && key.includes('_received_items')),
  ).toEqual(['throughline_received_items_total [["signal","metrics"],["transport","own"]]']);
  const { metrics } = (await (
    await fetch(`${collector.explorer}/api/v1/metrics?q=throughline.`)
  ).json()) as MetricsAnswer;
  expect(metrics.find(({ name }) => name === 'throughline.acknowledge_duration')).toMatchObject({
    kind: 'histogram',
    unit: 's',
    services: ['throughline'],
  });
  expect(metrics.find(({ name }) => name === 'throughline.received_items')).toMatchObject({
    kind: 'sum',
    unit: '{item}',
    monotonic: true,
  });
}, 60_000);

test("a gateway's own metrics go the way of what it hands on, or to another collector, by header and without an end where that is away", async () => {
  const collector = await running(startCollector());
  await running(startGateway([collector.otlpHttp], ['--own-metrics', '1']));
  const isGateways = (series: Series): boolean =>
    [...series.keys()].some((key) => key.startsWith('throughline_forwarded_batches_total '));
  await eventually(() => stored(collector.explorer), isGateways, 30_000);

  const sink = await otlpSink({ protocol: 'http1' });
  closing.push(() => sink.close());
  sink.answers.push({ status: 503 }, { status: 503 });
  const watched = await startCollector([
    '--own-metrics',
    '1',
    '--own-metrics-to',
    sink.url,
    '--own-metrics-header',
    'authorization=Bearer own',
  ]);
  await sink.arrived(3);
  await watched.stop();
  // Said once, not for each of the two.
  expect(watched.output().match(/own metrics do not arrive at/g)).toHaveLength(1);
  // The last was made when it was told to stop.
  expect(sink.received.length).toBeGreaterThanOrEqual(4);
  for (const { path, headers } of sink.received) {
    expect(path).toMatch(/^\/v1\/metrics\?tl-batch=[0-9a-f]{32}$/);
    expect(headers.authorization).toBe('Bearer own');
  }
  const last = JSON.stringify(decodeMetrics(sink.received.at(-1)!.body));
  expect(last).toContain('throughline.store_up');
  await expect(startCollector(['--own-metrics-to', sink.url])).rejects.toThrow(
    '--own-metrics-to goes with --own-metrics',
  );
}, 60_000);
