import type { Batch, Signal } from '../../sdk/src/core/batch.js';
import type { Outcome, Transport } from '../../sdk/src/core/ports.js';
import { between, equal, match, ok } from './assert.js';
import type { Receiver, ReceiverProtocol, Receivers } from './receivers.js';
import { type After, suite } from './suite.js';
import { testAbort, testBatch } from './test-batch.js';

/** What every transport over a network can be asked for. */
export interface TransportSettings {
  readonly url: string;
  readonly headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  readonly sendBatchId?: boolean;
}

export interface TransportHarness {
  readonly receivers: Receivers;
  readonly protocol: ReceiverProtocol;
  create(settings: TransportSettings): Transport;
  /** The runtime itself sends a request once more whose connection, used before, was cut. */
  readonly resends?: boolean | undefined;
  /** Makes the engine collect its garbage now. */
  collectGarbage?(): void | Promise<void>;
}

const paths: Readonly<Record<'http' | 'grpc', Readonly<Record<Signal, string>>>> = {
  http: { traces: '/v1/traces', metrics: '/v1/metrics', logs: '/v1/logs' },
  grpc: {
    traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  },
};

async function setUp(harness: TransportHarness, after: After, settings: Partial<TransportSettings> = {}) {
  const receiver: Receiver = await harness.receivers.open(harness.protocol);
  after(() => receiver.close());
  const transport = harness.create({ url: receiver.url, ...settings });
  after(() => transport.close?.());
  const send = (batch: Batch = testBatch(), abort = testAbort().signal): Promise<Outcome> =>
    transport.send(batch, { abort });
  return { receiver, transport, send };
}

const containing = (text: string) => (value: unknown) => typeof value === 'string' && value.includes(text);

/**
 * The contract of `Transport` (core/ports.ts), against a real receiver on loopback. Run it once for each implementation, in each runtime.
 * Needs: `weak-references`, `WeakRef` and a way to collect garbage; `connections`, that the transport can be held to few of them; `answers`, that it
 * waits for what the receiver says; `settings`, that address, headers and id are its own.
 */
export const transportSuite = suite<TransportHarness>('transport', 'a transport', (test) => {
  test('the bytes arrive as they are, at the signal’s place, with the id of the batch', async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    let count = 0;
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      const batch = testBatch({ signal });
      match(await send(batch), { kind: 'accepted', rejectedItems: 0, message: undefined });
      const request = (await receiver.arrived(++count)).at(-1)!;
      equal(request.body, [...batch.bytes], 'the body');
      equal(request.path.replace(/\?.*/, ''), paths[harness.protocol === 'grpc' ? 'grpc' : 'http'][signal], 'the path');
      equal(request.batchId, batch.id, 'the id');
    }
  });

  test('bytes that are a view into a larger buffer arrive without their neighbours', async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    const large = Uint8Array.from({ length: 100 }, (_, at) => at);
    await send(testBatch({ bytes: large.subarray(10, 20) }));
    equal((await receiver.arrived(1))[0]!.body, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19], 'the body');
  });

  test('the id can be kept back', { needs: ['settings'] }, async (harness, after) => {
    const { receiver, send } = await setUp(harness, after, { sendBatchId: false });
    await send();
    const [request] = await receiver.arrived(1);
    match(request, { batchId: undefined, path: /^[^?]*$/ });
  });

  test('a partial success tells how many were rejected and why', { needs: ['answers'] }, async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    await receiver.answer(
      { kind: 'partial', rejected: 3, message: 'three bad ids' },
      { kind: 'partial', rejected: 0, message: 'only a warning' },
    );
    equal(await send(), { kind: 'accepted', rejectedItems: 3, message: 'three bad ids' });
    equal(await send(), { kind: 'accepted', rejectedItems: 0, message: 'only a warning' });
  });

  test('a busy receiver is tried again, when it says', { needs: ['answers'] }, async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    await receiver.answer(
      { kind: 'busy', message: 'too much', afterSeconds: 7 },
      { kind: 'busy', message: 'too much' },
    );
    match(await send(), { kind: 'retry', afterMs: 7_000, reason: containing('too much') });
    match(await send(), { kind: 'retry', afterMs: undefined });
  });

  test(
    'what a receiver will never take is refused, in its own words',
    { needs: ['answers'] },
    async (harness, after) => {
      const { receiver, send } = await setUp(harness, after);
      await receiver.answer({ kind: 'refuse', message: 'spans without ids' });
      match(await send(), { kind: 'refused', reason: containing('spans without ids') });
    },
  );

  test('too many bytes at once is an outcome of its own', { needs: ['answers'] }, async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    await receiver.answer({ kind: 'too-large', message: 'no' });
    match(await send(), { kind: 'too-large', reason: containing('no') });
  });

  test(
    'nobody there: tried again, with the address in the reason and no credentials in it [F15]',
    { needs: ['answers'] },
    async (harness, after) => {
      const { host, port } = addressOf(await harness.receivers.unusedUrl());
      const transport = harness.create({ url: `http://user:secret@${host}:${port}` });
      after(() => transport.close?.());
      match(transport.destination, containing(port));
      ok(!/user|secret/.test(transport.destination), `the destination says ${transport.destination}`);
      const outcome = await transport.send(testBatch(), { abort: testAbort().signal });
      match(outcome, { kind: 'retry', reason: containing(`${host}:${port}`) });
      ok(!JSON.stringify(outcome).includes('secret'), 'the reason tells the password');
    },
  );

  test(
    'a connection cut instead of an answer is tried again, and the next send works',
    { needs: ['answers'] },
    async (harness, after) => {
      const { receiver, send } = await setUp(harness, after);
      await receiver.answer({ kind: 'cut' }, ...(harness.resends ? [{ kind: 'cut' } as const] : []));
      match(await send(), { kind: 'retry' });
      match(await send(), { kind: 'accepted' });
    },
  );

  test(
    'aborted while the receiver is silent, it settles at once with retry',
    { needs: ['answers'] },
    async (harness, after) => {
      const { receiver, send } = await setUp(harness, after);
      await receiver.answer({ kind: 'silent' });
      const { signal, abort } = testAbort();
      const sent = send(testBatch(), signal);
      await receiver.arrived(1);
      abort();
      match(await sent, { kind: 'retry' });
      match(await send(), { kind: 'accepted' });
    },
  );

  test(
    'aborted while a server has taken the connection and never says a word, it settles at once with retry',
    { needs: ['answers'] },
    async (harness, after) => {
      const mute = await harness.receivers.openMute();
      after(() => mute.close());
      const transport = harness.create({ url: mute.url });
      after(() => transport.close?.());
      const { signal, abort } = testAbort();
      const sent = transport.send(testBatch(), { abort: signal });
      await mute.connected();
      abort();
      match(await sent, { kind: 'retry' });
    },
  );

  test('aborted before it began, nothing is said to have been taken', async (harness, after) => {
    const { send } = await setUp(harness, after);
    const { signal, abort } = testAbort();
    abort();
    match(await send(testBatch(), signal), { kind: 'retry' });
  });

  test('several sends at once each get their own answer', { needs: ['answers'] }, async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    await receiver.answer(
      { kind: 'accept', delayMs: 50 },
      { kind: 'refuse', message: 'second' },
      { kind: 'accept', delayMs: 20 },
    );
    const outcomes = await Promise.all([send(), send(), send(), send()]);
    equal(outcomes.map(({ kind }) => kind).sort(), ['accepted', 'accepted', 'accepted', 'refused']);
    const ids = (await receiver.arrived(4)).map(({ batchId }) => batchId);
    equal(new Set(ids).size, 4, 'the number of different batches that arrived');
  });

  test('sends that follow each other share a connection', { needs: ['connections'] }, async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    for (let i = 0; i < 5; i++) match(await send(), { kind: 'accepted' });
    await receiver.arrived(5);
    // undici may open its second before the first is free again.
    between(await receiver.connections(), 1, 2, 'the number of connections');
  });

  test('after a receiver has restarted the next send or the one after it arrives', async (harness, after) => {
    const { receiver, send } = await setUp(harness, after);
    await send();
    await receiver.dropConnections();
    match(await untilTaken(send), { kind: 'accepted' });
  });

  test(
    'headers are asked for at each send, may come late, and their failure is only a failed attempt',
    { needs: ['settings'] },
    async (harness, after) => {
      let token = 0;
      const headers = async () => {
        if (++token === 2) throw new Error('no token today');
        return { authorization: `Bearer ${token}`, 'X-Mixed-Case': 'kept' };
      };
      const { receiver, send } = await setUp(harness, after, { headers });
      match(await send(), { kind: 'accepted' });
      match(await send(), { kind: 'retry', reason: containing('no token today') });
      match(await send(), { kind: 'accepted' });
      const arrived = await receiver.arrived(2);
      equal(
        arrived.map((one) => one.headers.authorization),
        ['Bearer 1', 'Bearer 3'],
      );
      equal(arrived[0]!.headers['x-mixed-case'], 'kept');
    },
  );

  test('it keeps no reference to a batch it has sent', { needs: ['weak-references'] }, async (harness, after) => {
    const { send } = await setUp(harness, after);
    const { collectGarbage } = harness;
    ok(collectGarbage, 'there is no way to collect garbage');
    const reference = await (async () => {
      const batch = testBatch({ bytes: new Uint8Array(500_000) });
      await send(batch);
      return new WeakRef(batch.bytes);
    })();
    await send();
    for (let tries = 0; reference.deref(); tries++) {
      ok(tries < 100, 'the bytes are still there');
      // What a `WeakRef` was asked for stays until the end of the task.
      await new Promise((resolve) => setTimeout(resolve, 10));
      await collectGarbage();
    }
  });

  test('close settles, also a second time and before anything was sent', async (harness, after) => {
    const { transport } = await setUp(harness, after);
    await transport.close?.();
    await transport.close?.();
  });
});

/** A send that failed may have had no other reason than a kept connection that was over; then there is nothing to wait for. */
async function untilTaken(send: () => Promise<Outcome>): Promise<Outcome> {
  const outcome = await send();
  return outcome.kind === 'retry' ? send() : outcome;
}

/** Of a loopback address, without asking for `URL`, which small engines have not. */
function addressOf(url: string): { readonly host: string; readonly port: string } {
  const [, host, port] = /^http:\/\/([^:/]+):(\d+)/.exec(url)!;
  return { host: host!, port: port! };
}
