/* The sending side of the bench, in a process of its own: the requests of bench/ingest as they are, each under an id of its own, so many under way over keep-alive connections. */
import { Agent, request } from 'node:http';
import { encodeRequest } from '../ingest/encode-request.mjs';

const { batches, connections } = JSON.parse(process.argv[2]);
const bodies = Array.from({ length: 48 }, (_, number) => Buffer.from(encodeRequest({ number }).bytes));
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const idOf = (number) => `00112233445566aa${number.toString(16).padStart(16, '0')}`;

process.on('disconnect', () => process.exit());
process.send('ready');
const { url } = await new Promise((resolve) => process.once('message', resolve));

function post(number) {
  const body = bodies[number % bodies.length];
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v1/traces?tl-batch=${idOf(number)}`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

let next = 0;
let waited = 0;
const latencies = [];
async function lane() {
  while (next < batches) {
    const number = next++;
    for (;;) {
      const begun = performance.now();
      const { statusCode, headers } = await post(number);
      if (statusCode === 200) {
        latencies.push(performance.now() - begun);
        break;
      }
      if (statusCode !== 503) throw new Error(`HTTP ${statusCode}`);
      waited++;
      await new Promise((resolve) => setTimeout(resolve, Number(headers['retry-after'] ?? 1) * 1000));
    }
  }
}
await Promise.all(Array.from({ length: connections }, lane));
latencies.sort((a, b) => a - b);
process.send({
  p50: latencies[latencies.length >> 1],
  p99: latencies[Math.floor(latencies.length * 0.99)],
  waited,
});
