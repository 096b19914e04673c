// npm run bench -- metrics   What a measurement, a collection and a series cost, beside OpenTelemetry's SDK 2.x on this Node and 3.x on Node 22.
// Every figure is the median of runs that take turns, each in a fresh process; times are processor time.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node22 = here('node_modules/node/bin/node');
const runs = Number(process.argv[2] ?? 5);
const exec = promisify(execFile);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const shuffled = (values) =>
  values
    .map((value) => [Math.random(), value])
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);
const round = (value) => Number(value.toPrecision(4));

async function measure(node, measurement, implementation) {
  const { stdout } = await exec(node, ['--expose-gc', here('metrics/worker.mjs'), measurement, implementation]);
  return JSON.parse(stdout);
}

/** How many times less than the peer is the goal. */
const goals = [
  { name: 'counter.add.3attr', unit: 'ns/add', goal: 8 },
  { name: 'histogram.record.3attr', unit: 'ns/record', goal: 8 },
  { name: 'counter.add.3attr-fresh', unit: 'ns/add', goal: 5 },
  { name: 'collect.10k', unit: 'µs/collection', goal: 5, per: 1_000 },
  { name: 'heap.series', unit: 'B/series', goal: 2 },
];

const rows = [];
async function pass(node, peer, suffix) {
  for (const { name, unit, goal, per = 1 } of goals) {
    const samples = { ours: [], [peer]: [] };
    for (let run = 0; run < runs; run++)
      for (const implementation of shuffled(['ours', peer]))
        samples[implementation].push(await measure(node, name, implementation));
    const [ours, theirs] = [samples.ours, samples[peer]].map((all) => median(all.map(({ nanos }) => nanos)) / per);
    // Both have written what was measured.
    for (const all of [samples.ours, samples[peer]])
      if (all.some(({ bytes }) => bytes < 1_000)) throw new Error(`${name}: nothing was collected`);
    const row = {
      name: name + suffix,
      ours: round(ours),
      peer: round(theirs),
      ratio: round(theirs / ours),
      unit,
      goalRatio: goal,
    };
    rows.push(row);
    console.log(
      [
        row.name.padEnd(32),
        String(row.ours).padStart(10),
        String(row.peer).padStart(10),
        `${row.ratio.toFixed(1)} ×`.padStart(8),
        `goal ${goal} ×${row.ratio >= goal ? '' : ' missed'}`.padEnd(16),
        unit,
      ].join('  '),
    );
  }
}

console.log(`${''.padEnd(32)}  ${'ours'.padStart(10)}  ${'peer'.padStart(10)}`);
console.log(`Node ${process.version}, opentelemetry-js 2.12`);
await pass(process.execPath, 'otel2', '');
if (existsSync(node22)) {
  const { stdout } = await exec(node22, ['-v']);
  console.log(`Node ${stdout.trim()}, opentelemetry-js 3.1`);
  await pass(node22, 'otel3', '@otel3');
} else console.log('no Node 22 in bench/node_modules: the pass against opentelemetry-js 3.1 is left out');

mkdirSync(here('out'), { recursive: true });
writeFileSync(here('out/metrics.json'), `${JSON.stringify(rows, null, 2)}\n`);
