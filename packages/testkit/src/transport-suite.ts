import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import type { Batch, Signal } from '../../sdk/src/core/batch.js';
import type { Outcome, Transport } from '../../sdk/src/core/ports.js';
import { answersOf } from './otlp-answers.js';
import { type OtlpSink, otlpSink, type SinkProtocol } from './otlp-sink.js';

/** What every transport over a network can be asked for. */
export interface TransportSettings {
  readonly url: string;
  readonly headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  readonly sendBatchId?: boolean;
}

export interface TransportSuite {
  readonly name: string;
  readonly protocol: SinkProtocol;
  create(settings: TransportSettings): Transport;
}

let counter = 0;

/** A batch as the outbox makes them; `bytes` need not be OTLP for a transport. */
export function testBatch(overrides: Partial<Batch> = {}): Batch {
  const bytes = overrides.bytes ?? Uint8Array.from({ length: 3_000 }, (_, at) => (at * 31) & 0xff);
  return {
    v: 1,
    id: `00112233445566ff${(counter++).toString(16).padStart(16, '0')}`,
    signal: 'traces',
    priority: 'normal',
    destination: 'test',
    createdUnixMs: 1_700_000_000_000,
    items: 10,
    ...overrides,
    bytes,
  };
}

/** An abort signal that is told. */
export function testAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

const paths: Readonly<Record<'http' | 'grpc', Readonly<Record<Signal, string>>>> = {
  http: { traces: '/v1/traces', metrics: '/v1/metrics', logs: '/v1/logs' },
  grpc: {
    traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  },
};

/** The contract of `Transport` (core/ports.ts), against a real receiver on loopback. Run it once for each implementation. */
export function transportSuite({ name, protocol, create }: TransportSuite): void {
  describe(`${name} keeps the contract of a transport`, () => {
    const closing: (() => Promise<unknown> | undefined)[] = [];
    const says = answersOf[protocol];

    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
    });

    async function sinkAndTransport(settings: Partial<TransportSettings> = {}) {
      const sink: OtlpSink = await otlpSink({ protocol });
      closing.push(() => sink.close());
      const transport = create({ url: sink.url, ...settings });
      closing.push(() => transport.close?.());
      const send = (batch = testBatch(), abort = testAbort().signal): Promise<Outcome> =>
        transport.send(batch, { abort });
      return { sink, transport, send };
    }

    test('the bytes arrive as they are, at the signal’s place, with the id of the batch', async () => {
      const { sink, send } = await sinkAndTransport();
      for (const signal of ['traces', 'metrics', 'logs'] as const) {
        const batch = testBatch({ signal });
        expect(await send(batch)).toEqual({ kind: 'accepted', rejectedItems: 0, message: undefined });
        const request = sink.received.at(-1)!;
        expect(Buffer.from(request.body).equals(Buffer.from(batch.bytes))).toBe(true);
        expect(request.path.replace(/\?.*/, '')).toBe(paths[protocol === 'grpc' ? 'grpc' : 'http'][signal]);
        expect(request.batchId).toBe(batch.id);
      }
    });

    test('bytes that are a view into a larger buffer arrive without their neighbours', async () => {
      const { sink, send } = await sinkAndTransport();
      const large = Uint8Array.from({ length: 100 }, (_, at) => at);
      await send(testBatch({ bytes: large.subarray(10, 20) }));
      expect([...sink.received[0]!.body]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    });

    test('the id can be kept back', async () => {
      const { sink, send } = await sinkAndTransport({ sendBatchId: false });
      await send();
      expect(sink.received[0]).toMatchObject({ batchId: undefined });
      expect(sink.received[0]!.path).not.toContain('?');
    });

    test('a partial success tells how many were rejected and why', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push(says.partial(3, 'three bad ids'), says.partial(0, 'only a warning'));
      expect(await send()).toEqual({ kind: 'accepted', rejectedItems: 3, message: 'three bad ids' });
      expect(await send()).toEqual({ kind: 'accepted', rejectedItems: 0, message: 'only a warning' });
    });

    test('a busy receiver is tried again, when it says', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push(says.busy('too much', 7), says.busy('too much'));
      expect(await send()).toMatchObject({
        kind: 'retry',
        afterMs: 7_000,
        reason: expect.stringContaining('too much'),
      });
      expect(await send()).toMatchObject({ kind: 'retry', afterMs: undefined });
    });

    test('what a receiver will never take is refused, in its own words', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push(says.refused('spans without ids'));
      expect(await send()).toMatchObject({ kind: 'refused', reason: expect.stringContaining('spans without ids') });
    });

    test('too many bytes at once is an outcome of its own', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push(says.tooLarge('no'));
      expect(await send()).toMatchObject({ kind: 'too-large', reason: expect.stringContaining('no') });
    });

    test('nobody there: tried again, with the address in the reason and no credentials in it [F15]', async () => {
      const port = await freePort();
      const transport = create({ url: `http://user:secret@127.0.0.1:${port}` });
      closing.push(() => transport.close?.());
      expect(transport.destination).toContain(String(port));
      expect(transport.destination).not.toMatch(/user|secret/);
      const outcome = await transport.send(testBatch(), { abort: testAbort().signal });
      expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining(`127.0.0.1:${port}`) });
      expect(JSON.stringify(outcome)).not.toContain('secret');
    });

    test('a connection cut instead of an answer is tried again, and the next send works', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push({ cut: true });
      expect(await send()).toMatchObject({ kind: 'retry' });
      expect(await send()).toMatchObject({ kind: 'accepted' });
    });

    test('aborted while the receiver is silent, it settles at once with retry', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push({ silent: true });
      const { signal, abort } = testAbort();
      const sent = send(testBatch(), signal);
      await sink.arrived(1);
      abort();
      expect(await sent).toMatchObject({ kind: 'retry' });
      expect(await send()).toMatchObject({ kind: 'accepted' });
    });

    test('aborted while a server has taken the connection and never says a word, it settles at once with retry', async () => {
      const sockets = new Set<Socket>();
      const mute = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.resume();
      });
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      closing.push(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => mute.close(resolve));
      });
      const transport = create({ url: `http://127.0.0.1:${(mute.address() as AddressInfo).port}` });
      closing.push(() => transport.close?.());
      const { signal, abort } = testAbort();
      const sent = transport.send(testBatch(), { abort: signal });
      await expect.poll(() => sockets.size, { timeout: 5_000 }).toBeGreaterThan(0);
      abort();
      expect(await sent).toMatchObject({ kind: 'retry' });
    });

    test('aborted before it began, nothing is said to have been taken', async () => {
      const { send } = await sinkAndTransport();
      const { signal, abort } = testAbort();
      abort();
      expect(await send(testBatch(), signal)).toMatchObject({ kind: 'retry' });
    });

    test('several sends at once each get their own answer', async () => {
      const { sink, send } = await sinkAndTransport();
      sink.answers.push({ delayMs: 50 }, says.refused('second'), { delayMs: 20 });
      const outcomes = await Promise.all([send(), send(), send(), send()]);
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['accepted', 'accepted', 'accepted', 'refused']);
      expect(new Set(sink.received.map(({ batchId }) => batchId)).size).toBe(4);
    });

    test('sends that follow each other share a connection', async () => {
      const { sink, send } = await sinkAndTransport();
      for (let i = 0; i < 5; i++) expect(await send()).toMatchObject({ kind: 'accepted' });
      // undici may open its second before the first is free again.
      expect(sink.connections).toBeLessThanOrEqual(2);
    });

    test('after a receiver has restarted the next send or the one after it arrives', async () => {
      const { sink, send } = await sinkAndTransport();
      await send();
      sink.dropConnections();
      let outcome = await send();
      if (outcome.kind === 'retry') {
        // The only reason may be that the kept connection was over; then there is nothing to wait for.
        outcome = await send();
      }
      expect(outcome).toMatchObject({ kind: 'accepted' });
    });

    test('headers are asked for at each send, may come late, and their failure is only a failed attempt', async () => {
      let token = 0;
      const headers = async () => {
        if (++token === 2) throw new Error('no token today');
        return { authorization: `Bearer ${token}`, 'X-Mixed-Case': 'kept' };
      };
      const { sink, send } = await sinkAndTransport({ headers });
      expect(await send()).toMatchObject({ kind: 'accepted' });
      expect(await send()).toMatchObject({ kind: 'retry', reason: expect.stringContaining('no token today') });
      expect(await send()).toMatchObject({ kind: 'accepted' });
      expect(sink.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 3']);
      expect(sink.received[0]!.headers['x-mixed-case']).toBe('kept');
    });

    test('it keeps no reference to a batch it has sent', async () => {
      const { send } = await sinkAndTransport();
      const reference = await (async () => {
        const batch = testBatch({ bytes: new Uint8Array(500_000) });
        await send(batch);
        return new WeakRef(batch.bytes);
      })();
      await send();
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      await expect
        .poll(
          () => {
            collect();
            return reference.deref();
          },
          { timeout: 5_000 },
        )
        .toBeUndefined();
    });

    test('close settles, also a second time and before anything was sent', async () => {
      const { transport } = await sinkAndTransport();
      await transport.close?.();
      await transport.close?.();
    });
  });
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
