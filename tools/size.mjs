import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { noteMeasurements, resultTimes } from './lib/measured-on.mjs';
import { installBenchDependencies, installDependencies, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { fail, say } from './lib/say.mjs';

/*
 * npm run size: what a page has to load, against its ceilings and beside the peers.
 * Exit code 1 above a ceiling or with something in a bundle that must never be there.
 */

const usage = `npm run size [-- options]

  --modules    what every source file costs, not only the largest
  --no-peers   without the peers, which are installed into bench/ otherwise; writes no bench/out/size.json`;

let options;
try {
  ({ values: options } = parseArgs({
    options: {
      modules: { type: 'boolean' },
      'no-peers': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }));
} catch (error) {
  fail(`${error.message}\n\n${usage}`);
}
if (options.help) {
  say(usage);
  process.exit(0);
}

needNode();
await installDependencies();
if (!options['no-peers']) await installBenchDependencies();

const { bundleSize, sdkFromSource } = await import('../bench/size/bundle-size.mjs');
const { findForbidden } = await import('../bench/size/forbidden.mjs');
const ceilings = JSON.parse(readFileSync(join(root, 'bench/size/ceilings.json'), 'utf8'));

const kB = (bytes) => bytes / 1000;
const bytesOver = (size, bound) => `${Math.ceil((size - bound) * 1000)} bytes over`;
const shown = (value) => value.toFixed(2).padStart(7);

/** Our bundles, each with its peers in order of closeness. */
const entries = [
  { name: 'size.core', entry: 'bench/size/core.ts', peers: ['otel3-core', 'otel2-core'] },
  { name: 'size.web', entry: 'bench/size/web.ts', peers: ['otel3-web', 'otel2-web'] },
  { name: 'size.three-signals', entry: 'bench/size/three-signals.ts', peers: ['otel2-three-signals'] },
  // Nobody else keeps what a page could not send.
  { name: 'size.web.lossless', entry: 'bench/size/web-lossless.ts', peers: [] },
];

const results = [];
let wrong = 0;
for (const { name, entry, peers } of entries) {
  const ours = await bundleSize(entry, { root, plugins: [sdkFromSource(root)] }).catch((error) =>
    fail(`${entry} cannot be bundled: ${error.message}`),
  );
  const { kB: ceiling, goalKB: goal } = ceilings[name];
  const size = kB(ours.gzipBytes);
  const over = size > ceiling;
  say(
    `\n${name}  ${shown(size)} kB gzip   ceiling ${ceiling.toFixed(1)}${over ? ` ✗ ${bytesOver(size, ceiling)}` : ' ✓'}   goal ${goal.toFixed(1)}${size > goal ? ` missed, ${bytesOver(size, goal)}` : ' ✓'}   (${kB(ours.code.length).toFixed(1)} kB minified)`,
  );
  for (const why of findForbidden(ours.code)) {
    say(`  ✗ the bundle holds ${why}`);
    wrong += 1;
  }
  if (over) wrong += 1;

  let nearest;
  for (const peer of options['no-peers'] ? [] : peers) {
    const measured = await measurePeer(peer);
    if (measured === undefined) continue;
    nearest ??= measured;
    say(`  ${peer.padEnd(12)} ${shown(measured)} kB gzip   ${(measured / size).toFixed(2)} ×`);
  }
  const modules = options.modules ? ours.modules : ours.modules.slice(0, 12);
  for (const { path, bytes } of modules)
    say(`  ${String(bytes).padStart(7)} B  ${path.replace('packages/sdk/src/', '')}`);
  const rest = ours.modules.slice(modules.length);
  if (rest.length)
    say(
      `  ${String(rest.reduce((sum, { bytes }) => sum + bytes, 0)).padStart(7)} B  in ${rest.length} further files (--modules shows them)`,
    );

  results.push({
    name,
    ours: Number(size.toFixed(3)),
    peer: nearest === undefined ? null : Number(nearest.toFixed(3)),
    ratio: nearest === undefined ? null : Number((nearest / size).toFixed(2)),
    unit: 'kB gzip',
    goal,
    ok: size <= goal,
  });
}

if (!options['no-peers']) {
  // The same bytes again are the same measurement: its day stays.
  const file = join(root, 'bench/out/size.json');
  const text = `${JSON.stringify(results, null, 2)}\n`;
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    const before = resultTimes();
    mkdirSync(join(root, 'bench/out'), { recursive: true });
    writeFileSync(file, text);
    noteMeasurements(before, 'npm run size');
  }
  say('\nwritten to bench/out/size.json');
}
process.exitCode = wrong > 0 ? 1 : 0;

/** Kilobytes of a peer's bundle; `undefined`, said aloud, where it is not installed. */
async function measurePeer(peer) {
  const entry = `bench/size/peers/${peer}.ts`;
  if (!existsSync(join(root, entry))) return undefined;
  try {
    const { gzipBytes } = await bundleSize(entry, { root });
    return kB(gzipBytes);
  } catch (error) {
    const missing = /Could not resolve "([^"]+)"/.exec(error.message)?.[1];
    say(
      `  ${peer.padEnd(12)} skipped: ${missing ? `${missing} is not installed (npm ci in bench/)` : error.message.split('\n')[0]}`,
    );
    return undefined;
  }
}
