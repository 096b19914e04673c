// What runs in the page: the bundles a page loads, and what is measured with them.

import type { Batch } from '../../packages/sdk/src/core/batch.js';
import { createFullOutbox } from '../../packages/sdk/src/core/outbox/full-outbox.js';
import { fullTracing } from '../../packages/sdk/src/core/trace/tracing.js';
import { otlpJson, start } from '../../packages/sdk/src/runtimes/web/bare.js';

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const full = { tracing: fullTracing, createOutbox: createFullOutbox };
const channel = new MessageChannel();
const turn = () =>
  new Promise<void>((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(0);
  });

/** Nanoseconds of a span of no attributes, from its start to bytes in a sealed batch; the sealing of batches is in it. */
async function span(engine: 'bare' | 'full'): Promise<number> {
  const destinations = { destination: 'nowhere', send: async () => ({ kind: 'accepted' }) as const };
  const telemetry = start({ serviceName: 'claims', destinations, global: false }, engine === 'full' ? full : {});
  const count = 256 * 40;
  const rounds: number[] = [];
  for (let round = 0; round < 15; round++) {
    const before = performance.now();
    for (let made = 0; made < count; made += 256) {
      for (let i = 0; i < 256; i++) telemetry.tracer.startSpan('operation').end();
      await turn();
    }
    if (round >= 4) rounds.push(((performance.now() - before) * 1e6) / count);
  }
  await telemetry.flush();
  const { sent } = telemetry.status();
  if (sent.traces !== count * 15) throw new Error(`${sent.traces} of ${count * 15} spans were sent`);
  await telemetry.shutdown();
  return median(rounds);
}

const fiveAttributes = (i: number) => ({
  kind: 1,
  attributes: {
    'http.request.method': 'GET',
    'http.route': '/api/products/:id/reviews',
    'url.path': `/api/products/${1_000 + i * 7}/reviews`,
    'server.port': 40_000 + i,
    'http.response.status_code': 200,
  },
});
const oneBatch = { maxItems: 1_024, maxBytes: 2_000_000, maxAgeMs: 60_000 };

/** Milliseconds that sealing a batch of 512 spans and giving it to the browser holds the page up, and until it is answered. */
async function send(): Promise<{ hold: number; answered: number }> {
  const telemetry = start({ serviceName: 'claims', endpoint: location.origin, batch: oneBatch, global: false });
  const hold: number[] = [];
  const answered: number[] = [];
  for (let batch = 0; batch < 60; batch++) {
    for (let i = 0; i < 512; i++) telemetry.tracer.startSpan('GET /reviews', fiveAttributes(i)).end();
    await turn();
    const before = performance.now();
    const flushed = telemetry.flush();
    const between = performance.now();
    if (!(await flushed)) throw new Error('a batch was not accepted');
    if (batch < 20) continue;
    hold.push(between - before);
    answered.push(performance.now() - before);
  }
  await telemetry.shutdown();
  return { hold: median(hold), answered: median(answered) };
}

/** Milliseconds from protobuf to OTLP/JSON, for the same batch. */
async function json(): Promise<number> {
  let sealed: Batch | undefined;
  const telemetry = start({
    serviceName: 'claims',
    batch: oneBatch,
    global: false,
    destinations: {
      destination: 'nowhere',
      async send(batch: Batch) {
        sealed = batch;
        return { kind: 'accepted' };
      },
    },
  });
  for (let i = 0; i < 512; i++) telemetry.tracer.startSpan('GET /reviews', fiveAttributes(i)).end();
  await telemetry.flush();
  await telemetry.shutdown();
  if (sealed?.items !== 512) throw new Error(`a batch of ${sealed?.items} spans`);
  const rounds: number[] = [];
  // Ten at once: a page's clock has steps of 0.1 ms.
  for (let round = 0; round < 40; round++) {
    const before = performance.now();
    for (let i = 0; i < 10; i++) otlpJson('traces', sealed.bytes);
    if (round >= 15) rounds.push((performance.now() - before) / 10);
  }
  return median(rounds);
}

Object.assign(globalThis, { claims: { span, send, json } });
