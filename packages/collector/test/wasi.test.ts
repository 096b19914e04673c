import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { compileGuest } from '../../sdk/test/wasm/compile-guest.js';
import { type DecodedSpan, decodeTraces, plainAttributes } from '../../testkit/src/otlp-proto.js';
import { readFrames } from '../src/receive/files/read-frames.js';
import { takeAway } from '../src/receive/files/taken-files.js';
import type { Status } from '../src/shapes/api.js';
import { eventually, runCli, startCollector } from './start-collector.js';

/* A program in AssemblyScript, run by node:wasi, whose spans leave through a file. */

// Each test starts programs, on machines that may be busy with others.
vi.setConfig({ testTimeout: 180_000 });

const runner = fileURLToPath(new URL('../../sdk/test/wasm/run-wasi.mjs', import.meta.url));
const shim = fileURLToPath(new URL('../../../node_modules/@assemblyscript/wasi-shim/asconfig.json', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'throughline-wasi-'));
let program: string;
beforeAll(async () => {
  program = (await compileGuest('wasi-program', scratch, ['--config', shim])).file;
}, 180_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  const folder = join(scratch, `folder-${folders++}`);
  mkdirSync(folder);
  return folder;
}
const argumentsOf = (folder: string, path: string, orders: number): string[] => [
  '--no-warnings',
  runner,
  program,
  folder,
  path,
  String(orders),
];
const run = async (folder: string, path: string, orders: number, env: Record<string, string> = {}) =>
  (await promisify(execFile)(process.execPath, argumentsOf(folder, path, orders), { env: { ...process.env, ...env } }))
    .stdout;

interface Batch {
  readonly id: string;
  readonly spans: readonly DecodedSpan[];
  readonly resource: Record<string, unknown>;
}

/** Every batch of a file; whatever else is in it is an error, but for an end that is being written. */
async function batchesIn(bytes: Buffer): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const part of readFrames(async (at, length) => bytes.subarray(at, at + length), 0, bytes.length)) {
    if (part.kind === 'unfinished') continue;
    if (part.kind !== 'batch') throw new Error(`${part.kind} from ${part.offset} to ${part.end}`);
    const { resourceSpans } = decodeTraces(Buffer.from(part.bytes));
    batches.push({
      id: part.id,
      resource: plainAttributes(resourceSpans[0]!.resource?.attributes ?? []),
      spans: resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    });
  }
  return batches;
}

test('a WASI program writes its spans, one batch a trace, as any receiver reads them [W4]', async () => {
  const folder = newFolder();
  const before = BigInt(Date.now()) * 1_000_000n;
  const said = await run(folder, '/data/spans.tl', 2);
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  expect(said).toMatch(/dropped 0 written\n$/);

  const batches = await batchesIn(readFileSync(join(folder, 'spans.tl')));
  expect(batches.map(({ spans }) => spans.map(({ name }) => name))).toEqual([
    ['price', 'order'],
    ['price', 'order'],
    ['tried', 'everything'],
  ]);
  expect(new Set(batches.map(({ id }) => id)).size).toBe(3);
  expect(batches[0]!.resource).toMatchObject({ 'service.name': 'orders', 'deployment.environment.name': 'test' });
  for (const { spans } of batches) {
    const [inner, outer] = spans as [DecodedSpan, DecodedSpan];
    expect(inner.parentSpanId).toEqual(outer.spanId);
    expect(inner.traceId).toEqual(outer.traceId);
    expect(outer.parentSpanId?.length ?? 0).toBe(0);
    for (const span of spans) {
      expect([span.traceId!.length, span.spanId!.length]).toEqual([16, 8]);
      const [start, end] = [BigInt(span.startTimeUnixNano!), BigInt(span.endTimeUnixNano!)];
      expect(start >= before && end <= after && end >= start, span.name).toBe(true);
    }
  }
  const [tried, everything] = batches[2]!.spans as [DecodedSpan, DecodedSpan];
  expect(plainAttributes(everything.attributes!)).toEqual({
    text: 'the last one wins 🌍',
    flag: true,
    small: 7n,
    large: 9_223_372_036_854_775_807n,
    negative: -5n,
    ratio: 0.5,
    texts: ['a', 'b'],
    counts: [1n, 2n, 3n],
  });
  expect(everything.events!.map(({ name }) => name)).toEqual(['told']);
  expect(everything.status).toMatchObject({ code: 1 });
  expect(tried.status).toMatchObject({ code: 2, message: 'no luck' });
  expect(plainAttributes(tried.events![0]!.attributes!)).toEqual({
    'exception.type': 'Misfortune',
    'exception.message': 'no luck',
  });
  const [, traceId, spanId] = said.match(/00-([0-9a-f]{32})-([0-9a-f]{16})-03/)!;
  expect([everything.traceId!.toString('hex'), everything.spanId!.toString('hex')]).toEqual([traceId, spanId]);
});

test('it continues the trace it was started in, unless that was not chosen', async () => {
  const folder = newFolder();
  const [traceId, parentId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  await run(folder, '/data/spans.tl', 0, {
    TRACEPARENT: `00-${traceId}-${parentId}-01`,
    OTEL_SERVICE_NAME: 'named outside',
  });
  const [batch] = await batchesIn(readFileSync(join(folder, 'spans.tl')));
  const everything = batch!.spans.find(({ name }) => name === 'everything')!;
  expect([everything.traceId!.toString('hex'), everything.parentSpanId!.toString('hex')]).toEqual([traceId, parentId]);
  expect(batch!.resource['service.name']).toBe('named outside');
  await run(folder, '/data/unsampled.tl', 0, { TRACEPARENT: `00-${traceId}-${parentId}-00` });
  expect(readdirSync(folder)).toEqual(['spans.tl']);
});

test('where it cannot write, it runs to its end and counts what it gave up', async () => {
  const folder = newFolder();
  expect(await run(folder, '/data/nowhere/spans.tl', 30)).toMatch(/dropped 30 waiting\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

test('while three programs write, a file that is taken away all the time loses nothing [W4]', async () => {
  const folder = newFolder();
  const path = join(folder, 'spans.tl');
  const orders = 4_000;
  const programs = [0, 1, 2].map(() =>
    spawn(process.execPath, argumentsOf(folder, '/data/spans.tl', orders), { stdio: 'ignore' }),
  );
  const ended = Promise.all(programs.map((child) => once(child, 'close')));
  const files: Buffer[] = [];
  const take = async (): Promise<void> => {
    const taken = await takeAway(path);
    if (taken === undefined) return;
    files.push(readFileSync(taken));
    rmSync(taken);
  };
  while (programs.some((child: ChildProcess) => child.exitCode === null)) {
    await take();
    await new Promise((done) => setImmediate(done));
  }
  expect((await ended).map(([code]) => code)).toEqual([0, 0, 0]);
  await take();
  const seen = new Map<string, readonly DecodedSpan[]>();
  for (const file of files) for (const { id, spans } of await batchesIn(file)) seen.set(id, spans);
  const numbers = [...seen.values()]
    .flatMap((spans) => spans.filter(({ name }) => name === 'order'))
    .map(({ attributes }) => Number(plainAttributes(attributes!)['order.number']));
  expect(files.length).toBeGreaterThan(50);
  const wanted = Array.from({ length: 3 * orders }, (_, at) => Math.floor(at / 3));
  expect(numbers.sort((a, b) => a - b)).toEqual(wanted);
});

test('what it has written is taken into a collector, once, and the file is empty [W4]', async () => {
  const folder = newFolder();
  const collector = await startCollector([], { data: join(scratch, 'data') });
  try {
    for (let time = 0; time < 2; time++) {
      await run(folder, '/data/spans.tl', 20);
      const { code, stdout } = await runCli(['import', '--to', collector.otlpHttp, join(folder, 'spans.tl')]);
      expect([code, stdout]).toEqual([
        0,
        `${join(folder, 'spans.tl')}: 21 batches taken: 42 spans. The file is empty.\n`,
      ]);
      expect(readdirSync(folder)).toEqual([]);
    }
    const spans = async () => ((await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as Status).spans;
    expect(await eventually(spans, (count) => count >= 84, 60_000)).toBe(84);
  } finally {
    await collector.stop();
  }
});
