import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonWithOpenTelemetry } from '../../testkit/src/foreign/install.js';
import { createReader } from '../src/query/reader.js';
import { searchLogs } from '../src/query/search-logs.js';
import type { LogsAnswer } from '../src/shapes/api.js';
import { type OpenReceivers, openReceivers } from './open-receivers.js';
import { eventually } from './start-collector.js';

/* Logs and metrics of OpenTelemetry's Python SDK: what it says it sent is what stands in the tables. */

const python = pythonWithOpenTelemetry();
const run = promisify(execFile);
let receivers: OpenReceivers;
beforeAll(async () => {
  receivers = await openReceivers();
}, 60_000);
afterAll(() => receivers?.close());

interface Sent {
  readonly logs: readonly { readonly spanId: string; readonly [field: string]: unknown }[];
  /** By the kind of metric; the values of sums and gauges as Python writes them. */
  readonly rows: Readonly<Record<string, readonly (MetricRow & { readonly value?: string })[]>>;
}
interface MetricRow {
  readonly name: string;
  readonly time: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

async function sentBy(protocol: 'http' | 'grpc'): Promise<Sent> {
  const script = fileURLToPath(new URL('../../testkit/src/foreign/python-signals.py', import.meta.url));
  const endpoint = protocol === 'http' ? receivers.httpUrl : receivers.grpcUrl;
  const { stdout } = await run(python!, [script, protocol, endpoint], { maxBuffer: 1e8, timeout: 60_000 });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const rows: Record<string, (MetricRow & { value?: string })[]> = {};
  for (const { metric, row } of lines) if (metric) rows[metric] = [...(rows[metric] ?? []), row];
  return { logs: lines.flatMap(({ log }) => log ?? []), rows };
}

const identity = ({ name, attributes, time }: MetricRow) =>
  JSON.stringify([name, Object.entries(attributes).sort(), time]);
const inOrder = <R extends MetricRow>(rows: readonly R[]): R[] =>
  [...rows].sort((a, b) => (identity(a) < identity(b) ? -1 : 1));

const columns: Record<string, string> = {
  sum: "if(ValueType = 'i', toString(IntValue), toString(Value)) AS value, AggregationTemporality AS temporality, IsMonotonic AS monotonic",
  gauge: "if(ValueType = 'i', toString(IntValue), toString(Value)) AS value",
  histogram:
    'Count AS count, Sum AS sum, Min AS min, Max AS max, BucketCounts AS buckets, ExplicitBounds AS bounds, AggregationTemporality AS temporality',
  exp_histogram:
    'Count AS count, Sum AS sum, Min AS min, Max AS max, Scale AS scale, ZeroCount AS zeros, PositiveOffset AS offset, PositiveBucketCounts AS counts, AggregationTemporality AS temporality',
};

// OpenTelemetry's SDK for Python comes from its registry; where there is no Python, or it cannot be had, this is skipped by name.
test.skipIf(!python).each(['http', 'grpc'] as const)(
  'logs and metrics of opentelemetry-python over %s arrive as sent: bodies of every kind, counters, gauges, both histograms [F12 S7]',
  async (protocol) => {
    const { logs, rows } = await sentBy(protocol);
    const service = `python-signals-${protocol}`;
    expect(logs).toHaveLength(11);
    const { records, resources, scopes } = await eventually(
      async () =>
        JSON.parse(
          await searchLogs(createReader(receivers.store), {
            range: { startNano: 0n, endNano: 2n ** 62n },
            service,
            limit: 50,
          }),
        ) as LogsAnswer,
      (answer) => answer.records.length === logs.length,
    );
    const found = records.map(({ resource, scope, flags: _, ...record }) => ({
      ...record,
      resource: resources[resource]!.attributes,
      scope: { name: scopes[scope]!.name, version: scopes[scope]!.version },
    }));
    const bySpan = (a: { spanId: string }, b: { spanId: string }) => (a.spanId < b.spanId ? -1 : 1);
    expect(found.sort(bySpan)).toEqual([...logs].sort(bySpan));
    expect(found[0]).toMatchObject({
      severityNumber: 17,
      body: 'order 7 failed',
      attributes: { 'exception.type': 'ValueError', 'exception.message': 'no such order' },
    });

    expect(Object.keys(rows).sort()).toEqual(['exp_histogram', 'gauge', 'histogram', 'sum']);
    for (const [kind, sent] of Object.entries(rows)) {
      const stored = await eventually(
        async () =>
          (
            await receivers.store.query<MetricRow & { value?: string }>(
              `SELECT MetricName AS name, MetricUnit AS unit, MetricDescription AS description, Attributes AS attributes,
                 toString(toUnixTimestamp64Nano(TimeUnix)) AS time, ${columns[kind]}
               FROM otel_metrics_${kind} WHERE ServiceName = {service:String}`,
              { params: { service } },
            )
          ).rows,
        (found) => found.length === sent.length,
      );
      /** In the table attributes are texts, and a number is one whatever form its text has. */
      const asStored = (row: MetricRow & { value?: string }) => ({
        ...row,
        attributes: Object.fromEntries(Object.entries(row.attributes).map(([key, value]) => [key, String(value)])),
        ...(row.value !== undefined && { value: /^-?\d+$/.test(row.value) ? BigInt(row.value) : Number(row.value) }),
      });
      expect(inOrder(stored.map(asStored))).toEqual(inOrder(sent.map(asStored)));
    }
  },
  120_000,
);
