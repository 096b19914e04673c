// What waits and what waits for it, after collecting garbage: heap and the buffers outside it.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { nodeHttpTransport, start } from '@throughline/sdk/node';

const accepted = { kind: 'accepted' };
const forever = new Promise(() => {});

async function memory() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Node counts array buffers in `external` too.
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const users = Array.from({ length: 1_024 }, (_, i) =>
  Buffer.from(`user-${(i * 2_654_435_761) % 1_000_000}`).toString(),
);

function tenAttributes(tracer, i) {
  tracer
    .startSpan('GET /api/products/:id/reviews', {
      kind: 1,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/api/products/:id/reviews',
        'url.path': '/api/products/1007/reviews',
        'url.scheme': 'https',
        'server.address': 'shop.example.com',
        'server.port': 40_000 + (i & 1_023),
        'enduser.id': users[i & 1_023],
        'http.response.status_code': 200,
        'http.response.body.size': i * 1_009,
        'cache.hit': i % 3 === 0,
      },
    })
    .end();
}

/** Bytes kept by a telemetry that was started and made no span; `first` with the code that was compiled for it. */
export async function providerMemory() {
  const destinations = { destination: 'nowhere', send: async () => accepted };
  const begin = async () => {
    const before = await memory();
    const telemetry = start({ serviceName: 'claims', destinations });
    const after = await memory();
    await telemetry.shutdown();
    return after - before;
  };
  const first = await begin();
  await begin();
  return { bytes: await begin(), first };
}

/** Bytes kept by a full queue: 2,048 spans of ten attributes that nobody takes. */
export async function queueMemory() {
  let held = false;
  let wire = 0;
  const telemetry = start({
    serviceName: 'claims',
    batch: { maxItems: 512, maxQueueItems: 2_048, maxAgeMs: 60_000 },
    destinations: {
      destination: 'nowhere',
      send: (batch) => {
        wire = batch.bytes.length / batch.items;
        return held ? forever : Promise.resolve(accepted);
      },
    },
  });
  for (let i = 0; i < 512 * 40; i++) {
    tenAttributes(telemetry.tracer, i);
    if (i % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await telemetry.flush();
  held = true;
  const before = await memory();
  for (let i = 0; i < 2_048; i++) tenAttributes(telemetry.tracer, i);
  const bytes = (await memory()) - before;
  const { queued, dropped } = telemetry.status();
  if (queued.items !== 2_048 || dropped['queue-full'] > 0) throw new Error(`the queue holds ${queued.items} spans`);
  return { bytes, wire };
}

/** Bytes kept by the transport of a program once it has sent, its connection and the code compiled for it included. */
export async function transportMemory() {
  const sink = fork(new URL('sink.mjs', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = await once(sink, 'message');
  const before = await memory();
  const transport = nodeHttpTransport({ url: `http://127.0.0.1:${port}` });
  const abort = new AbortController().signal;
  for (let i = 0; i < 40; i++) {
    const batch = { v: 1, id: `${i}`.padStart(32, '0'), signal: 'traces', items: 0, bytes: new Uint8Array(0) };
    const { kind } = await transport.send(batch, { abort });
    if (kind !== 'accepted') throw new Error(`the transport says ${kind}`);
  }
  const bytes = (await memory()) - before;
  await transport.close();
  sink.disconnect();
  return { bytes };
}
