// One measurement in a process of its own, so that what V8 learned from one does not help or hurt another.
// node worker.mjs <implementation>  →  one line of JSON

import { emit, implementations } from './implementations.mjs';

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const units = 20_000;
const rounds = 15;
const warmUp = 6;

let bytes = 0;
let batches = 0;
const logger = await implementations[process.argv[2]]({
  onBatch(batch) {
    bytes += batch.length;
    batches++;
  },
});

// Processor time of the whole process, collecting garbage and compiling included; the first rounds, in which most code is compiled, do not count.
const results = [];
for (let round = 0; round < warmUp + rounds; round++) {
  const before = process.cpuUsage();
  for (let i = 0; i < units; i++) emit(logger, i);
  const { user, system } = process.cpuUsage(before);
  if (round >= warmUp) results.push(((user + system) * 1_000) / units);
}
if (batches !== Math.floor(((warmUp + rounds) * units) / 512)) throw new Error(`${batches} batches`);
console.log(JSON.stringify({ nanos: median(results), wire: bytes / batches / 512 }));
process.exit(0);
