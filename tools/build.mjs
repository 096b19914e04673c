import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow, modifiedMs } from './lib/files.mjs';
import { installDependencies, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { bin, must } from './lib/run.mjs';
import { say } from './lib/say.mjs';

const notTest = (name) => !/\.test\.tsx?$/.test(name);
const shared = ['tsconfig.base.json', 'package-lock.json'];

/** What is built, from which files, by what. In this order: later ones use earlier ones. */
const targets = [
  {
    name: 'sdk',
    stamp: 'packages/sdk/dist/.built',
    clean: 'packages/sdk/dist',
    sources: () => [
      ...filesBelow('packages/sdk/src', notTest),
      'packages/sdk/tsconfig.json',
      'packages/sdk/package.json',
      ...shared,
    ],
    build: async () => {
      await must(bin('tsc'), ['-p', 'packages/sdk/tsconfig.json']);
      // Loaded here: before the first build nothing may be installed yet.
      const { stripComments } = await import('./lib/strip-comments.mjs');
      const { bundleForNode } = await import('./lib/bundle-for-node.mjs');
      const { bundleForDevices } = await import('./lib/bundle-for-devices.mjs');
      await stripComments(join(root, 'packages/sdk/dist'));
      await Promise.all([bundleForNode(), bundleForDevices()]);
    },
  },
  {
    name: 'collector',
    stamp: 'packages/collector/dist/.built',
    sources: () => [...filesBelow('packages/collector/src', notTest), 'packages/collector/tsconfig.json', ...shared],
    build: async () => {
      // The explorer is built into the same folder, so only what the compiler wrote is cleared.
      for (const room of [
        'admit',
        'api',
        'cli',
        'forward',
        'ops',
        'process',
        'query',
        'receive',
        'shapes',
        'spool',
        'store',
      ])
        rmSync(join(root, 'packages/collector/dist', room), { recursive: true, force: true });
      await must(bin('tsc'), ['-p', 'packages/collector/tsconfig.json']);
    },
  },
  {
    name: 'explorer',
    stamp: 'packages/collector/dist/.explorer-built',
    sources: () => [
      ...filesBelow('packages/explorer/src', notTest),
      ...filesBelow('packages/collector/src/shapes', notTest),
      'packages/explorer/index.html',
      'packages/explorer/vite.config.ts',
      ...shared,
    ],
    build: () => buildPage('packages/explorer'),
  },
  {
    name: 'shop pricing',
    stamp: 'examples/shop/pricing/dist/.built',
    sources: () => [
      ...filesBelow('examples/shop/pricing'),
      ...filesBelow('packages/sdk/assemblyscript'),
      'package-lock.json',
    ],
    build: () => must(bin('asc'), ['--config', 'asconfig.json'], { cwd: join(root, 'examples/shop/pricing') }),
  },
  {
    name: 'shop edge',
    stamp: 'examples/shop/edge/dist/.built',
    sources: () => [
      'examples/shop/edge/worker.mjs',
      'packages/sdk/package.json',
      ...filesBelow('packages/sdk/src', notTest),
      ...shared,
    ],
    // As Cloudflare's own tool does it: one module, with what workers have in common with pages.
    build: () =>
      must(bin('esbuild'), [
        'examples/shop/edge/worker.mjs',
        '--bundle',
        '--format=esm',
        '--target=es2022',
        '--conditions=workerd,worker,browser',
        '--external:node:*',
        '--outfile=examples/shop/edge/dist/worker.js',
        '--log-level=warning',
      ]),
  },
  {
    name: 'shop page',
    stamp: 'examples/shop/page/dist/.built',
    sources: () => [
      ...filesBelow('examples/shop/page', notTest),
      ...filesBelow('examples/shop/pricing'),
      ...filesBelow('packages/sdk/assemblyscript'),
      ...filesBelow('packages/sdk/src', notTest),
      ...shared,
    ],
    build: () => buildPage('examples/shop/page'),
  },
  {
    name: 'people page',
    stamp: 'examples/people/dist/.built',
    sources: () => [
      ...filesBelow('examples/people/src', notTest),
      'examples/people/index.html',
      'examples/people/vite.config.ts',
      ...filesBelow('packages/sdk/src', notTest),
      ...shared,
    ],
    build: () => buildPage('examples/people'),
  },
];

/** As it is shipped: a test runner's `NODE_ENV` would make a page for development of it. */
function buildPage(folder) {
  const env = { NODE_ENV: 'production' };
  return must(bin('vite'), ['build', '--logLevel', 'warn'], { cwd: join(root, folder), env });
}

/** Builds what is missing or older than its sources; a second call does nothing. */
export async function build({ force = false } = {}) {
  for (const target of targets) {
    const newest = Math.max(...target.sources().map(modifiedMs));
    if (!force && modifiedMs(target.stamp) >= newest) continue;
    say(`· building the ${target.name}`);
    if (target.clean) rmSync(join(root, target.clean), { recursive: true, force: true });
    await target.build();
    const stamp = join(root, target.stamp);
    mkdirSync(join(stamp, '..'), { recursive: true });
    if (!existsSync(stamp)) writeFileSync(stamp, '');
    // The stamp carries the newest source's time: an edit during the build makes the next one build again.
    utimesSync(stamp, new Date(), new Date(Math.ceil(newest)));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  needNode();
  await installDependencies();
  await build({ force: process.argv.includes('--force') });
}
