import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { filesBelow } from '../lib/files.mjs';
import { root } from '../lib/root.mjs';

const sdk = 'packages/sdk/src';
const collector = 'packages/collector/src';
const explorer = 'packages/explorer/src';
const inFolder = (folder) => (path) => path.startsWith(`${folder}/`);
const room = (path, folder) => path.slice(folder.length + 1).split('/')[0];

/** What is made for a framework imports it: an optional peer, which the program has installed. */
const frameworkOf = (from) => (from.startsWith(`${sdk}/frameworks/react/`) ? 'react' : undefined);

/** Runtimes that are another one with something beside, and which. */
const sums = {
  // A Tauri page is a page whose batches go to the backend.
  tauri: ['web'],
};

/**
 * Who may import whom. A rule sees one import: `from` and `to` are paths from the root for files of the repository; `to` is the bare
 * specifier for a package. It answers `false` where the import breaks it.
 */
const rules = [
  {
    reason: 'core knows no runtime: it imports nothing outside itself but types of @opentelemetry/api',
    applies: inFolder(`${sdk}/core`),
    allows: ({ to, typeOnly }) => to.startsWith(`${sdk}/core/`) || (to === '@opentelemetry/api' && typeOnly),
  },
  {
    reason:
      'an instrument, transport, store or framework imports core and its own folder only, so that any runtime can take it',
    applies: (from) =>
      ['instruments', 'transports', 'stores', 'frameworks'].includes(room(from, sdk)) && from.startsWith(sdk),
    allows: ({ from, to, typeOnly }) => {
      const kind = room(from, sdk);
      if (!to.startsWith('packages/'))
        return to.startsWith('node:') || (to === '@opentelemetry/api' && typeOnly) || to === frameworkOf(from);
      if (to.startsWith(`${sdk}/core/`)) return true;
      // Instruments are folders, and what several of them share stands beside these; the files of transports and stores stand side by side.
      if (kind === 'instruments')
        return (
          dirname(to) === `${sdk}/instruments` ||
          dirname(to) === dirname(from) ||
          to.startsWith(`${sdk}/instruments/${from.split('/')[4]}/`)
        );
      return to.startsWith(`${sdk}/${kind}/`);
    },
  },
  {
    reason: 'a runtime composes; it takes nothing from another runtime unless it really is the sum of two',
    applies: inFolder(`${sdk}/runtimes`),
    allows: ({ from, to }) =>
      !to.startsWith(`${sdk}/runtimes/`) ||
      to.split('/')[4] === from.split('/')[4] ||
      sums[from.split('/')[4]]?.includes(to.split('/')[4]),
  },
  {
    reason:
      'the SDK has no runtime dependencies: anything from a package is a type, or is asked for only where the program installed it',
    applies: inFolder(sdk),
    allows: ({ from, to, typeOnly, dynamic }) =>
      to.startsWith('packages/sdk/') || to.startsWith('node:') || typeOnly || dynamic || to === frameworkOf(from),
  },
  {
    reason:
      'in the collector data goes receive → admit → spool → process → store, or from the spool to forward, and api → query → store; only cli names concrete parts',
    applies: inFolder(collector),
    allows: ({ from, to, typeOnly }) => {
      if (!to.startsWith(`${collector}/`))
        return !to.startsWith('packages/') || to === 'packages/collector/package.json';
      const [here, there] = [room(from, collector), room(to, collector)];
      // What the collector says of itself, anybody may be told to say.
      if (here === there || here === 'cli' || there === 'shapes' || there === 'ops') return true;
      const reach = {
        receive: ['admit', 'spool', 'process'],
        admit: ['spool', 'process'],
        forward: ['admit', 'spool', 'process'],
        spool: ['process', 'store'],
        process: ['store'],
        api: ['query', 'store'],
        query: ['store'],
        store: [],
        shapes: [],
        ops: [],
      };
      return (
        reach[here]?.includes(there) &&
        (there !== 'store' || typeOnly || to.endsWith('/store/store.ts') || here !== 'api')
      );
    },
  },
  {
    reason:
      'only store writes SQL for changing data, only query for reading it: the engine is reached through the Store alone',
    applies: (from) => from.startsWith(collector) && !from.startsWith(`${collector}/store/`),
    allows: ({ to }) => to !== 'chdb' && to !== '@clickhouse/client',
  },
  {
    reason: 'the explorer talks to the collector over HTTP alone; the shapes both use stand in collector/src/shapes',
    applies: inFolder(explorer),
    allows: ({ to }) =>
      !to.startsWith('packages/') || to.startsWith(`${explorer}/`) || to.startsWith(`${collector}/shapes/`),
  },
  {
    reason: 'views never import views: what two views share is a part or belongs to the model',
    applies: inFolder(`${explorer}/views`),
    allows: ({ from, to }) => !to.startsWith(`${explorer}/views/`) || to.split('/')[4] === from.split('/')[4],
  },
  {
    reason: 'the model imports no framework, so that it can be tested and run in a worker',
    applies: inFolder(`${explorer}/model`),
    allows: ({ to }) => to.startsWith(`${explorer}/model/`) || to.startsWith(`${collector}/shapes/`),
  },
  {
    reason: 'nothing that ships imports testkit, bench or examples',
    applies: (from) => [sdk, collector, explorer].some((folder) => from.startsWith(`${folder}/`)),
    allows: ({ to }) => !/^(packages\/testkit|bench|examples)\//.test(to) && !to.startsWith('@throughline/testkit'),
  },
];

const importPattern =
  /(?:^|[;\n])\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*(?:\/\*[^*]*\*\/\s*)?['"]([^'"]+)['"]\s*\)/g;

function* importsOf(path) {
  const text = readFileSync(join(root, path), 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '');
  for (const match of text.matchAll(importPattern)) {
    const specifier = match[3] ?? match[4];
    let to = specifier.replace(/\?.*$/, '');
    if (to.startsWith('.'))
      to = normalize(join(dirname(path), to))
        .replaceAll('\\', '/')
        .replace(/\.js$/, '.ts');
    if (to.startsWith('#shapes')) to = `${collector}/shapes/${to.slice('#shapes/'.length) || 'api'}.ts`;
    yield { from: path, to, specifier, typeOnly: Boolean(match[2]), dynamic: match[4] !== undefined };
  }
}

/** Every import that breaks a rule, as a line that says where, what and why. */
export function checkImports(folders = [sdk, collector, explorer]) {
  const broken = [];
  for (const folder of folders)
    for (const path of filesBelow(folder, (name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name)))
      for (const one of importsOf(path))
        for (const rule of rules)
          if (rule.applies(path) && !rule.allows(one)) broken.push(`${path} imports ${one.specifier}: ${rule.reason}`);
  return broken;
}
