import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeTraces } from './otlp-proto.js';
import { serialRequest } from './serial-sender.js';
import { eventually, startCollector, type TestCollector } from './start-collector.js';

let collector: TestCollector;
beforeAll(async () => {
  collector = await startCollector(['--log-format', 'json'], {});
});
afterAll(async () => {
  await collector.stop();
});

const send = (path: string, body: Uint8Array, type = 'application/x-protobuf'): Promise<Response> =>
  fetch(`${collector.otlpHttp}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
const metrics = async (): Promise<string> => (await fetch(`${collector.explorer}/metrics`)).text();
const numberOf = (text: string, series: string): number => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
};
const ask = (path: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(collector.explorer);
    request({ hostname, port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

test('/livez and /readyz say that the collector is alive and takes telemetry, under any name', async () => {
  const live = await fetch(`${collector.explorer}/livez`);
  expect([live.status, await live.text()]).toEqual([200, 'ok\n']);
  const ready = await eventually(
    async () => (await (await fetch(`${collector.explorer}/readyz`)).json()) as { store: { open: boolean } },
    ({ store }) => store.open,
  );
  expect(ready).toMatchObject({
    ready: true,
    spool: { writable: true, full: false, limitBytes: 4096 * 1024 * 1024 },
    store: { open: true, behindRows: 0 },
  });
  expect(await ask('/readyz', { host: 'collector.internal' })).toBe(200);
  expect(await ask('/metrics', { host: 'collector.internal' })).toBe(421);
  expect(await ask('/metrics', { host: 'localhost' })).toBe(200);
  expect((await fetch(`${collector.explorer}/livez`, { method: 'POST' })).status).toBe(405);
});

test('/metrics is the numbers for whoever scrapes, and the page of the explorer for a browser that opens a link to it', async () => {
  const type = async (accept: string): Promise<string | null> =>
    (await fetch(`${collector.explorer}/metrics?q=shop`, { headers: { accept } })).headers.get('content-type');
  for (const scraper of [
    '*/*',
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
  ])
    expect(await type(scraper)).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await type('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')).toBe(
    'text/html; charset=utf-8',
  );
});

test('/metrics counts what came, what was turned away, what went into the store and what came twice', async () => {
  const batch = `/v1/traces?tl-batch=${'ab'.repeat(16)}`;
  expect((await send(batch, serialRequest([1, 2, 3]))).status).toBe(200);
  const text = await eventually(metrics, (now) => numberOf(now, 'throughline_inserted_rows_total') === 3);
  const labels = '{signal="traces",transport="http"}';
  expect(numberOf(text, `throughline_received_items_total${labels}`)).toBe(3);
  expect(numberOf(text, `throughline_received_requests_total${labels}`)).toBe(1);
  expect(numberOf(text, 'throughline_acknowledge_duration_seconds_count{signal="traces"}')).toBe(1);
  expect(numberOf(text, 'throughline_insert_duration_seconds_count{table="otel_traces"}')).toBe(1);
  expect(numberOf(text, 'throughline_spool_rows')).toBe(0);
  expect(numberOf(text, 'throughline_store_up')).toBe(1);
  expect(numberOf(text, 'throughline_in_flight_bytes')).toBe(0);
  expect(numberOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(10e6);
  expect((await send('/v1/traces', Buffer.from('nothing of the kind'))).status).toBe(400);
  const same = serialRequest([4]);
  for (const _ of [1, 2]) expect((await send(`/v1/traces?tl-batch=${'cd'.repeat(16)}`, same)).status).toBe(200);
  const after = await metrics();
  expect(numberOf(after, 'throughline_refused_requests_total{transport="http",reason="malformed"}')).toBe(1);
  expect(numberOf(after, 'throughline_second_copies_total')).toBe(1);
  expect(numberOf(after, `throughline_received_items_total${labels}`)).toBe(4);
});

test('with --log-format json every line that the collector says is an object, also its last', async () => {
  const lines = collector.output().trim().split('\n');
  const up = JSON.parse(lines[0]!) as Record<string, string>;
  expect(up).toMatchObject({ level: 'info', message: 'Throughline is up.', otlpHttp: collector.otlpHttp });
  expect(Math.abs(Date.parse(up.time!) - Date.now())).toBeLessThan(120_000);
  const wrong = await startCollector(['--log-format', 'json', '--data', collector.data], {}).catch(
    (error: Error) => error.message,
  );
  const last = JSON.parse(String(wrong).trim().split('\n').at(-1)!) as Record<string, string>;
  expect(last).toMatchObject({ level: 'error' });
});

test('a format or level of the log that there is not is named, with those there are', async () => {
  await expect(startCollector(['--log-level', 'loud'])).rejects.toThrow(
    '--log-level must be debug or info or warn or error, not "loud".',
  );
});

test('rules work before anything is kept, and /metrics counts what they did', async () => {
  const ruled = await startCollector(['--redact', 'emails', '--drop', 'traces:name=work 1', '--log-format', 'json']);
  try {
    const body = encodeTraces({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [1, 2].map((number) => ({
                traceId: Buffer.alloc(16, number),
                spanId: Buffer.alloc(8, number),
                name: `work ${number}`,
                startTimeUnixNano: `${Date.now()}000000`,
                attributes: [{ key: 'who', value: { stringValue: 'ada@example.com' } }],
              })),
            },
          ],
        },
      ],
    });
    const headers = { 'content-type': 'application/x-protobuf' };
    expect((await fetch(`${ruled.otlpHttp}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200);
    const numbers = async (): Promise<string> => (await fetch(`${ruled.explorer}/metrics`)).text();
    const text = await eventually(numbers, (now) => numberOf(now, 'throughline_inserted_rows_total') === 1);
    expect(numberOf(text, 'throughline_dropped_items_total{signal="traces",rule="traces:name=work 1"}')).toBe(1);
    expect(numberOf(text, 'throughline_redacted_values_total{rule="emails"}')).toBe(1);
    const trace = await (await fetch(`${ruled.explorer}/api/v1/traces/${'02'.repeat(16)}`)).text();
    expect(trace).toContain('[redacted]');
    expect(trace).not.toContain('ada@');
  } finally {
    await ruled.stop();
  }
  await expect(startCollector(['--redact', 'tokns'])).rejects.toThrow('--redact: "tokns" is none of tokens, cookies');
});
