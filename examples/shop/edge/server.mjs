import { startWorker } from './start-worker.mjs';

// A process of its own: Miniflare ends the one it runs in at the first signal.
const { PORT = '4330', API_URL, COLLECTOR_URL = 'http://127.0.0.1:4318' } = process.env;

try {
  const worker = await startWorker({
    apiUrl: API_URL,
    collectorUrl: COLLECTOR_URL,
    port: Number(PORT),
    onLine: (line) => console.error(line),
  });
  console.log(`shop-edge listening on ${worker.url}`);
} catch (error) {
  console.error(`shop-edge: ${error.message}`);
  process.exit(1);
}
