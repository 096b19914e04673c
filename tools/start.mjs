import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { installDependencies, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { fail, say } from './lib/say.mjs';

const usage = `npm start [-- options]: installs and builds what is missing, then runs the collector and the example shop.

  --no-shop      the collector alone
  --port N       the shop's port (default 4330)
  --data DIR     where traces and the shop's database are kept (default .throughline/ in the repository)
  everything after a second -- goes to "throughline up"`;

let options;
try {
  options = parseArgs({
    options: {
      'no-shop': { type: 'boolean' },
      port: { type: 'string', default: '4330' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
} catch (error) {
  fail(`${error.message}\n\n${usage}`);
}
if (options.values.help) {
  say(usage);
  process.exit(0);
}

needNode();
await installDependencies();
await build();

let stopping = false;
let shop;
const data = resolve(options.values.data ?? join(root, '.throughline'));
const collector = spawn(
  process.execPath,
  [join(root, 'packages/collector/dist/cli/main.js'), 'up', '--data', join(data, 'collector'), ...options.positionals],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
collector.on('exit', (code) => stop(code ?? 1));

const explorerUrl = await new Promise((found) => {
  let text = '';
  collector.stdout.setEncoding('utf8').on('data', (chunk) => {
    process.stdout.write(chunk);
    text += chunk;
    const address = text.match(/explorer\s+(https?:\/\/\S+)/i);
    if (address) found(address[1]);
  });
});
const status = await (await fetch(new URL('api/v1/status', explorerUrl))).json();

if (!options.values['no-shop']) {
  const { startShop } = await import('../examples/shop/start.mjs');
  shop = await startShop({
    collectorUrl: status.receive.otlpHttp,
    port: Number(options.values.port),
    dataDir: join(data, 'postgres'),
  });
  console.log(
    `\n  shop       ${shop.url}\n  explorer   ${explorerUrl}\n\n  Buy something in the shop, then look at it in the explorer. Ctrl-C stops both.\n`,
  );
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  await shop?.stop();
  if (collector.exitCode === null && collector.signalCode === null) {
    collector.kill('SIGTERM');
    await new Promise((ended) => collector.once('exit', ended));
  }
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(0));
