import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { encodeTraces } from './otlp-proto.js';

/** An export request of one span with the given id and name. */
export const oneSpan = (spanId: Buffer, name = 'work'): Buffer =>
  Buffer.from(
    encodeTraces({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'writer' } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.alloc(16, 7),
                  spanId,
                  name,
                  startTimeUnixNano: `${Date.now()}000000`,
                  endTimeUnixNano: `${Date.now()}000001`,
                },
              ],
            },
          ],
        },
      ],
    }),
  );

export interface Writer {
  readonly process: ChildProcess;
  /** Ends it; resolves with how many spans it has written, each of which it was told is in the file. */
  stop(): Promise<number>;
  /** Resolves when it has written this many. */
  wrote(count: number): Promise<void>;
}

const PROGRAM = `
import { fileTransport } from './file.mjs';
const [path, template, identity] = process.argv.slice(2);
const transport = fileTransport({ path });
const bytes = Buffer.from(template, 'base64');
const at = bytes.indexOf(Buffer.alloc(8, 0xaa));
let stop = false;
process.stdin.on('end', () => { stop = true; }).resume();
let count = 0;
while (!stop) {
  bytes.writeUInt32BE(Number('0x' + identity), at);
  bytes.writeUInt32BE(count + 1, at + 4);
  const id = identity.padStart(16, '0') + count.toString(16).padStart(16, '0');
  const outcome = await transport.send({ v: 1, id, signal: 'traces', priority: 'normal', destination: '', createdUnixMs: 0, items: 1, bytes });
  if (outcome.kind !== 'accepted') throw new Error(outcome.reason);
  count++;
  process.stdout.write(count + '\\n');
  await new Promise((done) => setTimeout(done, 2));
}
await transport.close();
`;

/** A program of its own that appends a batch of one span every few milliseconds, with the SDK's transport. `identity`: eight hex digits of its own. */
export function startWriter(folder: string, path: string, identity: string): Writer {
  mkdirSync(folder, { recursive: true });
  const source = fileURLToPath(new URL('../../sdk/src/transports/file.ts', import.meta.url));
  buildSync({
    entryPoints: [source],
    outfile: join(folder, 'file.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  writeFileSync(join(folder, 'writer.mjs'), PROGRAM);
  const template = oneSpan(Buffer.alloc(8, 0xaa)).toString('base64');
  const child = spawn(process.execPath, [join(folder, 'writer.mjs'), path, template, identity], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let count = 0;
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (said + text).split('\n');
    said = lines.pop()!;
    count = Number(lines.at(-1) ?? count);
    child.emit('wrote');
  });
  const ended = once(child, 'close');
  return {
    process: child,
    async stop() {
      child.stdin.end();
      await ended;
      return count;
    },
    async wrote(wanted) {
      while (count < wanted)
        await Promise.race([once(child, 'wrote'), ended.then(() => Promise.reject(new Error('it ended')))]);
    },
  };
}
