import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createStackContextStore } from '../../sdk/src/core/context/stack-context-store.js';
import type { BatchLimits, Destinations } from '../../sdk/src/core/options.js';
import type { Ports, Transport } from '../../sdk/src/core/ports.js';
import { startTelemetry } from '../../sdk/src/core/telemetry.js';
import type { Telemetry } from '../../sdk/src/core/telemetry-handle.js';
import { createNodeClock } from '../../sdk/src/runtimes/node/ports/clock.js';
import { nodeEntropy } from '../../sdk/src/runtimes/node/ports/entropy.js';
import { nodeTimers } from '../../sdk/src/runtimes/node/ports/timers.js';
import { nodeHttpTransport } from '../../sdk/src/transports/node-http.js';
import { fakeTime } from '../../testkit/src/fake-time.js';
import { type FaultFront, type FrontFault, faultFront } from '../../testkit/src/faults/fault-front.js';
import { faultSize, nothingLostOfAny, sayFault } from '../../testkit/src/faults/fault-run.js';
import { SERIAL } from '../../testkit/src/faults/serials.js';
import { everySignal, type FaultSignal, serialsOnTheWire } from '../../testkit/src/faults/serials-on-the-wire.js';
import { createTestAuthority } from '../../testkit/src/test-certificates.js';
import { countSignalsIn } from './count-serials.js';
import { eventually, startCollector, storedRows, type TestCollector } from './start-collector.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-network-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let stories = 0;
async function collectorOfItsOwn(): Promise<TestCollector> {
  const collector = await startCollector([], { data: join(scratch, `${++stories}`) });
  closing.push(() => collector.stop());
  return collector;
}

async function frontOf(collector: TestCollector, next: (body: Buffer) => FrontFault): Promise<FaultFront> {
  const front = await faultFront(() => collector.otlpHttp, next);
  closing.push(() => front.close());
  return front;
}

function program(
  destinations: Destinations,
  batch: Partial<BatchLimits> = {},
  ports: Partial<Pick<Ports, 'clock' | 'timers'>> = {},
): Telemetry {
  const telemetry = startTelemetry(
    {
      clock: createNodeClock(),
      entropy: nodeEntropy,
      timers: nodeTimers,
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
      ...ports,
    },
    {
      global: false,
      destinations,
      // Then each point is told once, and each serial is a series.
      metricTemporality: 'delta',
      cardinalityLimit: 1_000_000,
      onDiagnostic: () => {},
      batch: {
        maxItems: 100,
        maxAgeMs: 50,
        maxQueueItems: 1_000_000,
        maxQueueBytes: 512 * 1024 * 1024,
        sendTimeoutMs: 1_000,
        firstRetryMs: 100,
        maxRetryMs: 200,
        concurrency: 4,
        ...batch,
      },
    },
  );
  closing.push(() => telemetry.shutdown({ timeoutMs: 100 }));
  return telemetry;
}

/** A span, a log record or a count with this serial. */
function recorder(telemetry: Telemetry, signal: FaultSignal): (serial: number) => void {
  if (signal === 'logs') return (serial) => telemetry.logger.emit({ body: 'work', attributes: { [SERIAL]: serial } });
  if (signal === 'metrics') {
    const counter = telemetry.meter.createCounter('work');
    return (serial) => counter.add(1, { [SERIAL]: serial });
  }
  return (serial) => telemetry.tracer.startSpan('work', { attributes: { [SERIAL]: serial } }).end();
}

/** So many items of each signal with their serials, with a breath after each hundred, so that they are sent while others are made. */
async function record(telemetry: Telemetry, items: number, ...signals: readonly FaultSignal[]): Promise<number[]> {
  const recorders = signals.map((signal) => recorder(telemetry, signal));
  const serials = Array.from({ length: items }, (_, at) => at + 1);
  for (const serial of serials) {
    for (const one of recorders) one(serial);
    if (serial % 100 !== 0) continue;
    // What is counted becomes bytes when it is collected.
    if (signals.includes('metrics')) void telemetry.flush();
    await new Promise((done) => setImmediate(done));
  }
  return serials;
}

/** Until the program has nothing left and the store has what arrived; then the store is counted, for each of these signals. */
async function settle(
  telemetry: Telemetry,
  collector: TestCollector,
  sent: readonly number[],
  ...signals: readonly FaultSignal[]
) {
  await emptied(telemetry);
  return countWhenStored(collector, sent, signals);
}

async function emptied(telemetry: Telemetry): Promise<void> {
  await eventually(
    async () => {
      await telemetry.flush({ timeoutMs: 5_000 });
      return telemetry.status().queued.items;
    },
    (items) => items === 0,
    240_000,
  );
}

async function countWhenStored(collector: TestCollector, sent: readonly number[], signals: readonly FaultSignal[]) {
  await eventually(
    () => storedRows(collector),
    (rows) => rows >= sent.length * signals.length,
    60_000,
  );
  await collector.stop();
  return countSignalsIn(collector.data, signals, () => sent);
}

/** One of `faults` for each of the first requests, in turn, and in between as many that pass; then the weather is good. */
function weather(faults: readonly FrontFault[], requests: number): () => FrontFault {
  let at = 0;
  return () => {
    const turn = at++;
    return turn >= requests || turn % 2 === 1 ? 'pass' : faults[(turn >> 1) % faults.length]!;
  };
}

const serialsOf = (signal: FaultSignal, body: Uint8Array): number[] =>
  serialsOnTheWire(signal, body[0] === 0x1f ? gunzipSync(body) : body);

test.each(everySignal)(
  'of %s, answers that are lost, wrong or doubled, requests that are cut and servers that hang: each is stored once [F15 F16 S7]',
  async (signal) => {
    const collector = await collectorOfItsOwn();
    const faults: FrontFault[] = [
      'lose-answer',
      { answerWrongly: 503 },
      'cut-request',
      'duplicate',
      { answerWrongly: 429 },
      'hang',
      { answerWrongly: 502 },
      'cut-request',
    ];
    const front = await frontOf(collector, weather(faults, faultSize({ brief: 24, full: 600 })));
    const telemetry = program(nodeHttpTransport({ url: front.url }));
    const sent = await record(telemetry, faultSize({ brief: 3_000, full: 100_000 }), signal);
    const counts = await settle(telemetry, collector, sent, signal);
    sayFault(`what befell requests: ${JSON.stringify(Object.fromEntries(front.counts))}`);
    for (const name of ['lose-answer', 'cut-request', 'duplicate', 'hang'])
      expect(front.counts.get(name)).toBeGreaterThan(0);
    expect(Object.values(telemetry.status().dropped).every((dropped) => dropped === 0)).toBe(true);
    nothingLostOfAny('network: answers lost and wrong, requests cut, doubled and hanging', counts);
  },
);

test.each(everySignal)(
  'of %s, through storms of 429 and 503, with a time to wait and without one, each is stored once [F16 S7]',
  async (signal) => {
    const collector = await collectorOfItsOwn();
    const faults: FrontFault[] = [
      { refuse: 503 },
      { refuse: 429, retryAfterSeconds: 0 },
      { refuse: 429 },
      { refuse: 503, retryAfterSeconds: 1 },
    ];
    const requests = faultSize({ brief: 12, full: 200 });
    let seen = 0;
    const front = await frontOf(collector, () => (seen++ < requests ? faults[seen % faults.length]! : 'pass'));
    const telemetry = program(nodeHttpTransport({ url: front.url }));
    const sent = await record(telemetry, faultSize({ brief: 3_000, full: 100_000 }), signal);
    const counts = await settle(telemetry, collector, sent, signal);
    expect(telemetry.status().sent[signal]).toBe(sent.length);
    nothingLostOfAny('network: storms of 429 and 503', counts);
  },
);

test.each(everySignal)(
  'of %s, what a server answers with 500 is set aside and counted, once, and holds up nothing behind it [F16 S7]',
  async (signal) => {
    const collector = await collectorOfItsOwn();
    const refused = new Set<number>();
    let requests = 0;
    const front = await frontOf(collector, (body) => {
      if (++requests % 5 !== 0) return 'pass';
      for (const serial of serialsOf(signal, body)) refused.add(serial);
      return { refuse: 500, body: 'cannot use this' };
    });
    // Whoever stops waiting before it hears the answer sends again, and may be lucky.
    const telemetry = program(nodeHttpTransport({ url: front.url }), { sendTimeoutMs: 60_000 });
    const all = await record(telemetry, faultSize({ brief: 2_000, full: 100_000 }), signal);
    await emptied(telemetry);
    const sent = all.filter((serial) => !refused.has(serial));
    expect(refused.size).toBeGreaterThan(0);
    expect(telemetry.status().dropped.refused).toBe(refused.size);
    expect(telemetry.status().sent[signal]).toBe(sent.length);
    nothingLostOfAny('network: 500s set aside', await countWhenStored(collector, sent, [signal]));
  },
);

test('a name that is not found and a certificate that is not trusted lose nothing: the next destination has each span, log record and point once [F15 F18 S7]', async () => {
  const collector = await collectorOfItsOwn();
  const certificate = createTestAuthority().issue();
  const stranger = createServer(certificate, (_, response) => response.end());
  await new Promise<void>((done) => stranger.listen(0, '127.0.0.1', done));
  closing.push(() => new Promise((done) => stranger.close(done)));
  const telemetry = program({
    failover: [
      nodeHttpTransport({ url: 'http://collector.invalid:4318' }),
      nodeHttpTransport({ url: `https://127.0.0.1:${(stranger.address() as AddressInfo).port}` }),
      nodeHttpTransport({ url: collector.otlpHttp }),
    ],
  });
  const sent = await record(telemetry, faultSize({ brief: 2_000, full: 100_000 }), ...everySignal);
  const counts = await settle(telemetry, collector, sent, ...everySignal);
  expect(telemetry.status().destinations.map(({ failures }) => failures > 0)).toEqual([true, true, false]);
  nothingLostOfAny('network: names not found, certificates not trusted', counts);
});

test('ten minutes without a collector, by a clock that is told, lose nothing of any signal and ask it seldom [F15 F16 S7]', async () => {
  const collector = await collectorOfItsOwn();
  const time = fakeTime(Date.now());
  const http = nodeHttpTransport({ url: collector.otlpHttp });
  let isAway = true;
  let asked = 0;
  const transport: Transport = {
    ...http,
    destination: http.destination,
    async send(batch, options) {
      if (!isAway) return http.send(batch, options);
      asked++;
      return { kind: 'retry', reason: 'connect ECONNREFUSED' };
    },
  };
  const telemetry = program(transport, { firstRetryMs: 1_000, maxRetryMs: 60_000, sendTimeoutMs: 3_600_000 }, time);
  const recorders = everySignal.map((signal) => recorder(telemetry, signal));
  const items = faultSize({ brief: 3_000, full: 100_000 });
  const sent: number[] = [];
  for (let second = 0; second < 600; second++) {
    for (let i = 0; i < items / 600; i++) {
      sent.push(sent.length + 1);
      for (const one of recorders) one(sent.length);
    }
    await time.advance(1_000);
  }
  // One circuit for all that waits: 1, 2, 4 … seconds, then a minute each, give or take the half of it.
  expect(asked).toBeLessThan(60);
  isAway = false;
  let isCollected = false;
  void telemetry.flush({ timeoutMs: 3_600_000 }).then(() => {
    isCollected = true;
  });
  while (!isCollected || telemetry.status().queued.items > 0) {
    await time.advance(1_000);
    // What travels takes time of its own.
    await new Promise((done) => setTimeout(done, 5));
  }
  for (const signal of everySignal) expect(telemetry.status().sent[signal]).toBe(sent.length);
  nothingLostOfAny('network: an outage of ten minutes', await countWhenStored(collector, sent, everySignal));
});
