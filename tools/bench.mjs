import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { noteMeasurements, resultTimes } from './lib/measured-on.mjs';
import { installBenchDependencies, installDependencies, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { run } from './lib/run.mjs';
import { fail } from './lib/say.mjs';

const benches = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -4))
  .sort();
const [name, ...rest] = process.argv.slice(2);
if (!name || !benches.includes(name))
  fail(`${name ? `There is no bench "${name}".` : 'Which bench?'} npm run bench -- <${benches.join(' | ')}>`);

needNode();
await installDependencies();
await installBenchDependencies();
await build();
const before = resultTimes();
const code = await run(process.execPath, [`bench/${name}.mjs`, ...rest]);
noteMeasurements(before, ['npm run bench --', name, ...rest].join(' '));
process.exit(code);
