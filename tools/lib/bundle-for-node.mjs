import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.mjs';

const sdk = join(root, 'packages/sdk');

const options = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  legalComments: 'none',
  // A fifth of what is packed and read; names stay, for stack traces.
  minifyWhitespace: true,
  lineLimit: 160,
  logLevel: 'error',
};

/** All that `import '@throughline/sdk/node'` loads. */
const sharedFile = 'shared-node.js';

/**
 * Entries that programs without telemetry import too, another SDK's or a worker's: a file each, with copies of the little they share with the others. Only of
 * what remembers nothing and is told apart by nobody (`instanceof`): context keys are symbols that are registered, and what runs stands in the API's global.
 */
const standAlone = ['propagation', 'messages'];

/**
 * Makes a few files of what a Node program imports of the SDK. Node spends some 0.3 ms on each file of an import (more than on reading what is in it), and these
 * are 260. Every entry that has a `node` condition in package.json is built together with the others, so that what they share exists once; and what the entry `./node`
 * loads is one file, because esbuild alone makes a file for each set of entries that have something in common: 32 of them, twice the processor time. An entry beside it that needs any of
 * that loads it all, which a program that starts telemetry has done already. Pages are bundled by their own
 * builders, which leave out more of many files than of few; for them nothing changes. Some entries stand alone: `standAlone`.
 *
 * `dist`: where the compiler has put its files, and where these go.
 */
export async function bundleForNode(dist = join(sdk, 'dist')) {
  const { exports } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
  const outdir = join(dist, 'for-node');
  const entryPoints = {};
  for (const entry of Object.values(exports))
    if (entry.node)
      entryPoints[entry.node.replace('./dist/for-node/', '').replace(/\.js$/, '')] = join(
        dist,
        entry.types.replace('./dist/', '').replace(/\.d\.ts$/, '.js'),
      );
  const shared = await namesExported(await filesLoadedBy(entryPoints.node));
  const lines = (line) =>
    [...shared].map(([file, names], at) =>
      line(
        file,
        names.map((name) => [name, `m${at}_${name}`]),
      ),
    );
  await build({
    ...options,
    stdin: {
      contents: lines(
        (file, names) => `export { ${names.map(([name, own]) => `${name} as ${own}`)} } from ${JSON.stringify(file)};`,
      ).join('\n'),
      resolveDir: dist,
    },
    outfile: join(outdir, sharedFile),
  });
  const stands = new Map(
    lines((file, names) => [
      file,
      `export { ${names.map(([name, own]) => `${own} as ${name}`)} } from "${sharedFile}";`,
    ]),
  );
  await build({
    ...options,
    entryPoints: Object.fromEntries(standAlone.map((name) => [name, entryPoints[name]])),
    outdir,
  });
  for (const name of standAlone) delete entryPoints[name];
  const { outputFiles } = await build({
    ...options,
    entryPoints,
    outdir,
    splitting: true,
    chunkNames: 'shared-[hash]',
    write: false,
    plugins: [
      {
        name: 'what is shared is there already',
        setup({ onLoad }) {
          onLoad({ filter: /\.js$/ }, ({ path }) => (stands.has(path) ? { contents: stands.get(path) } : undefined));
        },
      },
    ],
  });
  for (const { path, text } of outputFiles) {
    const folder = dirname(path);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text.replaceAll(`"${sharedFile}"`, `"${relative(folder, outdir) || '.'}/${sharedFile}"`));
  }
}

async function filesLoadedBy(entry) {
  const { metafile } = await build({ ...options, entryPoints: [entry], write: false, metafile: true });
  return Object.keys(metafile.inputs).map((file) => resolve(file));
}

/** What each file exports, those that export something. */
async function namesExported(files) {
  const { metafile } = await build({
    entryPoints: files,
    outdir: sdk,
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  return new Map(
    Object.values(metafile.outputs)
      .filter(({ exports }) => exports.length)
      .map(({ entryPoint, exports }) => [resolve(entryPoint), exports]),
  );
}
