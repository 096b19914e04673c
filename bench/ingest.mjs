/*
 * npm run bench -- ingest --metrics [--points 4000000] [--connections 8]: points of metrics alone (bench/ingest/one-signal.mjs)
 * npm run bench -- ingest --logs [--records 4000000] [--connections 8]: log records alone (bench/ingest/one-signal.mjs)
 * npm run bench -- ingest [--spans 10000000] [--connections 8] [--hours 24] [--no-gzip] [--no-peer]
 *
 * Spans per second until durable: OTLP/HTTP protobuf, 512 spans of 10 attributes a request, the sender beside the collector on the same
 * machine. Afterwards the store is asked whether it has every span, once. Memory is the resident size of the collector's whole process
 * tree, at its highest so far, when 1, 5 and 10 million spans have been sent. Then the answers' times at half the goal's rate, the processor's time by
 * stage, and the OpenTelemetry Collector with the same load. Writes bench/out/ingest.json.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchSignal } from './ingest/one-signal.mjs';
import { buildOtelcol, runOtelcol } from './ingest/otelcol.mjs';
import { residentBytes } from './ingest/process-tree.mjs';
import { runSender } from './ingest/run-sender.mjs';
import { stagesOf } from './ingest/stages.mjs';
import { writeRows } from './rows/write-rows.mjs';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '10000000' },
    connections: { type: 'string', default: '8' },
    hours: { type: 'string', default: '24' },
    'no-gzip': { type: 'boolean' },
    'no-peer': { type: 'boolean' },
    keep: { type: 'boolean' },
    logs: { type: 'boolean' },
    metrics: { type: 'boolean' },
    points: { type: 'string', default: '4000000' },
    records: { type: 'string', default: '4000000' },
  },
});
if (values.logs) {
  await benchSignal('logs', { items: Number(values.records), connections: Number(values.connections) });
  process.exit(0);
}
if (values.metrics) {
  await benchSignal('metrics', { items: Number(values.points), connections: Number(values.connections) });
  process.exit(0);
}
const spans = Number(values.spans);
const here = fileURLToPath(new URL('.', import.meta.url));
mkdirSync(join(here, '.data'), { recursive: true });
const data = mkdtempSync(join(here, '.data', 'ingest-'));
const GOAL = 200_000;
const MEMORY_GOAL = 1e9;
const RECEIVER_GOAL = 256e6;
const ACK_GOAL_MS = 50;
/** So many spans are what the peer is compared over. */
const COMPARED = 1e6;

const collector = spawnCollector(data);
const exited = new Promise((resolve) => collector.once('exit', resolve));
let peak = 0;
let receiverPeak = 0;
let last;
const sampler = setInterval(() => {
  last = residentBytes(collector.pid) ?? last;
  peak = Math.max(peak, last?.total ?? 0);
  receiverPeak = Math.max(receiverPeak, last?.each.find(({ pid }) => pid === collector.pid)?.resident ?? 0);
}, 200);

try {
  const addresses = await addressesOf(collector);

  const reader = await readerSpeed();
  console.log(`reader alone, one thread: ${reader} spans/s`);
  let sent = 0;
  const memory = [];
  async function send({ count, gzip, rate }) {
    const result = await sendSpans({ url: addresses.otlp, count, gzip, rate, firstSerial: sent / 512 });
    sent += result.spans;
    return result;
  }

  // In steps, so that memory can be read in between; the store works on while the next one starts.
  const steps = [1e6, 5e6, 10e6].filter((mark) => mark < spans);
  steps.push(spans);
  let seconds = 0;
  let plainSpans = 0;
  const rows = [];
  for (const mark of steps) {
    const result = await send({ count: mark - plainSpans, gzip: false });
    plainSpans += result.spans;
    seconds += result.seconds;
    memory.push({ spans: plainSpans, bytes: peak });
    rows.push({ step: `plain to ${(mark / 1e6).toFixed(2)} M`, ...figures(result) });
  }
  const plain = plainSpans / seconds;
  const receiverSteady = receiverPeak;
  // Half the goal's rate for ten seconds, each request counted from the moment it was due.
  const paced = await send({ count: Math.min(spans, 10 * (GOAL / 2)), gzip: false, rate: GOAL / 2 });
  rows.push({ step: `${GOAL / 2} spans/s`, ...figures(paced) });
  let gzip;
  if (!values['no-gzip']) {
    const result = await send({ count: Math.min(spans, 1e6), gzip: true });
    gzip = result.spans / result.seconds;
    rows.push({ step: 'gzip', ...figures(result) });
  }

  // The status counts rows of active parts; when all have been inserted, the collector is stopped and its engine asked the exact question.
  const drainBegan = performance.now();
  for (;;) {
    const status = await (await fetch(new URL('/api/v1/status', addresses.explorer))).json();
    if (status.spans >= sent) break;
    if (performance.now() - drainBegan > 120_000) throw new Error(`${status.spans} of ${sent} spans after two minutes`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const drainSeconds = (performance.now() - drainBegan) / 1000;
  clearInterval(sampler);
  collector.kill('SIGTERM');
  await exited;
  const check = await count(data);
  console.table(rows);
  console.log(
    `stored ${drainSeconds.toFixed(1)} s after the last acknowledgement; ${check.bytesPerSpan.toFixed(1)} bytes on disk per span, ${check.parts} parts`,
  );
  if (check.count !== sent || check.ids !== sent)
    throw new Error(`sent ${sent}, stored ${check.count}, different ids ${check.ids}`);
  console.log(`every span is there, once: ${sent}`);
  const compared = await compare();

  const entry = (name, ours, peer, unit) => ({ name, ours, peer, ratio: peer === null ? null : ours / peer, unit });
  const out = [
    entry('ingest.traces', Math.round(plain), GOAL, 'spans/s (peer: the goal)'),
    entry('ingest.reader', reader, 700_000, 'spans/s, one thread (peer: the goal)'),
    ...(gzip === undefined ? [] : [entry('ingest.traces.gzip', Math.round(gzip), null, 'spans/s')]),
    ...memory.map(({ spans: at, bytes }) =>
      entry(
        `ingest.memory.${(at / 1e6).toFixed(0)}M`,
        bytes,
        MEMORY_GOAL,
        'bytes resident, whole tree (peer: the limit)',
      ),
    ),
    entry(
      'ingest.memory.receiver',
      receiverSteady,
      RECEIVER_GOAL,
      'bytes resident, the receiving process (peer: the limit)',
    ),
    {
      ...entry(
        'ingest.ack.p99',
        Number(paced.p99.toFixed(1)),
        ACK_GOAL_MS,
        `ms at ${GOAL / 2} spans/s (peer: the limit)`,
      ),
      ratio: ACK_GOAL_MS / paced.p99,
    },
    ...compared.map(({ name, ours, peer, unit }) => ({
      name,
      ours,
      peer,
      ratio: peer === null ? null : peer / ours,
      unit,
    })),
    entry('ingest.disk', Number(check.bytesPerSpan.toFixed(1)), 60, 'bytes/span (peer: the goal)'),
  ];
  writeRows('ingest', out);
  console.table(out.map(({ name, ours, peer, ratio, unit }) => ({ name, ours, peer, ratio: ratio?.toFixed(2), unit })));
} finally {
  clearInterval(sampler);
  if (collector.exitCode === null && collector.signalCode === null) {
    collector.kill('SIGTERM');
    await exited;
  }
  if (!values.keep) rmSync(data, { recursive: true, force: true });
  else console.log(`data kept in ${data}`);
}

/** Protobuf to columns and nothing else, for a second, after a second of warming up. */
async function readerSpeed() {
  const { createTraceReader } = await import('../packages/collector/dist/process/read-traces.js');
  const { TraceBlock } = await import('../packages/collector/dist/process/trace-block.js');
  const { encodeRequest, patchRequest } = await import('./ingest/encode-request.mjs');
  const requests = Array.from({ length: 48 }, (_, number) => {
    const request = encodeRequest({ number });
    patchRequest(request, number, BigInt(Date.now()) * 1_000_000n, 1e9);
    return request.bytes;
  });
  const trace = createTraceReader();
  const block = new TraceBlock();
  let best = 0;
  for (let round = 0; round < 8; round++) {
    const began = performance.now();
    let read = 0;
    for (let number = 0; performance.now() - began < 250; number++) {
      read += trace.read(requests[number % requests.length], block, Date.now()).accepted;
      if (block.rows < 4096) continue;
      block.toNative();
      block.clear();
    }
    best = Math.max(best, read / ((performance.now() - began) / 1000));
  }
  return Math.round(best);
}

function figures({ spans: count, seconds, p50, p99, waited }) {
  return {
    'spans/s': Math.round(count / seconds),
    'p50 ms': p50.toFixed(1),
    'p99 ms': p99.toFixed(1),
    'told to wait': waited,
    'memory MB': Math.round(peak / 1e6),
    'collector + engine': processes(),
  };
}

function spawnCollector(directory, options = []) {
  const main = join(here, '../packages/collector/dist/cli/main.js');
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'explorer-port'].flatMap((name) => [`--${name}`, '0']);
  return spawn(process.execPath, [...options, main, 'up', '--data', directory, ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function addressesOf(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const explorer = text.match(/explorer\s+(http\S+)/)?.[1];
      const otlp = text.match(/OTLP\/HTTP\s+(http\S+)/)?.[1];
      if (explorer && otlp) resolve({ explorer, otlp });
    });
    child.once('exit', (code) => reject(new Error(`the collector ended with ${code}`)));
  });
}

function sendSpans({ url, count, gzip = false, rate, firstSerial = 0 }) {
  const connections = Number(values.connections);
  return runSender({ url, spans: count, gzip, rate, firstSerial, connections, spanOfHours: Number(values.hours) });
}

/** The processor's seconds for a million spans: ours, by process and stage, and the OpenTelemetry Collector's. */
async function compare() {
  const scratch = mkdtempSync(join(here, '.data', 'compare-'));
  try {
    const unit = 'CPU-seconds per million spans';
    const ours = await receiverAndEngine(join(scratch, 'ours'));
    const rows = (await profiledStages(join(scratch, 'stages'))).map(({ stage, usPerSpan }) => ({
      name: `ingest.cpu.${stage.replaceAll(' ', '-')}`,
      ours: Number(usPerSpan.toFixed(2)),
      peer: null,
      unit: 'CPU-ms per 1,000 spans, main thread of the receiver, profiled',
    }));
    rows.push({ name: 'ingest.cpu.receiver', ours: ours.receiver, peer: null, unit });
    rows.push({ name: 'ingest.cpu.engine', ours: ours.engine, peer: null, unit });
    const program = values['no-peer'] ? undefined : buildOtelcol();
    if (program === undefined) return rows;
    const table = [{ program: 'throughline: receiver, to the fsynced spool', ...ours.shown }];
    const peers = {
      queue: {
        program: 'otelcol: persistent queue with fsync, OTLP out',
        rows: (perMillion) => [
          {
            name: 'ingest.vs-otelcol',
            ours: ours.receiver,
            peer: perMillion,
            unit: `${unit}, answered after fsync: our receiver, otelcol with its persistent queue`,
          },
          {
            name: 'ingest.vs-otelcol.with-engine',
            ours: Number((ours.receiver + ours.engine).toFixed(2)),
            peer: perMillion,
            unit: `${unit} (ours with ClickHouse's inserts and merges, which otelcol has none of)`,
          },
        ],
      },
      file: {
        program: 'otelcol: batch, file; answers from memory',
        rows: (perMillion) => [
          {
            name: 'ingest.vs-otelcol.file',
            ours: ours.receiver,
            peer: perMillion,
            unit: `${unit}: otelcol with batch processor and file exporter, answered from memory`,
          },
        ],
      },
    };
    for (const [configuration, peer] of Object.entries(peers)) {
      const result = await runOtelcol({
        program,
        configuration,
        directory: join(scratch, configuration),
        send: (url) => sendSpans({ url, count: COMPARED }),
      });
      const perMillion = Number((result.cpuSeconds / (result.spans / 1e6)).toFixed(2));
      table.push({
        program: peer.program,
        'spans/s': Math.round(result.spans / result.seconds),
        'p99 ms': result.p99.toFixed(1),
        'CPU s/M': perMillion,
        'memory MB': Math.round(result.peak / 1e6),
      });
      rows.push(...peer.rows(perMillion));
    }
    console.table(table);
    return rows;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function receiverAndEngine(directory) {
  const child = spawnCollector(directory);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { otlp, explorer } = await addressesOf(child);
  const cpu = () => {
    const each = residentBytes(child.pid)?.each ?? [];
    const receiver = each.find(({ pid }) => pid === child.pid)?.cpuSeconds ?? 0;
    return { receiver, engine: each.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) - receiver };
  };
  const before = cpu();
  const result = await sendSpans({ url: otlp, count: COMPARED });
  while ((await (await fetch(new URL('/api/v1/status', explorer))).json()).spans < result.spans)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const after = cpu();
  const memory = residentBytes(child.pid)?.each.find(({ pid }) => pid === child.pid)?.resident ?? 0;
  child.kill('SIGTERM');
  await ended;
  const perMillion = (of) => Number(((after[of] - before[of]) / (result.spans / 1e6)).toFixed(2));
  return {
    receiver: perMillion('receiver'),
    engine: perMillion('engine'),
    shown: {
      'spans/s': Math.round(result.spans / result.seconds),
      'p99 ms': result.p99.toFixed(1),
      'CPU s/M': perMillion('receiver'),
      'memory MB': Math.round(memory / 1e6),
    },
  };
}

async function profiledStages(directory) {
  const profile = join(directory, 'profile');
  const child = spawnCollector(join(directory, 'data'), ['--cpu-prof', `--cpu-prof-dir=${profile}`]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { otlp } = await addressesOf(child);
  const result = await sendSpans({ url: otlp, count: COMPARED });
  child.kill('SIGTERM');
  await ended;
  return stagesOf(profile, result.spans);
}

function processes() {
  return last?.each
    .map(({ cpuSeconds, resident }) => `${cpuSeconds.toFixed(1)} s, ${Math.round(resident / 1e6)} MB`)
    .join(' + ');
}

async function count(dataDir) {
  const { createEmbeddedStore } = await import('../packages/collector/dist/store/embedded-store.js');
  const store = await createEmbeddedStore({ dataDir });
  try {
    // Exact, in slices: all ids at once do not fit into the memory that a question may have.
    let count = 0;
    let ids = 0;
    const slices = Math.ceil(spans / 1_000_000);
    for (let slice = 0; slice < slices; slice++) {
      const { rows } = await store.query(
        `SELECT count() AS count, uniqExact(SpanId) AS ids FROM otel_traces WHERE cityHash64(SpanId) % ${slices} = ${slice}`,
        { maxExecutionMs: 120_000 },
      );
      count += Number(rows[0].count);
      ids += Number(rows[0].ids);
    }
    const size = await store.query(
      "SELECT sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts WHERE database = currentDatabase() AND active AND table LIKE 'otel%'",
    );
    return {
      count,
      ids,
      bytesPerSpan: Number(size.rows[0].bytes) / count,
      parts: Number(size.rows[0].parts),
    };
  } finally {
    await store.close();
  }
}
