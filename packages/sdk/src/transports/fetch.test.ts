import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { testAbort, testBatch } from '../../../testkit/src/test-batch.js';
import { fetchTransport } from './fetch.js';
import { keepaliveBudget } from './keepalive.js';
import { nodeHttpTransport } from './node-http.js';

const closing: OtlpSink[] = [];
afterEach(async () => {
  for (const sink of closing.splice(0)) await sink.close();
});

async function newSink(): Promise<OtlpSink> {
  const sink = await otlpSink({ protocol: 'http1' });
  closing.push(sink);
  return sink;
}

/** A `fetch` that notes how it was called and answers when told. */
function notedFetch() {
  const calls: { url: string; init: RequestInit; answer(status?: number): void; fail(): void }[] = [];
  const noted = ((url: string, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      calls.push({
        url,
        init,
        answer: (status = 200) => resolve(new Response(new Uint8Array(0), { status })),
        fail: () => reject(new TypeError('Failed to fetch')),
      });
    })) as typeof fetch;
  return { calls, fetch: noted };
}

describe('fetchTransport', () => {
  test('protobuf by default, JSON where the transcoder is passed in, text/plain on request [B2]', async () => {
    const sink = await newSink();
    const send = (options: object) =>
      fetchTransport({ url: sink.url, ...options }).send(testBatch(), { abort: testAbort().signal });
    await send({});
    await send({ toJson: (signal: string, bytes: Uint8Array) => `{"${signal}":${bytes.length}}` });
    await send({ plainText: true });
    expect(sink.received.map(({ headers }) => headers['content-type'])).toEqual([
      'application/x-protobuf',
      'application/json',
      'text/plain',
    ]);
    expect(Buffer.from(sink.received[1]!.body).toString()).toBe('{"traces":3000}');
  });

  test('a compressor’s encoding is named, and the receiver reads the same bytes', async () => {
    const sink = await newSink();
    const compressor = { encoding: 'gzip' as const, compress: async (bytes: Uint8Array) => gzipSync(bytes) };
    const batch = testBatch();
    await fetchTransport({ url: sink.url, compressor }).send(batch, { abort: testAbort().signal });
    expect(sink.received[0]!.headers['content-encoding']).toBe('gzip');
    expect(sink.received[0]!.raw.length).toBeLessThan(batch.bytes.length);
    expect(Buffer.from(sink.received[0]!.body).equals(batch.bytes)).toBe(true);
  });

  test('in a page it sends no header that would cost a preflight of its own, and asks in the turn it was called', () => {
    const { calls, fetch } = notedFetch();
    void fetchTransport({ url: 'http://h', fetch, plainText: true }).send(testBatch(), { abort: testAbort().signal });
    expect(calls).toHaveLength(1);
    expect(calls[0]!.init.headers).toEqual({ 'content-type': 'text/plain' });
    expect(calls[0]!.url).toMatch(/^http:\/\/h\/v1\/traces\?tl-batch=[0-9a-f]{32}$/);
  });

  test('the fetch of before is used after an instrument has replaced the global one', async () => {
    const sink = await newSink();
    const transport = fetchTransport({ url: sink.url });
    const original = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new Error('traced'));
    try {
      expect(await transport.send(testBatch(), { abort: testAbort().signal })).toMatchObject({ kind: 'accepted' });
    } finally {
      globalThis.fetch = original;
    }
  });
});

test.each([301, 302, 307])(
  'a redirect (%i) is refused in one sentence, and not taken for sent [B2]',
  async (status) => {
    const sink = await newSink();
    const expected = {
      kind: 'refused',
      reason: expect.stringMatching(/^HTTP \d+ is a redirect: give the final address$/),
    };
    for (const create of [fetchTransport, nodeHttpTransport]) {
      sink.answers.push({ status, headers: { location: `${sink.url}/elsewhere` } });
      const transport = create({ url: sink.url });
      expect(await transport.send(testBatch(), { abort: testAbort().signal })).toMatchObject(expected);
      await transport.close?.();
    }
    expect(sink.received).toHaveLength(2);
    // A browser hides the status.
    const opaque = (async () => ({ type: 'opaqueredirect', status: 0, headers: new Headers(), body: null })) as never;
    const inPage = fetchTransport({ url: sink.url, fetch: opaque });
    expect(await inPage.send(testBatch(), { abort: testAbort().signal })).toMatchObject(expected);
  },
);

describe('keepalive', () => {
  test('requests share one budget; what does not fit any more goes as an ordinary request while the page stays', async () => {
    const { calls, fetch } = notedFetch();
    const keepalive = keepaliveBudget(10_000);
    const one = fetchTransport({ url: 'http://one', fetch, keepalive });
    const two = fetchTransport({ url: 'http://two', fetch, keepalive });
    const { signal } = testAbort();
    const sends = [one, two, one, two].map((transport) =>
      transport.send(testBatch({ bytes: new Uint8Array(4_000) }), { abort: signal }),
    );
    expect(calls.map(({ init }) => init.keepalive)).toEqual([true, true, false, false]);
    for (const call of calls) call.answer();
    await Promise.all(sends);
    const again = one.send(testBatch({ bytes: new Uint8Array(10_000) }), { abort: signal });
    expect(calls[4]!.init.keepalive).toBe(true);
    calls[4]!.fail();
    expect(await again).toMatchObject({ kind: 'retry', reason: expect.stringContaining('Failed to fetch') });
    expect(keepalive.take(10_000, testBatch(), false)).toBe(10_000);
  });

  test('of a page that is left, a batch too large for what is left asks to be split, unless it is one item or the rest is small', async () => {
    const { calls, fetch } = notedFetch();
    const transport = fetchTransport({ url: 'http://h', fetch, keepalive: keepaliveBudget(30_000) });
    const { signal } = testAbort();
    const send = (bytes: number, items: number) =>
      transport.send(testBatch({ bytes: new Uint8Array(bytes), items }), { abort: signal, leaving: true });
    expect(await send(40_000, 10)).toMatchObject({ kind: 'too-large', maxBytes: 30_000 });
    expect(calls).toHaveLength(0);
    void send(40_000, 1);
    void send(28_000, 10);
    void send(28_000, 10);
    expect(calls.map(({ init }) => init.keepalive)).toEqual([false, true, false]);
  });
});
