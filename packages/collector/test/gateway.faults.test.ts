import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type FaultProxy, faultProxy } from '../../testkit/src/fault-proxy.js';
import { type FaultCount, faultSize, nothingLostOfAny, sayFault } from '../../testkit/src/faults/fault-run.js';
import { tallySerials } from '../../testkit/src/faults/serials.js';
import {
  everySignal,
  type FaultSignal,
  serialsOnTheWire,
  signalOfPath,
} from '../../testkit/src/faults/serials-on-the-wire.js';
import { smallDisk } from '../../testkit/src/faults/small-disk.js';
import { ledgerKey } from '../src/spool/ledger.js';
import { countSignalsIn, serialsIn } from './count-serials.js';
import { type SerialSender, type SerialSenderOptions, sendSerials } from './serial-sender.js';
import { eventually, startCollector, storedRows } from './start-collector.js';
import { startGateway, type TestGateway } from './start-gateway.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-gateway-faults-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function proxyTo(url: string): Promise<FaultProxy> {
  const proxy = await faultProxy(url);
  closing.push(() => proxy.close());
  return proxy;
}

/** A gateway that is started again and again with the same data. */
function gatewayOn(data: string, to: readonly string[], args: readonly string[] = []) {
  let current: Promise<TestGateway> | undefined;
  let url = 'http://127.0.0.1:9';
  const gateway = {
    get url() {
      return url;
    },
    async start(): Promise<TestGateway> {
      current = startGateway(to, args, { data });
      url = (await current).otlpHttp;
      return current;
    },
    async kill(): Promise<void> {
      await (await current)?.stop('SIGKILL');
    },
    /** Resolves when it has nothing left. */
    async emptied(): Promise<void> {
      const { status } = await current!;
      await eventually(
        async () => /forward_waiting_batches (\d+)/.exec(await (await fetch(`${status}/metrics`)).text())?.[1],
        (waiting) => waiting === '0',
        120_000,
      );
    },
  };
  closing.push(async () => (await current)?.stop('SIGKILL'));
  return gateway;
}

/** Sends until `limit` more exports were answered. */
function sender(options: SerialSenderOptions): { sending: SerialSender; answered(limit: number): Promise<void> } {
  let wakeUp = (): void => undefined;
  let until = Number.POSITIVE_INFINITY;
  const sending = sendSerials({
    signals: everySignal,
    spansOfRequest: faultSize({ brief: 50, full: 150 }),
    ...options,
    onAnswer: (answers) => {
      if (answers >= until) wakeUp();
    },
  });
  return {
    sending,
    answered: (limit) =>
      new Promise((done) => {
        until = sending.answers + limit;
        wakeUp = done;
      }),
  };
}

/** Changes what happens on a way again and again until it is stopped; then the way is whole. */
function disturb(proxies: readonly FaultProxy[], faults: readonly Parameters<FaultProxy['set']>[0][]) {
  let turn = 0;
  const timer = setInterval(() => {
    turn++;
    for (const [at, proxy] of proxies.entries()) {
      proxy.set(faults[(turn + at) % faults.length]!);
      if (turn % 7 === 0) proxy.cutAll();
    }
  }, 60);
  return () => {
    clearInterval(timer);
    for (const proxy of proxies) proxy.set({});
  };
}

const LOST = [{}, { cutAnswer: true }, {}, { cutRequestAfter: 3_000 }, {}, { refuse: true }];

/** A destination that answers as it is told and remembers which serials it has taken; what comes again under its id, with the same bytes, it knows, as a collector does. */
async function stormySink(answer: (number: number) => { status: number; retryAfter?: string }) {
  const taken: Record<FaultSignal, number[]> = { traces: [], logs: [], metrics: [] };
  const known = new Set<string>();
  let requests = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, retryAfter } = answer(++requests);
      const body = Buffer.concat(chunks);
      const { pathname, searchParams } = new URL(request.url!, 'http://sink');
      const key = ledgerKey(searchParams.get('tl-batch')!, body);
      const signal = signalOfPath(pathname);
      if (status === 200 && !known.has(key)) taken[signal].push(...serialsOnTheWire(signal, body));
      if (status === 200) known.add(key);
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken };
}

/** What it has of each signal. */
const tallied = (
  { acknowledgedOf }: Pick<SerialSender, 'acknowledgedOf'>,
  found: Readonly<Record<FaultSignal, readonly number[]>>,
): (readonly [FaultSignal, FaultCount])[] =>
  everySignal.map((signal) => [signal, tallySerials(acknowledgedOf(signal), found[signal])]);

test('a gateway that is killed again and again, with answers lost behind it, hands on every acknowledged span, log record and point, once [F16 S7]', async () => {
  const data = join(scratch, 'killed');
  const collector = await startCollector([], { data: join(data, 'collector') });
  closing.push(() => collector.stop());
  const proxy = await proxyTo(collector.otlpHttp);
  const gateway = gatewayOn(join(data, 'gateway'), [proxy.url]);
  await gateway.start();
  const { sending, answered } = sender({ url: () => gateway.url });
  const whole = disturb([proxy], LOST);
  const kills = faultSize({ brief: 3, full: 50 });
  for (let kill = 0; kill < kills; kill++) {
    await answered([30, 5, 60, 1, 90][kill % 5]!);
    await gateway.kill();
    await gateway.start();
    sayFault(`gateway killed ${kill + 1} of ${kills}, ${sending.acknowledged.length} items acknowledged`);
  }
  await answered(faultSize({ brief: 20, full: 400 }));
  await sending.finish();
  whole();
  await gateway.emptied();
  await eventually(
    () => storedRows(collector),
    (rows) => rows >= sending.acknowledged.length,
    60_000,
  );
  await collector.stop();
  const counts = await countSignalsIn(join(data, 'collector'), everySignal, sending.acknowledgedOf);
  nothingLostOfAny('gateway killed, answers lost', counts);
});

test('two collectors behind one gateway, with retries between them: every span, log record and point is in one of them, once [F16 S7]', async () => {
  const data = join(scratch, 'two');
  const collectors = await Promise.all(['one', 'two'].map((name) => startCollector([], { data: join(data, name) })));
  for (const collector of collectors) closing.push(() => collector.stop());
  const proxies = await Promise.all(collectors.map(({ otlpHttp }) => proxyTo(otlpHttp)));
  const gateway = gatewayOn(
    join(data, 'gateway'),
    proxies.map(({ url }) => url),
  );
  await gateway.start();
  const { sending, answered } = sender({
    url: () => gateway.url,
    spansOfRequest: faultSize({ brief: 100, full: 300 }),
  });
  const whole = disturb(proxies, LOST);
  const rounds = faultSize({ brief: 2, full: 24 });
  for (let round = 0; round < rounds; round++) {
    await answered(40);
    // Away for a while: what is new goes to the other one, what was begun here waits.
    proxies[round % 2]!.set({ refuse: true });
    proxies[round % 2]!.cutAll();
    await answered(20);
    await gateway.kill();
    await gateway.start();
    sayFault(`round ${round + 1} of ${rounds}, ${sending.acknowledged.length} items acknowledged`);
  }
  await sending.finish();
  whole();
  await gateway.emptied();
  await eventually(
    async () => (await Promise.all(collectors.map(storedRows))).reduce((sum, rows) => sum + rows, 0),
    (rows) => rows >= sending.acknowledged.length,
    60_000,
  );
  const found: Record<FaultSignal, number[]> = { traces: [], logs: [], metrics: [] };
  for (const [at, name] of ['one', 'two'].entries()) {
    await collectors[at]!.stop();
    // What the views made of them is counted with each, and nothing of it is asked of the other.
    for (const [signal, { duplicated }] of await countSignalsIn(join(data, name), everySignal, () => []))
      expect(duplicated, `${signal} twice in ${name} or its views`).toBe(0);
    for (const signal of everySignal) {
      const serials = await serialsIn(join(data, name), signal);
      expect(serials.length, `${signal} in ${name}`).toBeGreaterThan(0);
      found[signal].push(...serials);
    }
  }
  nothingLostOfAny('two collectors behind a gateway', tallied(sending, found));
});

test('storms of 429 and 503 from the destination, with and without a wait, cost a gateway nothing of any signal [F16 S7]', async () => {
  let storm = true;
  const sink = await stormySink((number) => {
    if (!storm || number % 5 === 0) return { status: 200 };
    const status = number % 2 === 0 ? 429 : 503;
    return number % 11 === 0 ? { status, retryAfter: '0' } : { status };
  });
  const gateway = gatewayOn(join(scratch, 'storm'), [sink.url]);
  await gateway.start();
  const { sending, answered } = sender({ url: () => gateway.url });
  await answered(faultSize({ brief: 100, full: 2_000 }));
  await sending.finish();
  await eventually(
    async () => sink.taken.traces.length,
    (count) => count > 0,
  );
  storm = false;
  await gateway.emptied();
  nothingLostOfAny('gateway, storms of 429 and 503', tallied(sending, sink.taken));
});

test('what arrives while the destination is away arrives when it is back, also after the gateway was killed [F16 S7]', async () => {
  const sink = await stormySink(() => ({ status: 200 }));
  const proxy = await proxyTo(sink.url);
  proxy.set({ refuse: true });
  const gateway = gatewayOn(join(scratch, 'away'), [proxy.url]);
  await gateway.start();
  const { sending, answered } = sender({ url: () => gateway.url });
  await answered(faultSize({ brief: 80, full: 1_500 }));
  await gateway.kill();
  await gateway.start();
  await answered(faultSize({ brief: 20, full: 500 }));
  await sending.finish();
  expect(sink.taken).toEqual({ traces: [], logs: [], metrics: [] });
  proxy.set({});
  await gateway.emptied();
  nothingLostOfAny('gateway, destination away and back', tallied(sending, sink.taken));
});

const disk = smallDisk(faultSize({ brief: 2, full: 6 }) * 1024 * 1024);
afterAll(() => disk?.remove());

// A disk that fills has to be one of its own; who may not mount one skips this by name.
test.skipIf(disk === undefined)(
  'a full disk makes a gateway turn senders away, and nothing that it took is lost (needs the right to mount)',
  async () => {
    const sink = await stormySink(() => ({ status: 200 }));
    const proxy = await proxyTo(sink.url);
    const gateway = gatewayOn(join(disk!.path, 'gateway'), [proxy.url]);
    const acknowledged: Record<FaultSignal, number[]> = { traces: [], logs: [], metrics: [] };
    const rounds = faultSize({ brief: 2, full: 5 });
    for (let round = 0; round < rounds; round++) {
      proxy.set({ refuse: true });
      proxy.cutAll();
      const running = await gateway.start();
      const { sending } = sender({ url: () => gateway.url, spansOfRequest: 400, firstSerial: 1 + round * 10_000_000 });
      await running.said('The spool could not be written');
      const before = sending.answers;
      if (round % 2 === 0) {
        await gateway.kill();
        await gateway.start();
      }
      proxy.set({});
      // There is room again, and those that were turned away come in.
      await eventually(
        async () => sending.answers,
        (answers) => answers > before + 5,
        60_000,
      );
      await sending.finish();
      await gateway.emptied();
      await gateway.kill();
      for (const signal of everySignal) acknowledged[signal].push(...sending.acknowledgedOf(signal));
      sayFault(`disk full ${round + 1} of ${rounds}, ${sending.acknowledged.length} items acknowledged`);
    }
    const counts = tallied({ acknowledgedOf: (signal) => acknowledged[signal] }, sink.taken);
    nothingLostOfAny('gateway, disk full', counts);
  },
);
