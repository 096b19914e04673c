import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type OtlpSink, otlpSink } from '../../testkit/src/otlp-sink.js';
import { createTestAuthority } from '../../testkit/src/test-certificates.js';
import type { Status } from '../src/shapes/api.js';
import { serialRequest } from './serial-sender.js';
import { eventually, runCli, startCollector } from './start-collector.js';
import { startGateway, type TestGateway } from './start-gateway.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-gateway-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function sinkOf(protocol: 'http1' | 'grpc' = 'http1'): Promise<OtlpSink> {
  const sink = await otlpSink({ protocol });
  closing.push(() => sink.close());
  return sink;
}
async function gatewayTo(...given: Parameters<typeof startGateway>): Promise<TestGateway> {
  const gateway = await startGateway(...given);
  closing.push(() => gateway.stop());
  return gateway;
}
const idOf = (number: number): string => `aabbccddeeff0011${number.toString(16).padStart(16, '0')}`;

async function post(
  gateway: TestGateway,
  body: Uint8Array,
  { path = '/v1/traces', id, ...headers }: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${gateway.otlpHttp}${path}${id === undefined ? '' : `?tl-batch=${id}`}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', ...headers },
    body,
  });
}
const folderOf = ({ data }: TestGateway): string =>
  join(data, 'forward', readdirSync(join(data, 'forward')).find((name) => name !== 'ledger')!);

test('a gateway hands on what it takes, byte for byte, under its id, with the headers it was given', async () => {
  const sink = await sinkOf();
  const gateway = await gatewayTo([sink.url], ['--header', 'authorization=Bearer se,cret'], {
    data: join(scratch, 'headers'),
  });
  const body = Buffer.from(serialRequest([1, 2, 3]));
  expect((await post(gateway, body, { id: idOf(1) })).status).toBe(200);
  expect((await post(gateway, gzipSync(body), { id: idOf(2), 'content-encoding': 'gzip' })).status).toBe(200);
  expect((await post(gateway, body)).status).toBe(200);
  await sink.arrived(3);
  const [first, second, third] = ['0001', '0002', ''].map((end) =>
    sink.received.find(({ batchId }) => (end === '' ? !batchId!.startsWith('aabb') : batchId!.endsWith(end))),
  );
  expect(first).toMatchObject({ batchId: idOf(1), headers: { authorization: 'Bearer se,cret' } });
  for (const each of [first, second, third]) expect(Buffer.from(each!.body).equals(body)).toBe(true);
  expect(third!.batchId).toMatch(/^[0-9a-f]{32}$/);
  // Nothing of the header is on the disk.
  await gateway.stop('SIGKILL');
  const files = readdirSync(gateway.data, { recursive: true, encoding: 'utf8', withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile()))
    expect(readFileSync(join(file.parentPath, file.name)).includes('se,cret'), file.name).toBe(false);
});

test('a gateway needs no engine: nothing of it is in the process, and it has no children', async () => {
  const sink = await sinkOf();
  const gateway = await gatewayTo([sink.url]);
  await post(gateway, serialRequest([1]));
  await sink.arrived(1);
  const { pid } = gateway.process;
  if (existsSync(`/proc/${pid}/maps`)) {
    expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).not.toMatch(/chdb/i);
    expect(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')).toBe('');
  }
  const status = await (await fetch(`${gateway.status}/metrics`)).text();
  expect(status).toContain('throughline_forwarded_batches_total');
  expect((await fetch(`${gateway.status}/readyz`)).status).toBe(200);
});

test('over gRPC and in gzip the same arrives', async () => {
  const sink = await sinkOf('grpc');
  const gateway = await gatewayTo([sink.url.replace('http', 'grpc')], ['--compression', 'gzip']);
  const body = Buffer.from(serialRequest(Array.from({ length: 3_000 }, (_, at) => at)));
  await post(gateway, body, { id: idOf(1) });
  await sink.arrived(1);
  expect(sink.received[0]).toMatchObject({ batchId: idOf(1) });
  expect(Buffer.from(sink.received[0]!.body).equals(body)).toBe(true);
  expect(sink.received[0]!.raw.length).toBeLessThan(body.length / 2);
});

test('a body that is none is refused at the door, one that the destination refuses is set aside, and those behind arrive', async () => {
  const sink = await sinkOf();
  const gateway = await gatewayTo([sink.url], ['--connections', '1']);
  expect((await post(gateway, Buffer.from('nonsense'))).status).toBe(400);
  sink.answers.push({ status: 400, body: 'no such span' });
  await post(gateway, serialRequest([1]), { id: idOf(1) });
  await post(gateway, serialRequest([2]), { id: idOf(2) });
  await sink.arrived(2);
  await gateway.said('refuses batch');
  const refused = readdirSync(join(folderOf(gateway), 'refused'));
  expect(refused).toHaveLength(1);
  expect(refused[0]).toContain(idOf(1));
  await eventually(
    async () => (await fetch(`${gateway.status}/metrics`)).text(),
    (text) => /refused_batches_total 1\n/.test(text) && /forwarded_batches_total 1\n/.test(text),
  );
});

test('a batch that is too large for the destination goes there in halves, always the same ones', async () => {
  const sink = await sinkOf();
  const gateway = await gatewayTo([sink.url], ['--connections', '1']);
  sink.answers.push({ status: 413 }, { status: 413 });
  await post(gateway, serialRequest([1, 2, 3, 4]), { id: idOf(1) });
  await sink.arrived(5);
  const taken = sink.received.filter(({ taken: isTaken }) => isTaken).map(({ batchId }) => batchId);
  expect(taken.sort()).toEqual([`${idOf(1)}.0.0`, `${idOf(1)}.0.1`, `${idOf(1)}.1`]);
});

test('a destination that wants other credentials costs no batch: they wait, and it is said', async () => {
  const sink = await sinkOf();
  sink.answers.push({ status: 401 }, { status: 401 });
  const gateway = await gatewayTo([sink.url]);
  await post(gateway, serialRequest([1]), { id: idOf(1) });
  await sink.arrived(3);
  expect(gateway.output()).toContain('look at its address and the credentials');
  expect(sink.received[2]).toMatchObject({ batchId: idOf(1), taken: true });
});

test('batches of a destination that is not named any more go nowhere else, and are said to wait', async () => {
  const data = join(scratch, 'renamed');
  const [first, second] = [await sinkOf(), await sinkOf()];
  first.answers.push(...Array.from({ length: 50 }, () => ({ status: 503, headers: { 'retry-after': '60' } })));
  const before = await startGateway([first.url], [], { data });
  await post(before, serialRequest([1]), { id: idOf(1) });
  await first.arrived(1);
  await before.stop();
  const after = await gatewayTo([second.url], [], { data });
  expect(after.output()).toContain('for an address that is not named any more');
  await post(after, serialRequest([2]), { id: idOf(2) });
  await second.arrived(1);
  expect(second.received.map(({ batchId }) => batchId)).toEqual([idOf(2)]);
  await after.stop();
  first.answers.length = 0;
  await gatewayTo([first.url], [], { data });
  await first.arrived(2);
  expect(first.received[1]).toMatchObject({ batchId: idOf(1), taken: true });
});

test('over TLS a gateway trusts the authority it is given, and shows its certificate', async () => {
  const authority = createTestAuthority();
  const sink = await otlpSink({
    protocol: 'http1',
    tls: { ...authority.issue(), clientCa: authority.cert },
  });
  closing.push(() => sink.close());
  const client = authority.issue();
  const files = { ca: authority.cert, cert: client.cert, key: client.key };
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(scratch, `${name}.pem`), pem);
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => join(scratch, `${name}.pem`));
  const to = sink.url.replace('127.0.0.1', 'localhost');
  const gateway = await gatewayTo([to], ['--ca', ca!, '--client-cert', cert!, '--client-key', key!]);
  await post(gateway, serialRequest([1]), { id: idOf(1) });
  await sink.arrived(1);
  expect(sink.received[0]).toMatchObject({ batchId: idOf(1), taken: true });
});

test('a gateway whose disk has no room tells senders to wait', async () => {
  const sink = await sinkOf();
  sink.answers.push(...Array.from({ length: 1_000 }, () => ({ status: 503, headers: { 'retry-after': '60' } })));
  const gateway = await gatewayTo([sink.url], ['--spool', '16']);
  const body = serialRequest(Array.from({ length: 30_000 }, (_, at) => at));
  let refused: Response | undefined;
  for (let number = 0; number < 40 && refused === undefined; number++) {
    const response = await post(gateway, body, { id: idOf(number) });
    if (response.status !== 200) refused = response;
  }
  expect(refused).toMatchObject({ status: 503 });
  expect(refused!.headers.get('retry-after')).toBe('1');
});

test('a collector that hands on stores and forwards each batch, and drops the second copy in both', async () => {
  const sink = await sinkOf();
  const collector = await startCollector(['--forward', sink.url, '--forward-header', 'authorization=Bearer a']);
  closing.push(() => collector.stop());
  const send = (body: Uint8Array, id: string): Promise<number> =>
    fetch(`${collector.otlpHttp}/v1/traces?tl-batch=${id}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
    }).then(({ status }) => status);
  expect(await send(Buffer.from('nonsense'), idOf(9))).toBe(400);
  const bodies = [serialRequest([1]), serialRequest([2])];
  for (const at of [0, 0, 1]) expect(await send(bodies[at]!, idOf(at))).toBe(200);
  await sink.arrived(2);
  await eventually(
    async () => ((await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as Status).spans,
    (spans) => spans === 2,
  );
  expect(sink.received.map(({ batchId }) => batchId).sort()).toEqual([idOf(0), idOf(1)]);
  expect(sink.received[0]!.headers.authorization).toBe('Bearer a');
});

test('mistakes on the command line are named, with what was probably meant', async () => {
  const wrong = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await runCli(['gateway', ...args]);
    expect(code).toBe(1);
    return stderr;
  };
  expect(await wrong()).toContain('Where to? throughline gateway --to http://collector:4318');
  expect(await wrong('--too', 'http://a')).toContain('Did you mean --to?');
  expect(await wrong('--to', 'collector:4318')).toContain('--to must be an address like http://collector:4318');
  expect(await wrong('--to', 'ftp://me:secret@a')).toContain('not "ftp://…@a"');
  expect(await wrong('--to', 'http://a:1', '--to', 'http://a:1/')).toContain('stands twice');
  expect(await wrong('--to', 'http://a', '--compression', 'zip')).toContain('must be none or gzip');
  const { stdout } = await runCli(['gateway', '--help']);
  expect(stdout).toContain('exactly once');
  expect(stdout).toContain('at least once');
});
