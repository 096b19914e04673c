// npm run bench -- logs   What a log record costs from `emit` to bytes, beside OpenTelemetry's SDK with its protobuf serializer.
// The median of runs that take turns, each in a fresh process; times are processor time.

import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const runs = Number(process.argv[2] ?? 5);
const goal = 5;
const exec = promisify(execFile);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const round = (value) => Number(value.toPrecision(4));

const results = { ours: [], otel: [] };
for (let run = 0; run < runs; run++)
  for (const implementation of Object.keys(results)) {
    const { stdout } = await exec(process.execPath, ['--expose-gc', here('logs/worker.mjs'), implementation]);
    results[implementation].push(JSON.parse(stdout));
  }
const nanos = (implementation) => median(results[implementation].map((result) => result.nanos));
const [ours, peer] = [nanos('ours'), nanos('otel')];
const row = {
  name: 'log.emit.3attr',
  ours: round(ours),
  peer: round(peer),
  ratio: round(peer / ours),
  goalRatio: goal,
  unit: 'ns/record',
  wire: round(results.ours[0].wire),
};
console.log(`Node ${process.version}`);
console.log(
  `${row.name}  ${row.ours} ns  peer ${row.peer} ns  ${row.ratio.toFixed(1)} ×  goal ${goal} × ${row.ratio >= goal ? '✓' : 'missed'}  (${row.wire} B on the wire)`,
);
mkdirSync(here('out'), { recursive: true });
writeFileSync(here('out/logs.json'), `${JSON.stringify([row], null, 2)}\n`);
