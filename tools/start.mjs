import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { constants, setPriority } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { findOnMachine } from './lib/machine.mjs';
import { installDependencies, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { fail, say } from './lib/say.mjs';
import { startBroker } from './lib/start-broker.mjs';

const usage = `npm start [-- options]: installs and builds what is missing, then runs the collector and the example shop; and beside them, where
Mosquitto is on this machine, a sensor station that publishes to a broker of its own.

  --no-shop      the collector alone
  --no-station   without the sensor station and its broker
  --port N       the shop's port (default 4330)
  --data DIR     where traces and the shop's database are kept (default .throughline/ in the repository)
  everything after a second -- goes to "throughline up"`;

let options;
try {
  options = parseArgs({
    options: {
      'no-shop': { type: 'boolean' },
      'no-station': { type: 'boolean' },
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
let shopPort = Number(options.values.port);
if (!options.values['no-shop']) {
  if (!Number.isInteger(shopPort) || shopPort < 0 || shopPort > 65535)
    fail(`--port must be a whole number from 0 to 65535, not "${options.values.port}".`);
  if (!(await isFree(shopPort)))
    fail(
      `Port ${shopPort} (the shop's) is taken by another program, perhaps another npm start. Stop it, or choose another: npm start -- --port 0`,
    );
}
await installDependencies();
await build();
// Known before anything starts, so that the explorer's tour can say where the shop is.
if (!options.values['no-shop'] && shopPort === 0) shopPort = await freePort();

let stopping = false;
/** The shop's start, once that has begun: who stops has to wait for it, or its database would stay behind. */
let opening;
const broker = await brokerOfStation();
let station;
const data = resolve(options.values.data ?? join(root, '.throughline'));
const collector = spawn(
  process.execPath,
  [
    join(root, 'packages/collector/dist/cli/main.js'),
    'up',
    ...['--data', join(data, 'collector')],
    ...(options.values['no-shop'] ? [] : ['--tour', `http://127.0.0.1:${shopPort}`]),
    ...(broker ? ['--mqtt', broker.url] : []),
    ...options.positionals,
  ],
  { stdio: ['ignore', 'pipe', 'pipe'] },
);
// Before that the broker would not know for whom to keep what the station publishes.
const subscribed = new Promise((done) => {
  collector.stderr.setEncoding('utf8').on('data', (text) => {
    process.stderr.write(text);
    if (text.includes('Taking OTLP from')) done();
  });
});
collector.on('exit', (code) => stop(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0));

const explorerUrl = await new Promise((found) => {
  let text = '';
  collector.stdout.setEncoding('utf8').on('data', (chunk) => {
    process.stdout.write(chunk);
    text += chunk;
    const address = text.match(/explorer\s+(https?:\/\/\S+)/i);
    if (address) found(address[1]);
  });
});

if (!options.values['no-shop']) {
  try {
    const status = await (await fetch(new URL('api/v1/status', explorerUrl))).json();
    const { startShop } = await import('../examples/shop/start.mjs');
    opening = startShop({
      collectorUrl: status.receive.otlpHttp,
      port: shopPort,
      dataDir: join(data, 'postgres'),
    });
    const shop = await opening;
    if (broker) void startStation();
    console.log(
      `\n  shop       ${shop.url}\n  explorer   ${explorerUrl}\n${broker ? `  station    publishes to ${broker.url} as soon as somebody is in the shop\n` : ''}\n  Buy something in the shop, then look at it in the explorer. Ctrl-C stops both.\n`,
    );
  } catch (error) {
    if (!stopping) say(`✗ The shop did not start: ${error.message}`);
    await stop(1);
  }
}

/** The broker of the tour's station, where there is a tour and the collector was not told of another broker. */
async function brokerOfStation() {
  const { 'no-shop': noShop, 'no-station': noStation } = options.values;
  const hasOther = process.env.THROUGHLINE_MQTT || options.positionals.some((word) => /^--mqtt(=|$)/.test(word));
  if (noShop || noStation || hasOther) return undefined;
  const program = findOnMachine('mosquitto');
  if (!program) {
    say('· no mosquitto here (Debian: mosquitto): the tour is without its sensor station');
    return undefined;
  }
  return startBroker(program).catch((error) => {
    say(`✗ The sensor station's broker did not start: ${error.message}`);
    return undefined;
  });
}

/**
 * The station lives through a few losses of power, and ends. It waits for the first span of the shop: until then the explorer's empty page holds the tour.
 */
async function startStation() {
  await subscribed;
  const status = new URL('api/v1/status', explorerUrl);
  const isEmpty = () => fetch(status).then(async (answer) => (await answer.json()).spans === 0);
  while (!stopping && (await isEmpty().catch(() => true))) await new Promise((again) => setTimeout(again, 1000));
  if (stopping) return;
  station = spawn(
    process.execPath,
    [join(root, 'examples/sensor-station/start.mjs'), '--broker', broker.url, '--cuts', '5'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  // It can wait, and somebody is in the shop.
  if (station.pid !== undefined) setPriority(station.pid, constants.priority.PRIORITY_LOW);
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  station?.kill('SIGTERM');
  const shop = await opening?.catch(() => undefined);
  await shop?.stop();
  if (collector.exitCode === null && collector.signalCode === null) {
    collector.kill('SIGTERM');
    await new Promise((ended) => collector.once('exit', ended));
  }
  await broker?.stop();
  process.exit(code);
}

/** Asked before anything is installed or started: the shop opens last. */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.code !== 'EADDRINUSE'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
