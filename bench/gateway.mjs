/*
 * npm run bench -- gateway [--spans 6000000] [--connections 12] [--forward 8]
 *
 * Spans per second through a gateway that fsyncs before it acknowledges: sender, gateway and a sink that counts, on one machine. OTLP/HTTP protobuf, 512 spans of 10 attributes a request; the clock runs until the
 * last batch is at the sink. The sink counts how often it has seen each id. A gateway does not look inside of spans, so only the batches differ, by their ids; the sender makes nothing
 * anew. Memory is the resident size of the gateway's process at its highest. CPU seconds per million spans are told for each of the three, because what a machine with other work
 * on it can do in a second says little. Writes bench/out/gateway.json.
 */
import { fork, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '6000000' },
    connections: { type: 'string', default: '12' },
    forward: { type: 'string', default: '8' },
  },
});
const SPANS_OF_BATCH = 512;
const SPANS_GOAL = 600_000;
const MEMORY_GOAL = 80e6;
const batches = Math.ceil(Number(values.spans) / SPANS_OF_BATCH);
const millions = (batches * SPANS_OF_BATCH) / 1e6;
const here = fileURLToPath(new URL('.', import.meta.url));
mkdirSync(join(here, '.data'), { recursive: true });
const data = mkdtempSync(join(here, '.data', 'gateway-'));

const message = (child) =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`a process of the bench ended with ${code}`)));
  });
/** Of a process, both so far. */
function usageOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakBytes: Number(peak[1]) * 1024 };
}

const sink = fork(join(here, 'gateway/sink.mjs'));
const sender = fork(join(here, 'gateway/sender.mjs'), [
  JSON.stringify({ batches, connections: Number(values.connections) }),
]);
let gateway;
try {
  const [{ url: to }] = await Promise.all([message(sink), message(sender)]);
  gateway = spawn(
    process.execPath,
    [
      join(here, '../packages/collector/dist/cli/main.js'),
      'gateway',
      ...['--to', to, '--data', data, '--connections', values.forward],
      ...['--otlp-http-port', '0', '--otlp-grpc-port', '0', '--status-port', '0'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const url = await new Promise((resolve, reject) => {
    let text = '';
    gateway.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const found = /OTLP\/HTTP\s+(http\S+)[\s\S]*status/.exec(text);
      if (found) resolve(found[1]);
    });
    gateway.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
  });
  const before = [sender, gateway, sink].map(({ pid }) => usageOf(pid).cpuSeconds);
  const begun = performance.now();
  const acknowledged = message(sender);
  const arrived = message(sink);
  sink.send({ expect: batches });
  sender.send({ url });
  const { p50, p99, waited } = await acknowledged;
  const acknowledgedSeconds = (performance.now() - begun) / 1000;
  const { twice } = await arrived;
  const seconds = (performance.now() - begun) / 1000;
  const [senderCpu, gatewayCpu, sinkCpu] = [sender, gateway, sink].map(
    ({ pid }, at) => (usageOf(pid).cpuSeconds - before[at]) / millions,
  );
  const { peakBytes } = usageOf(gateway.pid);
  console.table([
    {
      'spans/s': Math.round((millions * 1e6) / seconds),
      'acknowledged/s': Math.round((millions * 1e6) / acknowledgedSeconds),
      'p50 ms': p50.toFixed(1),
      'p99 ms': p99.toFixed(1),
      'told to wait': waited,
      'memory MB': Math.round(peakBytes / 1e6),
      'CPU s/M: sender': senderCpu.toFixed(2),
      gateway: gatewayCpu.toFixed(2),
      sink: sinkCpu.toFixed(2),
    },
  ]);
  if (twice !== 0) throw new Error(`${twice} batches arrived more than once`);
  console.log(`every batch arrived, once: ${batches}`);

  const entry = (name, ours, peer, unit) => ({ name, ours, peer, ratio: peer === null ? null : ours / peer, unit });
  const rounded = (number) => Number(number.toFixed(2));
  const out = [
    entry('gateway.traces', Math.round((millions * 1e6) / seconds), SPANS_GOAL, 'spans/s (peer: the goal)'),
    entry(
      'gateway.memory',
      peakBytes,
      MEMORY_GOAL,
      "bytes resident, the gateway's process at its peak (peer: the limit)",
    ),
    entry('gateway.cpu', rounded(gatewayCpu), null, 'CPU seconds per million spans'),
    entry('gateway.cpu.sender', rounded(senderCpu), null, 'CPU seconds per million spans, of the sender beside it'),
    entry('gateway.cpu.sink', rounded(sinkCpu), null, 'CPU seconds per million spans, of the sink beside it'),
    entry('gateway.ack.p99', rounded(p99), null, 'ms until acknowledged, 99th percentile at full speed'),
  ];
  mkdirSync(join(here, 'out'), { recursive: true });
  writeFileSync(join(here, 'out/gateway.json'), `${JSON.stringify(out, null, 2)}\n`);
  console.table(out.map(({ name, ours, peer, ratio, unit }) => ({ name, ours, peer, ratio: ratio?.toFixed(2), unit })));
} finally {
  for (const child of [sender, sink, gateway]) {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exited;
  }
  rmSync(data, { recursive: true, force: true });
}
