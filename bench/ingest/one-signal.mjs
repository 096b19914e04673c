import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { get, startCollector, untilOpen } from '../query/asked-collector.mjs';
import { writeRows } from '../rows/write-rows.mjs';
import { runSender } from './run-sender.mjs';

const WARM_UP = 512 * 400;

/** What is sent, how much of it the status says is stored, and where the store keeps it; `id` is a value that no two of them share. */
const SIGNALS = {
  logs: { noun: 'records', goal: 200_000, stored: 'logRecords', table: 'otel_logs', id: 'SpanId', beside: [] },
  metrics: {
    noun: 'points',
    goal: 300_000,
    stored: 'metricPoints',
    table: 'otel_metrics_sum',
    id: 'Value',
    beside: ['otel_metrics_series', 'otel_metrics_sum_steps'],
  },
};

/**
 * Log records (of 5 attributes), or points of metrics (of 4 attributes, 24,576 series), per second until durable: OTLP/HTTP protobuf, 512 a request, the sender beside the collector on
 * the same machine. Afterwards the store is asked whether it has every one, once.
 */
export async function benchSignal(signal, { items, connections }) {
  const { noun, goal, stored } = SIGNALS[signal];
  const parent = fileURLToPath(new URL('../.data', import.meta.url));
  mkdirSync(parent, { recursive: true });
  const data = mkdtempSync(join(parent, `ingest-${signal}-`));
  try {
    const collector = startCollector(data);
    let sent = 0;
    let result;
    let drainSeconds;
    try {
      const origin = await collector.origin;
      const url = await collector.otlpHttp;
      await untilOpen(origin);
      for (const count of [WARM_UP, items]) {
        result = await send({ url, signal, count, connections, firstSerial: sent / 512 });
        sent += result.spans;
      }
      const began = performance.now();
      while ((await get(origin, '/status'))[stored] < sent) {
        if (performance.now() - began > 180_000) throw new Error(`not all ${noun} are stored after three minutes`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      drainSeconds = (performance.now() - began) / 1000;
    } finally {
      await collector.stop();
    }
    const { count, ids, bytes } = await check(data, SIGNALS[signal]);
    if (count !== sent || ids !== sent) throw new Error(`sent ${sent}, stored ${count}, different ids ${ids}`);
    const rate = Math.round(result.spans / result.seconds);
    console.log(
      `  ${rate.toLocaleString('en')} ${noun}/s, p99 ${result.p99.toFixed(1)} ms, told to wait ${result.waited} times; stored ${drainSeconds.toFixed(1)} s later; ${(bytes / count).toFixed(1)} bytes on disk each; each is there, once: ${sent}`,
    );
    writeRows('ingest', [
      { name: `ingest.${signal}`, ours: rate, peer: goal, ratio: rate / goal, unit: `${noun}/s (peer: the goal)` },
      {
        name: `ingest.${signal}.disk`,
        ours: Number((bytes / count).toFixed(1)),
        peer: null,
        ratio: null,
        unit: `bytes/${noun.slice(0, -1)}`,
      },
    ]);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const send = ({ url, signal, count, connections, firstSerial }) =>
  runSender({ url, spans: count, signal, gzip: false, firstSerial, connections, spanOfHours: 1 });

async function check(dataDir, { table, id, beside }) {
  const { createEmbeddedStore } = await import('../../packages/collector/dist/store/embedded-store.js');
  const store = await createEmbeddedStore({ dataDir });
  try {
    let count = 0;
    let ids = 0;
    for (let slice = 0; slice < 8; slice++) {
      const { rows } = await store.query(
        `SELECT count() AS count, uniqExact(${id}) AS ids FROM ${table} WHERE cityHash64(${id}) % 8 = ${slice}`,
        { maxExecutionMs: 120_000 },
      );
      count += Number(rows[0].count);
      ids += Number(rows[0].ids);
    }
    const size = await store.query(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE database = currentDatabase() AND active AND table IN (${[table, ...beside].map((name) => `'${name}'`).join(', ')})`,
    );
    return { count, ids, bytes: Number(size.rows[0].bytes) };
  } finally {
    await store.close();
  }
}
