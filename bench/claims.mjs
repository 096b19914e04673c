// npm run bench -- claims [runs]   Our figures beside what was claimed for SDKs in compiled languages on their own machines: nothing of
// theirs is run here. Each measurement in a fresh process or page; the median of runs. Node's spans and overhead are processor time,
// everything else is wall-clock time.

import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findBrowser } from '../tools/lib/prepare.mjs';
import { root } from '../tools/lib/root.mjs';
import { inChromium } from './claims/chromium.mjs';
import { median } from './claims/processor-time.mjs';
import { bundleSize, sdkFromSource } from './size/bundle-size.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const runs = Number(process.argv[2] ?? 5);
const exec = promisify(execFile);

/** The median of each field over fresh processes. */
async function measure(measurement, options = {}) {
  const samples = [];
  for (let run = 0; run < runs; run++) {
    const args = ['--expose-gc', here('claims/worker.mjs'), measurement, JSON.stringify(options)];
    const { stdout } = await exec(process.execPath, args, { cwd: here('.') });
    samples.push(JSON.parse(stdout));
  }
  return Object.fromEntries(Object.keys(samples[0]).map((key) => [key, median(samples.map((sample) => sample[key]))]));
}

const rows = [];
const round = (value) => Number(value.toPrecision(4));

/** `claim` is a figure and `of` whose; `better` says which of two figures is the better one, or that they cannot be compared. */
function report(name, ours, unit, { claim, of = '', better = 'less' } = {}) {
  const compared = claim !== undefined && better !== 'neither' && ours > 0;
  const ratio = compared ? round(better === 'more' ? ours / claim : claim / ours) : null;
  rows.push({ name, ours: round(ours), peer: claim ?? null, ratio, unit, ...(of && { of }) });
  const shown = [
    name.padEnd(34),
    String(round(ours)).padStart(10),
    String(claim ?? '').padStart(10),
    (ratio === null ? '' : `${Number(ratio.toPrecision(2))} ×`).padStart(9),
    unit,
    of && `(${of})`,
  ];
  console.log(shown.join('  ').trimEnd());
}

console.log(
  `The claims are of other languages and of other machines, as they were published; only ours was measured here, on Node ${process.version}.`,
);
console.log(`${''.padEnd(34)}  ${'ours'.padStart(10)}  ${'claimed'.padStart(10)}  ${'better by'.padStart(9)}`);

const rust = 'Rust on x86_64';
const wasm = 'an SDK in WebAssembly in a browser';
const { nanos } = await measure('span');
report('claims.span.node', nanos, 'ns/span', { claim: 150, of: rust });
report('claims.rate.node', 1e9 / nanos, 'spans/s', { claim: 6_600_000, of: rust, better: 'more' });
report('claims.rate.node.small-device', 1e9 / nanos, 'spans/s', {
  claim: 5_000,
  of: 'a microcontroller; ours is Node on this machine, which compares nothing',
  better: 'neither',
});

const browserPath = await findBrowser({ install: false });
if (browserPath) {
  const page = await inChromium({ browserPath, root, runs });
  const [bare, full] = [median(page.span.bare), median(page.span.full)];
  const chromium = `${wasm}; ours in Chromium ${page.version.split('.')[0]}`;
  report('claims.span.browser', bare, 'ns/span', { claim: 800, of: `${chromium}, the small engine of a page` });
  report('claims.rate.browser', 1e9 / bare, 'spans/s', { claim: 1_200_000, of: chromium, better: 'more' });
  report('claims.span.browser.full', full, 'ns/span', { claim: 800, of: `${chromium}, the full engine` });
  report('claims.rate.browser.full', 1e9 / full, 'spans/s', { claim: 1_200_000, of: chromium, better: 'more' });
  report('claims.start.browser', median(page.start.bare), 'ms, loaded and started', { claim: 30, of: wasm });
  report('claims.start.browser.web', median(page.start.web), 'ms, with everything that observes a page', {
    claim: 30,
    of: wasm,
  });
  const send = (field) => median(page.send.map((sample) => sample[field]));
  report('claims.export.browser', send('hold'), 'ms for 512 spans, sealed and given to the browser', {
    claim: 1.2,
    of: `${wasm}; its batch is not described`,
  });
  report('claims.export.browser.answered', send('answered'), 'ms until a collector on this machine has answered', {
    claim: 1.2,
    of: `${wasm}; its batch is not described`,
  });
  report('claims.json.browser', median(page.json), 'ms for 512 spans of 5 attributes', {
    claim: 0.4,
    of: `${wasm}; its batch is not described`,
  });
} else console.log('no Chromium (CHROMIUM_PATH): what needs a page is left out');
report('claims.start.node', (await measure('start')).ms, 'ms, imported and started', { claim: 30, of: wasm });
report('claims.json.node', (await measure('json')).ms, 'ms for 512 spans of 5 attributes', {
  claim: 0.4,
  of: `${wasm}; its batch is not described`,
});
for (const [name, entry] of [
  ['claims.size.core', 'core'],
  ['claims.size.web', 'web'],
]) {
  const { gzipBytes } = await bundleSize(`bench/size/${entry}.ts`, { root, plugins: [sdkFromSource(root)] });
  report(name, gzipBytes / 1_000, 'kB gzip', { claim: 85, of: wasm });
}

const batching = 'a batch processor, queue 2,048, batches of 512, 100 K spans/s';
const paced = await measure('paced', { seconds: 10 });
report('claims.queue.rate', paced.rate, 'spans/s offered, paced', { claim: 100_000, of: batching, better: 'more' });
report('claims.queue.lost', paced.lost, 'spans, counted at the collector');
report('claims.queue.load', paced.load * 100, '% of one processor, making the spans included');
report('claims.queue.p50', paced.p50, 'ms, span.end()');
report('claims.queue.p99', paced.p99, 'ms, span.end()', { claim: 5, of: `${batching}; of what is not said` });
report('claims.queue.max', paced.max, 'ms, span.end()');
report('claims.queue.answered.p50', paced.ackP50, 'ms, from sealing to the answer');
report('claims.queue.answered.p99', paced.ackP99, 'ms, from sealing to the answer', {
  claim: 5,
  of: `${batching}; of what is not said`,
});
report('claims.queue.answered.max', paced.ackMax, 'ms, from sealing to the answer');

const provider = await measure('provider');
report('claims.memory.provider', provider.bytes / 1_000, 'kB', { claim: 50, of: 'Rust, without code' });
report('claims.memory.provider.first', provider.first / 1_000, 'kB, the code compiled for it included', {
  claim: 50,
  of: 'Rust, without code',
});
const queue = await measure('queue');
report('claims.memory.queue', queue.bytes / 1_000, 'kB, 2,048 spans of 10 attributes', { claim: 2_000, of: 'Rust' });
const transport = await measure('transport');
report('claims.memory.transport', transport.bytes / 1_000, 'kB, with its connection', { claim: 500, of: 'Rust' });

for (const [name, ratio, claim] of [
  ['claims.overhead.100pct', 1, 5],
  ['claims.overhead.10pct', 0.1, 0.5],
  ['claims.overhead.noise', undefined, undefined],
]) {
  const { percent, workMicros } = await measure('overhead', { ratio, pairs: 60 });
  const unit = claim ? '% of work of 100 µs, sampled and sent' : '% between the same work and itself';
  report(name, percent, unit, { claim, of: claim ? `work of ${round(workMicros)} µs here` : '' });
}

mkdirSync(here('out'), { recursive: true });
writeFileSync(here('out/claims.json'), `${JSON.stringify(rows, null, 2)}\n`);
