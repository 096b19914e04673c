import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startClickhouseFront } from '../../testkit/src/clickhouse-front.js';
import type { Status, TraceAnswer } from '../src/shapes/api.js';
import { encodeTraces } from './otlp-proto.js';
import { commandLine, eventually, runCli, startCollector, type TestCollector } from './start-collector.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-up-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let data = 0;
const newData = (): string => join(scratch, `data-${data++}`);

const running: TestCollector[] = [];
async function up(...given: Parameters<typeof startCollector>): Promise<TestCollector> {
  const collector = await startCollector(...given);
  running.push(collector);
  return collector;
}
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((collector) => collector.stop('SIGKILL')));
  for (const server of servers.splice(0)) server.close();
});

const traceId = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const spansOf = (count: number): Uint8Array =>
  encodeTraces({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeSpans: [
          {
            spans: Array.from({ length: count }, (_, index) => ({
              traceId,
              spanId: Buffer.from([1, 0, 0, 0, 0, 0, index >> 8, index & 255]),
              name: `work ${index}`,
              startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
              endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n + 5000n),
            })),
          },
        ],
      },
    ],
  });
async function sendSpans(collector: TestCollector, count: number): Promise<number> {
  const answer = await fetch(`${collector.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from(spansOf(count)),
  });
  return answer.status;
}
const status = async (collector: TestCollector): Promise<Status> =>
  (await fetch(`${collector.explorer}/api/v1/status`)).json() as Promise<Status>;
const spansIn = (collector: TestCollector, count: number): Promise<Status> =>
  eventually(
    () => status(collector),
    (answer) => answer.spans === count,
  );

async function takenPort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('up takes what is sent as soon as it says where, shows it, and stops when asked', async () => {
  const collector = await up();
  expect(await sendSpans(collector, 3)).toBe(200);
  await spansIn(collector, 3);
  const trace = (await (
    await fetch(`${collector.explorer}/api/v1/traces/${traceId.toString('hex')}`)
  ).json()) as TraceAnswer;
  expect(trace.spans.map((span) => span.name)).toEqual(['work 0', 'work 1', 'work 2']);
  // The connections used so far are still open, and idle: they would last for five seconds.
  const asked = performance.now();
  expect(await collector.stop('SIGTERM')).toMatchObject({ code: 0 });
  expect(performance.now() - asked).toBeLessThan(4_500);
});

test('what was acknowledged survives a kill of everything, and is there once [F22]', async () => {
  const directory = newData();
  const first = await up([], { data: directory });
  for (let i = 0; i < 5; i++) expect(await sendSpans(first, 200)).toBe(200);
  await first.stop('SIGKILL');
  const second = await up([], { data: directory });
  // 200 different ids, sent five times: rows, not ids, are counted.
  await spansIn(second, 1000);
  expect(await second.stop('SIGINT')).toMatchObject({ code: 0 });
  expect(readdirSync(join(directory, 'spool'))).toEqual([]);
});

test('stopped while the engine is still opening, nothing is left behind', async () => {
  const collector = await up();
  const child = await eventually(
    async () => readFileSync(`/proc/${collector.process.pid}/task/${collector.process.pid}/children`, 'utf8').trim(),
    (children) => children !== '',
  );
  expect(await collector.stop('SIGTERM')).toMatchObject({ code: 0 });
  await expect.poll(() => existsSync(`/proc/${child}`), { timeout: 5000 }).toBe(false);
});

test('an engine that dies takes nobody along: receiving goes on, health says so, and it is started again', async () => {
  const collector = await up();
  await sendSpans(collector, 1);
  await spansIn(collector, 1);
  const children = readFileSync(`/proc/${collector.process.pid}/task/${collector.process.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  process.kill(Number(children[0]), 'SIGKILL');
  await collector.said('The engine stopped (SIGKILL)');
  expect(await sendSpans(collector, 2)).toBe(200);
  await collector.said('The engine is back.');
  await spansIn(collector, 3);
  expect((await status(collector)).store).toMatchObject({ healthy: true });
});

describe('with --clickhouse', () => {
  test('everything is kept there: through a restart of the server, each span once', { timeout: 60_000 }, async () => {
    const front = await startClickhouseFront({ user: 'tl', password: 'p@ss:word' });
    try {
      const collector = await up(['--clickhouse', front.url]);
      expect(await sendSpans(collector, 10)).toBe(200);
      await spansIn(collector, 10);
      expect((await status(collector)).store).toMatchObject({ kind: 'cluster', healthy: true });
      await front.killEngine();
      for (let i = 0; i < 3; i++) expect(await sendSpans(collector, 10)).toBe(200);
      await spansIn(collector, 40);
      expect(await collector.stop()).toMatchObject({ code: 0 });
    } finally {
      await front.close();
    }
  });

  test('a password that is changed there loses nothing: spans wait until it is put right', {
    timeout: 60_000,
  }, async () => {
    const dataDir = newData();
    const first = await startClickhouseFront({ user: 'tl', password: 'old', dataDir });
    const { port } = first;
    const collector = await up(['--clickhouse', first.url]);
    await sendSpans(collector, 1);
    await spansIn(collector, 1);
    await first.close();
    const second = await startClickhouseFront({ user: 'tl', password: 'new', dataDir, port });
    expect(await sendSpans(collector, 5)).toBe(200);
    await collector.said('Authentication failed');
    const denied = await fetch(`${collector.explorer}/api/v1/services`);
    expect([denied.status, await denied.json()]).toMatchObject([503, { error: { code: 'store-denied' } }]);
    await second.close();
    const third = await startClickhouseFront({ user: 'tl', password: 'old', dataDir, port });
    try {
      await spansIn(collector, 6);
      expect(collector.output()).not.toContain('for good');
    } finally {
      await collector.stop();
      await third.close();
    }
  });

  test('what arrives while the server is away is kept until it comes', { timeout: 60_000 }, async () => {
    const first = await startClickhouseFront();
    const port = first.port;
    await first.close();
    const collector = await up(['--clickhouse', `http://127.0.0.1:${port}/default`]);
    await collector.said('cannot be reached');
    expect(await sendSpans(collector, 7)).toBe(200);
    expect((await status(collector)).store).toMatchObject({ healthy: false });
    const second = await startClickhouseFront({ port });
    try {
      await spansIn(collector, 7);
    } finally {
      await collector.stop();
      await second.close();
    }
  });
});

describe('what stands in the way is said in one sentence, with a way out', () => {
  test('a second instance on the same data', async () => {
    const directory = newData();
    const first = await up([], { data: directory });
    const end = await runCli([
      'up',
      '--data',
      directory,
      '--otlp-http-port',
      '0',
      '--otlp-grpc-port',
      '0',
      '--explorer-port',
      '0',
    ]);
    expect(end.code).toBe(1);
    expect(end.stderr).toBe(
      `throughline: Another Throughline (pid ${first.process.pid}) is using the data directory ${directory}. Stop it, or choose another directory with --data.\n`,
    );
    expect(await sendSpans(first, 1)).toBe(200);
  });

  test.each([
    ['otlp-http-port', 'OTLP/HTTP'],
    ['otlp-grpc-port', 'OTLP/gRPC'],
  ])('a taken port for %s', async (flag, name) => {
    const port = await takenPort();
    const others = ['otlp-http-port', 'otlp-grpc-port', 'explorer-port']
      .filter((other) => other !== flag)
      .flatMap((other) => [`--${other}`, '0']);
    const directory = newData();
    const end = await runCli(['up', '--data', directory, `--${flag}`, String(port), ...others]);
    expect(end).toMatchObject({
      code: 1,
      stderr: `throughline: Port ${port} (${name}) is taken by another program, perhaps another collector. Stop it, or choose another port with --${flag}.\n`,
    });
    expect(readdirSync(directory)).not.toContain('throughline.lock');
  });

  test('a taken port for the explorer: the next free one, said aloud', async () => {
    const port = await takenPort();
    const collector = await up(['--explorer-port', String(port)]);
    const taken = Number(new URL(collector.explorer).port);
    expect(taken).toBeGreaterThan(port);
    expect(collector.output()).toContain(`Port ${port} is taken; the explorer is on ${taken} instead.`);
  });

  test('a data directory that cannot be written', async () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    const end = await runCli(['up', '--data', join(file, 'data')]);
    expect(end).toMatchObject({
      code: 1,
      stderr: `throughline: The data directory ${join(file, 'data')} cannot be written: a file is in the way. Choose another with --data.\n`,
    });
  });

  test('a host that is not ours', async () => {
    const end = await runCli(['up', '--data', newData(), '--host', '203.0.113.1']);
    expect(end).toMatchObject({
      code: 1,
      stderr: 'throughline: 203.0.113.1 is not an address of this machine. Choose another with --host.\n',
    });
  });

  test.each([
    ['clickhouse://tl:secret@host:9000/db', /must be an address like .*, not "clickhouse:\/\/…@host:9000\/db"/],
    ['tl:secret@host:8123', /not "…@host:8123"/],
    ['http://tl:50%secret@host:8123/db', /a % must be written %25/],
  ])('an address for --clickhouse that is none, without its password being shown: %s', async (address, sentence) => {
    const end = await runCli(['up', '--data', newData(), '--clickhouse', address]);
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(sentence);
    expect(end.stderr).not.toContain('secret');
  });

  test('an origin that no browser writes', async () => {
    for (const origin of ['shop.example.com', 'https://shop.example.com/cart']) {
      const end = await runCli(['up', '--data', newData(), '--cors-origin', origin]);
      expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining(`without a path, or *, not "${origin}"`) });
    }
  });

  test('a mistyped option, a mistyped command', async () => {
    expect(await runCli(['up', '--dta', 'x'])).toMatchObject({
      code: 1,
      stderr: 'throughline: There is no option --dta. Did you mean --data? See throughline up --help.\n',
    });
    expect((await runCli(['upp'])).stderr).toContain('There is no command "upp". Did you mean throughline up?');
  });

  test('a database of a newer release', async () => {
    const directory = newData();
    const first = await up([], { data: directory });
    await first.stop();
    await command(directory, "INSERT INTO throughline_migrations (number, name) VALUES (999, 'from the future')");
    const second = await up([], { data: directory });
    const said = await second.said('schema 999');
    expect(said).toContain(
      'throughline: This database was written by a newer Throughline (schema 999, this one knows up to ',
    );
    expect(await second.stop()).toMatchObject({ code: 1 });
  });

  test('the engine not being installed; with --clickhouse it is not needed', async () => {
    // The package as npm would lay it out without its optional dependency.
    const bare = join(scratch, 'bare/node_modules/throughline');
    mkdirSync(bare, { recursive: true });
    cpSync(join(dirname(commandLine()), '..'), join(bare, 'dist'), { recursive: true });
    cpSync(join(dirname(commandLine()), '../../package.json'), join(bare, 'package.json'));
    const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url));
    for (const name of readdirSync(modules)) {
      if (!['chdb', '@chdb', 'throughline', '@throughline', '.cache', '.bin'].includes(name))
        symlinkSync(join(modules, name), join(scratch, 'bare/node_modules', name));
    }
    const run = (
      ...args: string[]
    ): Promise<{ code: number | null; stderr: string; child: ReturnType<typeof spawn> }> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [
          '--preserve-symlinks',
          join(bare, 'dist/cli/main.js'),
          'up',
          '--otlp-http-port',
          '0',
          '--otlp-grpc-port',
          '0',
          '--explorer-port',
          '0',
          '--data',
          newData(),
          ...args,
        ]);
        let stderr = '';
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
          // Started, and waiting for a server that is away.
          if (stderr.includes('kept in the spool')) child.kill('SIGTERM');
        });
        child.once('close', (code) => resolve({ code, stderr, child }));
      });
    expect(await run()).toMatchObject({
      code: 1,
      stderr:
        'throughline: The embedded engine is not installed: run `npm i chdb` beside throughline, or use a ClickHouse server with --clickhouse http://user:password@host:8123/database.\n',
    });
    const cluster = await run('--clickhouse', 'http://127.0.0.1:9/otel');
    expect(cluster).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('ClickHouse at http://127.0.0.1:9 cannot be reached'),
    });
  });
});

/** A statement in a data directory that nobody uses. */
async function command(directory: string, sql: string): Promise<void> {
  const { createEmbeddedStore } = await import('../src/store/embedded-store.js');
  const engineEntry = new URL(`file://${join(dirname(commandLine()), '../store/engine-process.js')}`);
  const store = await createEmbeddedStore({ dataDir: directory, engineEntry });
  await store.command(sql);
  await store.close();
}

describe('retention', () => {
  let directory: string;
  beforeAll(() => {
    directory = newData();
  });
  test.each([
    ['is set', ['--retention', '7'], 'toIntervalDay(7)'],
    ['is changed', ['--retention', '30'], 'toIntervalDay(30)'],
    ['is lifted', [], undefined],
  ] as [string, string[], string | undefined][])('%s by the next start', async (_, args, expected) => {
    const collector = await up(args, { data: directory });
    await eventually(
      () => status(collector),
      (answer) => answer.store.healthy,
    );
    await collector.stop();
    const found = metadata(join(directory, 'engine')).map(
      (text) => /\bTTL [^\n]*?(toIntervalDay\(\d+\))/.exec(text)?.[1],
    );
    // Spans and their times, log records, five kinds of data points, their series, and the steps of sums.
    expect(found).toEqual(new Array(10).fill(expected));
  });
});

/** How the engine itself keeps the tables' definitions. */
function metadata(engine: string): string[] {
  return readdirSync(engine, { recursive: true, encoding: 'utf8' })
    .filter((file) => /otel_(traces|traces_trace_id_ts|logs|metrics_\w+)\.sql$/.test(file))
    .filter(
      (file, index, all) => all.findIndex((other) => other.split('/').at(-1) === file.split('/').at(-1)) === index,
    )
    .map((file) => readFileSync(join(engine, file), 'utf8'))
    .filter((text) => text.startsWith('ATTACH TABLE'));
}
