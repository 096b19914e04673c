/*
 * The sending side, in a process of its own: keeps a fixed number of requests under way over keep-alive connections, each with ids and
 * times of its own. Says what it sent when all of it was acknowledged. With a `rate` (spans a second) each request has its moment, and what it had to wait is counted from
 * then, whether or not the sender came to it in time. Not a client library: the collector is measured, not this.
 */
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { encodeLogRequest, patchLogRequest } from './encode-log-request.mjs';
import { encodeMetricRequest, patchMetricRequest } from './encode-metric-request.mjs';
import { encodeRequest, patchRequest } from './encode-request.mjs';

const {
  url,
  spans,
  gzip,
  firstSerial,
  connections,
  spanOfHours,
  rate,
  signal = 'traces',
} = JSON.parse(process.argv[2]);
const [encode, patch] = {
  traces: [encodeRequest, patchRequest],
  logs: [encodeLogRequest, patchLogRequest],
  metrics: [encodeMetricRequest, patchMetricRequest],
}[signal];
const SPANS = 512;
const TEMPLATES = 48;
const NOTHING_REJECTED = Buffer.from([0x0a, 0]);
const requests = Math.ceil(spans / SPANS);
const templates = Array.from({ length: TEMPLATES }, (_, number) => encode({ number, spans: SPANS }));
const address = new URL(`/v1/${signal}`, url);
const agent = new Agent({ keepAlive: true, maxSockets: connections });

// Spread over the given hours up to now, oldest first, as if a day had been recorded and is now loaded.
const endNano = BigInt(Date.now()) * 1_000_000n - 60_000_000_000n;
const lengthNano = BigInt(Math.round(spanOfHours * 3600)) * 1_000_000_000n;
const stepNano = lengthNano / BigInt(requests);
const beginNano = endNano - lengthNano;

// Packing costs a sender more than receiving costs a collector; in the gzip run a set of packed requests is made before the clock starts.
const packed = gzip ? Math.min(requests, 4000) : 0;

function bodyOf(number) {
  const template = templates[number % TEMPLATES];
  patch(template, firstSerial + number, beginNano + stepNano * BigInt(number), Number(stepNano));
  return template.bytes;
}

const ready = [];
for (let number = 0; number < packed; number++) ready.push(gzipSync(bodyOf(number), { level: 1 }));

function post(body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    if (gzip) headers['content-encoding'] = 'gzip';
    const sent = request(address, { method: 'POST', agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          body: Buffer.concat(chunks),
          retryAfter: response.headers['retry-after'],
        }),
      );
    });
    sent.on('error', reject);
    // The socket takes the bytes before the template is patched again only if they are copied first.
    sent.end(gzip ? body : Buffer.from(body));
  });
}

process.send({ kind: 'ready', requests: gzip ? packed : requests });
await new Promise((resolve) => process.once('message', resolve));

const total = gzip ? packed : requests;
let next = 0;
let waited = 0;
const latencies = [];
const began = performance.now();
async function lane() {
  while (next < total) {
    const number = next++;
    const body = gzip ? ready[number] : bodyOf(number);
    const due = rate ? began + ((number * SPANS) / rate) * 1000 : 0;
    const earlyMs = due - performance.now();
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    for (;;) {
      const start = due || performance.now();
      const { status, body: answer, retryAfter } = await post(body);
      // Empty, or with a partial success that is: nothing was rejected.
      if (status === 200 && (answer.length === 0 || answer.equals(NOTHING_REJECTED))) {
        latencies.push(performance.now() - start);
        break;
      }
      if (status !== 503 && status !== 429) throw new Error(`HTTP ${status}: ${answer.toString()}`);
      waited++;
      await new Promise((resolve) => setTimeout(resolve, Number(retryAfter ?? 1) * 1000));
    }
  }
}
await Promise.all(Array.from({ length: connections }, lane));
const seconds = (performance.now() - began) / 1000;
latencies.sort((a, b) => a - b);
process.send({
  kind: 'done',
  spans: total * SPANS,
  seconds,
  waited,
  p50: latencies[latencies.length >> 1],
  p99: latencies[Math.floor(latencies.length * 0.99)],
});
agent.destroy();
process.disconnect();
