import { describe, expect, test } from 'vitest';
import { closedUrl, named, requestOf, shopWorkers } from './support/shop-workers.js';
import { spanSink } from './support/span-sink.js';
import { hasWorkerd } from './support/workerd.js';

/* How what a Worker recorded gets to a receiver: behind responses, together with other requests', once. */

if (!hasWorkerd) console.warn('SKIPPED: workerd does not run on this machine');

const parentId = '00f067aa0ba902b7';
const client = 3;
const error = 2;

describe.skipIf(!hasWorkerd)('a Worker (needs workerd)', () => {
  const shop = shopWorkers();
  const { start } = shop;

  test('work behind waitUntil stays in the trace and leaves when it is done [W2]', async () => {
    const worker = await start();
    // What it waits for is answered when the request's own span has arrived, which therefore did not wait for it.
    await worker.fetch('/later');
    const spans = await shop.sink.trace('after the response', 3);
    const [later] = named(spans, 'after the response');
    const request = requestOf(spans);
    expect(later!.parentSpanId).toBe(request.spanId);
    expect(later!.endNano).toBeGreaterThan(request.endNano);
    expect(spans.find(({ kind }) => kind === client)!.parentSpanId).toBe(later!.spanId);
    expect(shop.sink.received.length).toBeGreaterThan(1);
  });

  test('work behind waitUntil that fails is an error span of the request', async () => {
    const worker = await start();
    expect((await worker.fetch('/later-fails')).status).toBe(200);
    const spans = await shop.sink.trace('waitUntil', 2);
    const [failed] = named(spans, 'waitUntil');
    expect(failed).toMatchObject({
      parentSpanId: requestOf(spans).spanId,
      status: { code: error, message: 'too late' },
    });
    expect(failed!.events[0]!.attributes['exception.type']).toBe('RangeError');
  });

  test('a request leaves also where work behind its waitUntil never ends', async () => {
    const worker = await start();
    await worker.fetch('/never-done');
    expect(await shop.sink.trace('GET', 1)).toHaveLength(1);
  });

  test('no response waits for the export [W2]', async () => {
    shop.sink.answers.push(...Array.from({ length: 10 }, () => ({ silent: true })));
    const worker = await start();
    for (let at = 0; at < 5; at++) expect((await worker.fetch('/hello')).status).toBe(200);
    await shop.sink.arrived(1);
    const status = JSON.parse(await (await worker.fetch('/status')).text());
    // Nothing was answered, and five responses are there.
    expect(status.sent.traces).toBe(0);
    expect(status.queued.items).toBe(5);
  });

  test('spans that end while a body is still written leave as well', async () => {
    const worker = await start();
    const answer = await worker.fetch('/stream');
    expect(await answer.text()).toBe('one two three');
    const spans = await shop.sink.trace('stream', 2);
    const request = requestOf(spans);
    const [stream] = named(spans, 'stream');
    expect(stream!.parentSpanId).toBe(request.spanId);
    // The request's span ended with its response, not with its body.
    expect(stream!.endNano).toBeGreaterThan(request.endNano);
  });

  test('many requests at once keep their spans apart [W2 F6]', async () => {
    const worker = await start();
    const ids = Array.from({ length: 40 }, (_, at) => `r${at}`);
    const traces = new Map(ids.map((id, at) => [id, `${(at + 1).toString(16).padStart(32, '0')}`]));
    await Promise.all(
      ids.map((id, at) =>
        worker
          .fetch(`/parallel?id=${id}&ms=${(at * 7) % 30}`, {
            headers: { traceparent: `00-${traces.get(id)}-${parentId}-01` },
          })
          .then(async (answer) => expect(await answer.text()).toBe(id)),
      ),
    );
    const spans = await shop.sink.until((seen) => seen.length >= ids.length * 4);
    expect(spans).toHaveLength(ids.length * 4);
    for (const [id, trace] of traces) {
      const mine = spans.filter((span) => span.traceId === trace);
      const work = mine.find(({ name }) => name === 'work')!;
      expect(mine.map(({ name }) => name).sort()).toEqual(['GET', 'deep', 'get PRODUCTS', 'work']);
      expect(work.attributes.id).toBe(id);
      expect(work.parentSpanId).toBe(requestOf(mine).spanId);
      for (const name of ['deep', 'get PRODUCTS']) expect(named(mine, name)[0]!.parentSpanId).toBe(work.spanId);
    }
  });

  test('two hundred requests arrive, each once [W2]', async () => {
    const worker = await start();
    const paths = Array.from({ length: 200 }, (_, at) => `/hello?at=${at}`);
    const lanes = Array.from({ length: 10 }, (_, lane) => paths.filter((_, at) => at % 10 === lane));
    await Promise.all(
      lanes.map(async (lane) => {
        for (const path of lane) expect((await worker.fetch(path)).status).toBe(200);
      }),
    );
    const spans = await shop.sink.until((seen) => seen.length >= 200);
    expect(spans.map(({ attributes }) => `/hello?${attributes['url.query']}`).sort()).toEqual([...paths].sort());
    expect(new Set(shop.sink.received.map(({ batchId }) => batchId)).size).toBe(shop.sink.received.length);
    const status = JSON.parse(await (await worker.fetch('/status')).text());
    expect(status.dropped).toEqual({ ...status.dropped, 'queue-full': 0, refused: 0, shutdown: 0 });
  });

  test('a request with more spans than a batch holds sends them all, once', async () => {
    const worker = await start();
    await worker.fetch('/many');
    const spans = await shop.sink.until((seen) => seen.length >= 601);
    expect(named(spans, 'one of many')).toHaveLength(600);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(601);
    expect(shop.sink.received.length).toBeGreaterThan(2);
  });

  test('requests are unharmed while nobody takes their spans, and bring them along when somebody does [W2]', async () => {
    const collector = await closedUrl();
    const worker = await start('shop.mjs', { bindings: { COLLECTOR: collector } });
    for (let at = 0; at < 5; at++) {
      const answer = await worker.fetch(`/own?at=${at}`);
      expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
    }
    // One of them waits for the first rest to be over, and carries what all have left.
    const late = await spanSink(Number(new URL(collector).port));
    try {
      const spans = await late.until((seen) => seen.length >= 20);
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(20);
      expect(worker.said()).toMatch(/\[throughline\] collector-unreachable: /);
      expect(worker.said().match(/throughline/g)).toHaveLength(1);
    } finally {
      await late.close();
    }
  });

  test('an answer that says wait is obeyed by every request', async () => {
    shop.sink.answers.push({ status: 503, headers: { 'retry-after': '3' } });
    const worker = await start();
    await worker.fetch('/hello?at=1');
    await shop.sink.arrived(1);
    for (let at = 2; at <= 6; at++) await worker.fetch(`/hello?at=${at}`);
    const spans = await shop.sink.until((seen) => seen.length >= 7);
    // The first batch came twice under one name.
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(6);
    expect(shop.sink.received[0]!.batchId).toBe(shop.sink.received[1]!.batchId);
    // Nobody asked while it rested, and what the others had recorded meanwhile came together.
    expect(shop.sink.received.length).toBeLessThanOrEqual(4);
  });

  test('flush() inside a request says whether all has arrived', async () => {
    const worker = await start();
    expect(await (await worker.fetch('/flush')).text()).toBe('true');
    // What it flushed came while it was under way, and its own span behind it.
    expect((await shop.sink.until((seen) => seen.length === 2)).map(({ name }) => name)).toEqual(['flushed', 'GET']);
    shop.sink.answers.push({ status: 400 });
    expect(await (await worker.fetch('/flush')).text()).toBe('false');
    const status = JSON.parse(await (await worker.fetch('/status')).text());
    expect(status).toMatchObject({ dropped: { refused: 1 }, lastError: { message: expect.stringContaining('400') } });
  });
});
