import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from './db/postgres.mjs';
import { prepareSchema } from './db/schema.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Runs the shop: PostgreSQL, the payment service, the API and, where Cloudflare's runtime can run, the Worker before it, each in a process of
 * its own.
 *
 * @param {object} options
 * @param {string} options.collectorUrl  OTLP over HTTP: where the servers and the page send their traces.
 * @param {number} [options.port]        The shop's own; 0 for a free one. Default 4330.
 * @param {string} [options.databaseUrl] A PostgreSQL of yours. Default `DATABASE_URL`, else one of our own.
 * @param {string} [options.dataDir]     Where our own keeps its data. Default `.throughline/postgres` beside this file.
 * @param {boolean} [options.edge]       `false`: without the Worker. Default `true`.
 * @param {(line: string) => void} [options.onLine] What the servers say. Default: standard error.
 * @returns {Promise<{ url: string, stop(): Promise<void> }>} Once the shop is open.
 */
export async function startShop({
  collectorUrl,
  port = 4330,
  databaseUrl = process.env.DATABASE_URL,
  dataDir = join(here, '.throughline/postgres'),
  edge = true,
  onLine = (line) => console.error(line),
}) {
  const started = [];
  const stop = async () => {
    // In the order in which they need each other: nobody is left asking somebody who has gone.
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  try {
    let url = databaseUrl;
    if (!url) {
      const postgres = await startPostgres({ dataDir });
      started.push(postgres);
      url = postgres.url;
    }
    await prepareSchema(url);

    const env = {
      DATABASE_URL: url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      // OpenTelemetry's pg instrumentation still writes attributes by their older names unless it is asked for the stable ones.
      OTEL_SEMCONV_STABILITY_OPT_IN: 'database',
    };
    const payment = await startServer({
      name: 'shop-payment',
      args: ['--import', '@throughline/sdk/node/register', './payment/server.mjs'],
      env: { ...env, PORT: '0', OTEL_SERVICE_NAME: 'shop-payment', OTEL_BSP_SCHEDULE_DELAY: '500' },
      onLine,
    });
    started.push(payment);
    const startApi = (apiPort) =>
      startServer({
        name: 'shop-api',
        args: ['--import', './api/telemetry.mjs', './api/server.mjs'],
        env: { ...env, PORT: String(apiPort), PAYMENT_URL: payment.url, COLLECTOR_URL: collectorUrl },
        onLine,
      });
    if (!edge) {
      const api = await startApi(port);
      started.push(api);
      return { url: api.url, stop };
    }
    // Known before the API listens, so that both start at once: the Worker's runtime takes as long as the API.
    const apiPort = await freePort();
    const worker = startServer({
      name: 'shop-edge',
      args: ['./edge/server.mjs'],
      env: { PORT: String(port), API_URL: `http://127.0.0.1:${apiPort}`, COLLECTOR_URL: collectorUrl },
      onLine,
    });
    const [api, before] = await Promise.allSettled([startApi(apiPort), worker]);
    for (const one of [api, before]) if (one.value) started.push(one.value);
    if (api.reason) throw api.reason;
    if (before.value) return { url: before.value.url, stop };
    onLine(`The shop runs without its Worker (examples/shop/edge): ${before.reason.message}`);
    // At the address that the Worker would have had.
    await started.pop().stop();
    const alone = await startApi(port);
    started.push(alone);
    return { url: alone.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Longer than the last spans may take to leave. */
const STOP_MS = 15_000;

/** Starts one of the servers; resolves with its address once it has said that it listens. */
function startServer({ name, args, env, onLine }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: here,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((done) => child.once('exit', done));
    const kill = () => child.kill('SIGTERM');
    process.once('exit', kill);
    const stop = async () => {
      process.removeListener('exit', kill);
      if (child.exitCode === null && child.signalCode === null) kill();
      // One that hangs must not keep the others, nor the terminal.
      const patience = setTimeout(() => {
        onLine(`${name} did not end within ${STOP_MS / 1000} s of being asked; it is ended by force.`);
        child.kill('SIGKILL');
      }, STOP_MS);
      await ended;
      clearTimeout(patience);
    };
    let said = '';
    const onText = (text) => {
      const lines = (said + text).split('\n');
      said = lines.pop();
      for (const line of lines) {
        const address = line.match(/ listening on (\S+)/);
        if (address) resolve({ url: address[1], stop });
        else if (line.trim() !== '') onLine(line);
      }
    };
    child.stdout.setEncoding('utf8').on('data', onText);
    child.stderr.setEncoding('utf8').on('data', onText);
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${name} ended before it was ready (${signal ?? code}). ${said}`)),
    );
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      collector: { type: 'string', default: 'http://127.0.0.1:4318' },
      port: { type: 'string', default: '4330' },
    },
  });
  const shop = await startShop({ collectorUrl: values.collector, port: Number(values.port) });
  console.log(`The shop is open: ${shop.url}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await shop.stop();
      process.exit(0);
    });
  }
}
