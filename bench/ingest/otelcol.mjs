/*
 * The OpenTelemetry Collector beside ours: built once from its Go modules (bench/otelcol), run with two configurations. `file`: OTLP in, batch
 * processor, file exporter; it answers when the batch is in memory. `queue`: OTLP in, OTLP/HTTP out to a server that only counts, and between them its
 * persistent sending queue with fsync; it answers when the request is on the disk, as ours does.
 */
import { execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { residentBytes } from './process-tree.mjs';

const VERSION = '0.162.0';
const source = fileURLToPath(new URL('../otelcol', import.meta.url));

/** Path of the program; `undefined`, with a sentence on the console, where it cannot be built. */
export function buildOtelcol() {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'throughline-tests');
  const program = join(folder, `otelcol-${VERSION}`, 'otelcol');
  if (existsSync(program)) return program;
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) {
    console.log('The OpenTelemetry Collector is not run beside this: there is no Go to build it with.');
    return undefined;
  }
  console.log('building the OpenTelemetry Collector from its Go modules, once (some minutes)');
  mkdirSync(join(program, '..'), { recursive: true });
  try {
    execFileSync('go', ['build', '-trimpath', '-o', program, '.'], {
      cwd: source,
      stdio: 'inherit',
      timeout: 1_200_000,
    });
    return program;
  } catch {
    console.log('The OpenTelemetry Collector is not run beside this: it could not be built.');
    return undefined;
  }
}

const CONFIGURATIONS = {
  file: ({ port, directory }) => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
processors: { batch: {} }
exporters: { file: { path: "${directory}/out", format: proto } }
service:
  telemetry: { logs: { level: error }, metrics: { level: none } }
  pipelines: { traces: { receivers: [otlp], processors: [batch], exporters: [file] } }
`,
  queue: ({ port, directory, sink }) => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
extensions: { file_storage: { directory: "${directory}", fsync: true, create_directory: true } }
exporters:
  otlp_http:
    endpoint: "${sink}"
    compression: none
    sending_queue: { storage: file_storage, num_consumers: 4, queue_size: 100000, block_on_overflow: true }
service:
  extensions: [file_storage]
  telemetry: { logs: { level: error }, metrics: { level: none } }
  pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } }
`,
};

/**
 * Runs one of them, has `send(url)` send to it, and gives what that gave, with the processor's seconds until all of it has left the
 * queue, and the most memory it had. Throws when the counting server did not get every span.
 */
export async function runOtelcol({ program, configuration, directory, send }) {
  mkdirSync(directory, { recursive: true });
  const sink = fork(fileURLToPath(new URL('./counting-sink.mjs', import.meta.url)));
  const sinkUrl = await new Promise((resolve) => sink.once('message', resolve));
  const port = await freePort();
  const file = join(directory, 'config.yaml');
  writeFileSync(file, CONFIGURATIONS[configuration]({ port, directory, sink: sinkUrl }));
  const collector = spawn(program, ['--config', `file:${file}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => collector.once('exit', resolve));
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, residentBytes(collector.pid)?.total ?? 0);
  }, 200);
  try {
    const url = `http://127.0.0.1:${port}`;
    await answers(url, collector);
    const before = cpuSeconds(collector.pid);
    const result = await send(url);
    if (configuration === 'queue') await untilCounted(sink, result.spans);
    const cpu = cpuSeconds(collector.pid) - before;
    return { ...result, cpuSeconds: cpu, peak };
  } finally {
    clearInterval(sampler);
    collector.kill('SIGTERM');
    await exited;
    sink.disconnect();
  }
}

export function cpuSeconds(pid) {
  return residentBytes(pid)?.each.find((each) => each.pid === pid)?.cpuSeconds ?? 0;
}

async function untilCounted(sink, spans) {
  const began = performance.now();
  for (;;) {
    const counted = await new Promise((resolve) => {
      sink.once('message', resolve);
      sink.send('count');
    });
    if (counted >= spans) {
      if (counted > spans) console.log(`the OpenTelemetry Collector sent ${counted - spans} spans twice`);
      return;
    }
    if (performance.now() - began > 120_000)
      throw new Error(`${counted} of ${spans} spans left the OpenTelemetry Collector`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function answers(url, collector) {
  for (;;) {
    if (collector.exitCode !== null) throw new Error(`the OpenTelemetry Collector ended with ${collector.exitCode}`);
    const up = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
    }).catch(() => undefined);
    if (up?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
