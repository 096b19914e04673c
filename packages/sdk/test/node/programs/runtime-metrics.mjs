// Does what shows in metrics of its runtime: works, leaves garbage, blocks the loop, opens files. Says what Node told before and after the last collection.

import { closeSync, openSync, readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { start } from '@throughline/sdk/node';
import { observeNodeRuntime, observeProcess } from '@throughline/sdk/node/metrics';

const telemetry = start({ serviceName: 'runtime', instruments: [observeNodeRuntime, observeProcess] });
// Something to do, as a server has: otherwise Node comes to an end while it waits for telemetry, and what is left is collected.
const held = setInterval(() => {}, 1_000);
await telemetry.flush();

const files = Array.from({ length: 20 }, () => openSync(process.execPath, 'r'));
const begun = performance.now();
let kept = [];
while (performance.now() - begun < 300)
  kept = Array.from({ length: 1_000 }, (_, i) => ({ i, kept: i % 10 ? null : kept[i] }));
/** The loop goes round: the monitor sees how late it is, V8's collections are told. */
const goRound = async () => {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setTimeout(resolve, 20));
};
await goRound();

const look = () => ({
  cpu: process.cpuUsage(),
  memory: process.memoryUsage(),
  usage: process.resourceUsage(),
  uptime: process.uptime(),
  loop: performance.eventLoopUtilization(),
  files: process.platform === 'linux' ? readdirSync('/proc/self/fd').length - 1 : undefined,
});
const before = look();
await telemetry.flush();
console.log(JSON.stringify({ before, after: look() }));
for (const file of files) closeSync(file);
await goRound();
await telemetry.flush();
await telemetry.shutdown();
clearInterval(held);
