import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { SeenSpan } from '../../web/support/decode-traces.js';
import { type RunningWorker, runWorker, type WorkerSettings } from './run-worker.js';
import { type SpanSink, spanSink } from './span-sink.js';

const serverKind = 2;

/** Workers of the tests around this call, in front of a server of their own and with a receiver for each test. */
export function shopWorkers() {
  let upstream: Server;
  let upstreamUrl: string;
  let asked: { url: string; headers: Record<string, unknown> }[] = [];
  let sink: SpanSink;
  const workers: RunningWorker[] = [];

  beforeAll(async () => {
    upstream = createServer(async ({ url, headers }, response) => {
      asked.push({ url: url!, headers });
      if (url === '/held') await sink.arrived(1);
      response.writeHead(url!.includes('gone') ? 410 : 200).end('from upstream');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => upstream.once('listening', resolve));
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    upstream?.close();
    upstream?.closeAllConnections();
  });
  beforeEach(async () => {
    asked = [];
    sink = await spanSink();
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop();
    await sink.close();
  });

  async function start(program = 'shop.mjs', { bindings, ...settings }: WorkerSettings = {}): Promise<RunningWorker> {
    const worker = await runWorker(program, {
      bindings: { COLLECTOR: sink.url, TOKEN: 'secret', UPSTREAM: upstreamUrl, NOBODY: await closedUrl(), ...bindings },
      ...settings,
    });
    workers.push(worker);
    return worker;
  }

  return {
    start,
    /** Where a test's Worker sends to. */
    get sink() {
      return sink;
    },
    /** What the server was asked in this test. */
    get asked() {
      return asked;
    },
    get upstreamUrl() {
      return upstreamUrl;
    },
  };
}

export const named = (spans: readonly SeenSpan[], name: string): SeenSpan[] =>
  spans.filter((span) => span.name === name);
export const requestOf = (spans: readonly SeenSpan[]): SeenSpan => spans.find(({ kind }) => kind === serverKind)!;

/** An address where nobody listens. */
export async function closedUrl(): Promise<string> {
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  return `http://127.0.0.1:${port}`;
}
