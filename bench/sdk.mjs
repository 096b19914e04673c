// npm run bench -- sdk   What a span costs, beside OpenTelemetry's SDK 2.x on this Node and 3.x on Node 22.
// Every figure is the median of runs that take turns, each in a fresh process; times are processor time, pauses wall-clock time.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scenarios } from './sdk/scenarios.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node22 = here('node_modules/node/bin/node');
const runs = Number(process.argv[2] ?? 5);
const exec = promisify(execFile);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function measure(node, measurement, implementation, scenario) {
  const { stdout } = await exec(node, ['--expose-gc', here('sdk/worker.mjs'), measurement, implementation, scenario]);
  return JSON.parse(stdout);
}

/** The same measurement of several implementations, taking turns; the median of each field. */
async function compare(node, measurement, implementations, scenario) {
  const results = implementations.map(() => []);
  for (let run = 0; run < runs; run++) {
    for (const [i, implementation] of implementations.entries()) {
      results[i].push(await measure(node, measurement, implementation, scenario));
    }
  }
  return results.map((samples) =>
    Object.fromEntries(Object.keys(samples[0]).map((key) => [key, median(samples.map((sample) => sample[key]))])),
  );
}

const rows = [];
function report(name, ours, peer, unit, more = {}) {
  const row = {
    name,
    ours: round(ours),
    peer: peer === undefined ? null : round(peer),
    ratio: peer === undefined ? null : round(peer / ours),
    unit,
    ...more,
  };
  rows.push(row);
  const { perWire, wire } = more;
  console.log(
    [
      name.padEnd(28),
      String(row.ours).padStart(10),
      String(row.peer ?? '').padStart(10),
      row.ratio === null ? ''.padStart(8) : `${row.ratio.toFixed(1)} ×`.padStart(8),
      unit,
      perWire === undefined ? '' : `(${perWire} × the ${wire} B on the wire)`,
    ].join('  '),
  );
}
const round = (value) => Number(value.toPrecision(4));

async function pass(node, peer, suffix) {
  const wire = {};
  let bare = 0;
  for (const scenario of Object.keys(scenarios)) {
    const [ours, theirs] = await compare(node, 'time', ['ours', peer], scenario);
    if (ours.spans !== 512 || theirs.spans !== 512) throw new Error(`${scenario}: a batch does not hold 512 spans`);
    wire[scenario] = ours.wire;
    if (scenario === 'span.0attr') bare = ours.nanos;
    report(scenario + suffix, ours.nanos, theirs.nanos, 'ns/span');
  }
  const [clock] = await compare(node, 'clock', ['ours'], 'span.0attr');
  report(`span.floor${suffix}`, bare - 2 * clock.nanos, undefined, 'ns/span above two clock readings');
  const [off, theirOff, noop] = await compare(node, 'unsampled', ['ours', peer, 'noop'], 'span.0attr');
  report(`span.unsampled${suffix}`, off.nanos - noop.nanos, theirOff.nanos - noop.nanos, 'ns/span above the no-op');
  for (const [name, scenario] of [
    ['heap.0attr', 'span.0attr'],
    ['heap.10attr+event', 'span.10attr+event'],
  ]) {
    const [ours, theirs] = await compare(node, 'heap', ['ours', peer], scenario);
    const perWire = round(ours.bytes / wire[scenario]);
    report(name + suffix, ours.bytes, theirs.bytes, 'B/span', { perWire, wire: round(wire[scenario]) });
  }
  const [ours, theirs] = await compare(node, 'pause', ['ours', peer], 'span.10attr+event');
  report(`pause.p999${suffix}`, ours.p999, theirs.p999, 'ms');
  report(`pause.max${suffix}`, ours.max, theirs.max, 'ms');
}

console.log(`${''.padEnd(28)}  ${'ours'.padStart(10)}  ${'peer'.padStart(10)}`);
console.log(`Node ${process.version}, opentelemetry-js 2.12`);
await pass(process.execPath, 'otel2', '');
if (existsSync(node22)) {
  const { stdout } = await exec(node22, ['-v']);
  console.log(`Node ${stdout.trim()}, opentelemetry-js 3.1`);
  await pass(node22, 'otel3', '@otel3');
} else console.log('no Node 22 in bench/node_modules: the pass against opentelemetry-js 3.1 is left out');

mkdirSync(here('out'), { recursive: true });
writeFileSync(here('out/sdk.json'), `${JSON.stringify(rows, null, 2)}\n`);
