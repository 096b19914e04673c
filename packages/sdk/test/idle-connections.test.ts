import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { otlpSink, type SinkProtocol } from '../../testkit/src/otlp-sink.js';
import { compileSdk } from './node/compile-sdk.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idle-connections-'));
  await compileSdk(folder);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(folder, { recursive: true }));

/** Sends one batch through a transport and does nothing else; prints the outcome. Only while it waits it holds itself. */
const program = `
const [file, maker, options] = process.argv.slice(2);
const transport = (await import(file))[maker](JSON.parse(options));
const bytes = new Uint8Array(100);
const batch = { v: 1, id: '0'.repeat(32), signal: 'traces', priority: 'normal', destination: '', createdUnixMs: 0, items: 1, bytes };
const held = setInterval(() => {}, 1_000);
console.log((await transport.send(batch, { abort: new AbortController().signal })).kind);
clearInterval(held);
`;

async function run(protocol: SinkProtocol, file: string, maker: string, options: object): Promise<string> {
  const sink = await otlpSink({ protocol });
  await writeFile(join(folder, 'program.mjs'), program);
  const address = pathToFileURL(join(folder, 'transports', file)).href;
  const args = [join(folder, 'program.mjs'), address, maker, JSON.stringify({ url: sink.url, ...options })];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  try {
    // The sink keeps its end open: only the transport can let go.
    const [code] = await once(child, 'close', { signal: AbortSignal.timeout(15_000) });
    return `${output.trim()} ${code}`;
  } finally {
    child.kill('SIGKILL');
    await sink.close();
  }
}

test('a connection that waits for the next batch does not keep a program alive, over gRPC, HTTP/1.1 and HTTP/2', async () => {
  expect(await run('grpc', 'grpc.js', 'grpcTransport', {})).toBe('accepted 0');
  expect(await run('http1', 'node-http.js', 'nodeHttpTransport', {})).toBe('accepted 0');
  expect(await run('http2', 'node-http.js', 'nodeHttpTransport', { http2: true })).toBe('accepted 0');
});
