import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { Client, compressionAlgorithms, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, expect, test } from 'vitest';
import { faultSize, nothingLost, sayFault } from '../../testkit/src/faults/fault-run.js';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import { countSerials } from './count-serials.js';
import { buildEngineProcess } from './open-test-store.js';
import { encodeTraces } from './otlp-proto.js';
import { sendSerials } from './serial-sender.js';
import { eventually, startCollector, type TestCollector } from './start-collector.js';
import { zstdRun } from './zstd-frames.js';

const MIB = 1024 * 1024;
/** What the process that receives may take of the machine, whatever comes. One attack after the other was seen to reach 214 MB. */
const RSS_LIMIT = 256e6;
const scratch = mkdtempSync(join(tmpdir(), 'throughline-malicious-'));
let collector: TestCollector;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await collector?.stop('SIGKILL');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const canMeasure = existsSync('/proc/self/clear_refs');
const forgetPeak = (): void => {
  if (canMeasure) writeFileSync(`/proc/${collector.process.pid}/clear_refs`, '5');
};
const peakBytes = (): number =>
  canMeasure
    ? Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${collector.process.pid}/status`, 'utf8'))?.[1]) * 1024
    : 0;

/** The answer's status; 0 where the connection ended without one. */
function post(body: Uint8Array, headers: Record<string, string> = {}, path = '/v1/traces'): Promise<number> {
  const { hostname, port } = new URL(collector.otlpHttp);
  return new Promise((resolve) => {
    const sent = httpRequest(
      { hostname, port, path, method: 'POST', headers: { 'content-type': 'application/x-protobuf', ...headers } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

function raw(): Promise<Socket> {
  const { hostname, port } = new URL(collector.otlpHttp);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      resolve(socket);
    });
    socket.resume();
  });
}

let lastId = 0;
const span = (name: string, more: object = {}): object => ({
  traceId: Buffer.from((++lastId).toString(16).padStart(32, '9'), 'hex'),
  spanId: Buffer.from(lastId.toString(16).padStart(16, '9'), 'hex'),
  name,
  startTimeUnixNano: `${Date.now()}000000`,
  endTimeUnixNano: `${Date.now() + 1}000000`,
  ...more,
});
const requestOf = (spans: object[], resource: object = {}): Uint8Array =>
  encodeTraces({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
const attribute = (key: string, value: object): object => ({ attributes: [{ key, value }] });

/** A length-delimited field around bytes. */
function wrap(tag: number, inner: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = inner.length;
  while (rest > 127) {
    length.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.concat([Buffer.from([tag, ...length, rest]), inner]);
}

/** Arrays in arrays, so many of them, as an attribute's value in protobuf. */
function nested(levels: number): Uint8Array {
  let value: Uint8Array = Buffer.from([0x18, 1]);
  for (let level = 0; level < levels; level++) value = wrap(0x2a, wrap(0x0a, value));
  const keyValue = Buffer.concat([wrap(0x0a, Buffer.from('deep')), wrap(0x12, value)]);
  const id = (++lastId).toString(16);
  const bytes = Buffer.concat([
    wrap(0x0a, Buffer.from(id.padStart(32, '9'), 'hex')),
    wrap(0x12, Buffer.from(id.padStart(16, '9'), 'hex')),
    wrap(0x2a, Buffer.from('nested')),
    wrap(0x4a, keyValue),
  ]);
  return wrap(0x0a, wrap(0x12, wrap(0x12, bytes)));
}

const all = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const zeros = Buffer.alloc(80 * MIB);
const bombs: readonly (readonly [string, Buffer])[] = [
  ['gzip', gzipSync(zeros)],
  ['deflate', deflateSync(zeros)],
  ['br', brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })],
  ['zstd', zstdRun(2 * 1024 ** 3)],
];

/** What is tried, each with the answers it may get. 503: come again, because somebody else has the room. */
const ATTACKS: Readonly<Record<string, () => Promise<void>>> = {
  async 'bodies that inflate without end'() {
    for (const [coding, body] of bombs) {
      const answers = await all(6, () => post(body, { 'content-encoding': coding }));
      for (const status of answers) expect([413, 503], coding).toContain(status);
    }
  },
  async 'gRPC messages that inflate without end'() {
    const client = new Client(new URL(collector.otlpGrpc).host, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    });
    const metadata = new Metadata();
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    const same = (bytes: Buffer): Buffer => bytes;
    const codes = await all(
      6,
      () =>
        new Promise<number>((resolve) =>
          client.makeUnaryRequest(path, same, same, zeros.subarray(0, 70 * MIB), metadata, (error) =>
            resolve(error?.code ?? 0),
          ),
        ),
    );
    client.close();
    // RESOURCE_EXHAUSTED, or UNAVAILABLE.
    for (const code of codes) expect([8, 14]).toContain(code);
  },
  async 'bodies that announce much and come slowly'() {
    const slow = await all(100, async () => {
      const socket = await raw();
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${60 * MIB}\r\n\r\n`,
      );
      return socket;
    });
    for (let round = 0; round < 20; round++) {
      for (const socket of slow) if (!socket.destroyed) socket.write(Buffer.alloc(round === 0 ? 200_000 : 1));
      await new Promise((done) => setImmediate(done));
    }
  },
  async 'thousands of half-open requests'() {
    for (let round = 0; round < faultSize({ brief: 6, full: 15 }); round++)
      await all(250, async () => {
        const socket = await raw();
        if (!socket.destroyed) socket.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\nconte');
      });
  },
  async 'bodies of pieces of one byte'() {
    const piece = Buffer.from('1\r\nx\r\n'.repeat(50_000));
    await all(4, async () => {
      const socket = await raw();
      socket.write(
        'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n',
      );
      const closed = new Promise((done) => socket.once('close', done));
      for (let round = 0; round < 6 && !socket.destroyed; round++)
        if (!socket.write(piece)) await Promise.race([closed, new Promise((done) => socket.once('drain', done))]);
    });
  },
  async 'values in values without end'() {
    const json = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"json","attributes":[{"key":"deep","value":${'{"arrayValue":{"values":['.repeat(50_000)}`;
    const closing = ']}}'.repeat(50_000);
    expect(await post(Buffer.from(`${json}{}${closing}}]}]}]}]}`), { 'content-type': 'application/json' })).toBe(400);
    expect(await post(Buffer.from('['.repeat(7 * MIB)), { 'content-type': 'application/json' })).toBe(400);
    expect(await post(nested(5_000))).toBe(200);
  },
  async 'JSON of objects of nothing'() {
    const body = Buffer.from(`{"resourceSpans":[${'{},'.repeat(2.6 * MIB)}{}]}`);
    const answers = await all(3, () => post(body, { 'content-type': 'application/json' }));
    for (const status of answers) expect([200, 413, 503]).toContain(status);
  },
  async 'a large resource above many small spans'() {
    const resource = attribute('padding', { stringValue: 'x'.repeat(MIB) });
    const tiny = Buffer.from(
      requestOf(
        Array.from({ length: 20_000 }, () => span('copies')),
        resource,
      ),
    );
    const answers = await all(3, () => post(tiny));
    for (const status of answers) expect([413, 503]).toContain(status);
  },
};

/** What is odd and has to be kept: each name with the request that brings one span of it. */
const ODDITIES: Readonly<Record<string, () => Uint8Array>> = {
  'ten megabytes': () => requestOf([span('ten megabytes', attribute('large', { stringValue: 'y'.repeat(10e6) }))]),
  'not UTF-8': () => {
    const bytes = Buffer.from(
      requestOf([span('not UTF-8', attribute('text', { stringValue: 'before \u0001\u0001 after' }))]),
    );
    bytes.fill(0xff, bytes.indexOf(Buffer.from([1, 1])), bytes.indexOf(Buffer.from([1, 1])) + 2);
    return bytes;
  },
  'of 1970': () => requestOf([span('of 1970', { startTimeUnixNano: '1', endTimeUnixNano: '2' })]),
  'of 2200': () =>
    requestOf([span('of 2200', { startTimeUnixNano: '7258118400000000000', endTimeUnixNano: '7258118400000000001' })]),
  'of the end of time': () =>
    requestOf([span('of the end of time', { startTimeUnixNano: '18446744073709551615', endTimeUnixNano: '1' })]),
};

test('whatever comes, memory stays under its limit, honest senders get through and their batches are kept', async () => {
  const data = join(scratch, 'attacked');
  collector = await startCollector([], { data });
  await eventually(
    async () => (await fetch(`${collector.explorer}/readyz`)).json() as Promise<{ store: { open: boolean } }>,
    ({ store }) => store.open,
    60_000,
  );
  const honest = sendSerials({ url: () => collector.otlpHttp, connections: 2, spansOfRequest: 50 });
  const odd: Record<string, number> = {};
  const rounds = faultSize({ brief: 1, full: 4 });
  for (let round = 0; round < rounds; round++) {
    for (const [name, attack] of Object.entries(ATTACKS)) {
      forgetPeak();
      const before = honest.answers;
      await attack();
      // Those who behave are answered while all of it is still there.
      await eventually(
        async () => honest.answers,
        (answers) => answers >= before + 20,
        30_000,
      );
      const peak = peakBytes();
      sayFault(`${name}: at most ${Math.round(peak / 1e6)} MB, ${honest.answers - before} honest requests meanwhile`);
      expect(peak, `memory under ${name}`).toBeLessThan(RSS_LIMIT);
      for (const socket of sockets) socket.destroy();
    }
    for (const [name, make] of Object.entries(ODDITIES)) {
      const body = make();
      await eventually(
        () => post(body),
        (status) => status === 200,
        30_000,
      );
      odd[name] = (odd[name] ?? 0) + 1;
    }
  }
  const acknowledged = honest.acknowledged;
  if (faultSize({ brief: 0, full: 1 }) === 1)
    await eventually(
      async () => acknowledged.length,
      (spans) => spans >= 100_000,
      300_000,
    );
  await honest.finish();
  expect(await collector.stop()).toMatchObject({ code: 0 });

  const store = await createEmbeddedStore({ dataDir: data, engineEntry: buildEngineProcess() });
  try {
    nothingLost('malicious input', await countSerials(store, acknowledged));
    const { rows } = await store.query<{ name: string; spans: string }>(
      `SELECT SpanName AS name, count() AS spans FROM otel_traces WHERE SpanName IN (${Object.keys(ODDITIES)
        .map((name) => `'${name}'`)
        .join(', ')}) GROUP BY name`,
    );
    expect(Object.fromEntries(rows.map(({ name, spans }) => [name, Number(spans)]))).toEqual(odd);
  } finally {
    await store.close();
  }
});

let honestSenders = 0;
test('one greedy sender, with as many connections as it likes, does not keep honest ones from sending', async () => {
  const data = join(scratch, 'greedy');
  collector = await startCollector(['--in-flight', '16'], { data });
  const large = requestOf(
    Array.from({ length: 2_000 }, () => span('greedy', attribute('padding', { stringValue: 'z'.repeat(1_000) }))),
  );
  let isGreedy = true;
  const greedyAnswers = new Map<number, number>();
  const greedy = all(24, async () => {
    while (isGreedy) {
      const status = await post(large);
      greedyAnswers.set(status, (greedyAnswers.get(status) ?? 0) + 1);
    }
  });
  await eventually(
    async () => greedyAnswers.get(503) ?? 0,
    (refused) => refused > 10,
    30_000,
  );
  // Four honest ones, each on a connection of its own.
  const requests = faultSize({ brief: 100, full: 1_000 });
  const honest = await all(4, async () => {
    const sending = sendSerials({
      url: () => collector.otlpHttp,
      connections: 1,
      spansOfRequest: 100,
      firstSerial: ++honestSenders * 100_000,
    });
    await eventually(
      async () => sending.answers,
      (answers) => answers >= requests / 4,
      240_000,
    );
    expect(isGreedy).toBe(true);
    await sending.finish();
    return sending.acknowledged;
  });
  isGreedy = false;
  await greedy;
  sayFault(`the greedy one was answered ${JSON.stringify([...greedyAnswers])}`);
  await collector.stop();
  const store = await createEmbeddedStore({ dataDir: data, engineEntry: buildEngineProcess() });
  try {
    nothingLost('a greedy sender beside honest ones', await countSerials(store, honest.flat()));
  } finally {
    await store.close();
  }
});
