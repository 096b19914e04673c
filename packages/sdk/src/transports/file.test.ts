import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readFrames } from '../../../collector/src/receive/files/read-frames.js';
import { testAbort, testBatch } from '../../../testkit/src/test-batch.js';
import type { Batch } from '../core/batch.js';
import { fileTransport } from './file.js';

/** Called before each step that the transport makes on the file system. */
const before = vi.hoisted(() => ({ step: (_name: string): void => {} }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    async open(...args: Parameters<typeof real.open>) {
      before.step('open');
      const handle = await real.open(...args);
      return {
        async write(bytes: Uint8Array) {
          before.step('write');
          return handle.write(bytes);
        },
        async stat(options: { bigint: true }) {
          before.step('look at its own');
          return handle.stat(options);
        },
        datasync: () => handle.datasync(),
        close: () => handle.close(),
      };
    },
    async stat(...args: Parameters<typeof real.stat>) {
      before.step('look at the name');
      return real.stat(...args);
    },
  };
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'throughline-file-'));
  path = join(folder, 'spans.tl');
  before.step = () => {};
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const send = (transport: ReturnType<typeof fileTransport>, batch: Batch) =>
  transport.send(batch, { abort: testAbort().signal });

async function idsIn(file: string): Promise<string[]> {
  const bytes = readFileSync(file);
  const ids: string[] = [];
  for await (const part of readFrames(async (at, length) => bytes.subarray(at, at + length), 0, bytes.length)) {
    if (part.kind === 'batch') ids.push(part.id);
    else throw new Error(`${part.kind} at ${part.offset}`);
  }
  return ids;
}

describe('fileTransport', () => {
  test('appends each batch as a frame, to what is there already, one after the other [W4]', async () => {
    const batches = Array.from({ length: 20 }, (_, at) =>
      testBatch({
        bytes: new Uint8Array(at * 1_000).fill(at),
        signal: (['traces', 'metrics', 'logs'] as const)[at % 3]!,
      }),
    );
    const [first, second] = [fileTransport({ path }), fileTransport({ path, sync: true })];
    const outcomes = await Promise.all(batches.map((batch, at) => send(at % 2 ? first : second, batch)));
    await Promise.all([first.close?.(), second.close?.()]);
    expect(outcomes).toEqual(batches.map(() => ({ kind: 'accepted', rejectedItems: 0 })));
    expect((await idsIn(path)).sort()).toEqual(batches.map(({ id }) => id).sort());
  });

  test('says why it cannot write, and goes on when it can', async () => {
    const transport = fileTransport({ path: join(folder, 'nowhere/spans.tl') });
    expect(await send(transport, testBatch())).toEqual({
      kind: 'retry',
      reason: `${join(folder, 'nowhere/spans.tl')} cannot be written: ENOENT`,
    });
    expect(transport.destination).toBe(`file://${folder}/nowhere/spans.tl`);
    await transport.close?.();
  });
});

describe('a file that is taken away while it is written', () => {
  /** What a taker does, whole: another name, everything that is there, gone. Ids that it has seen. */
  async function take(seen: Set<string>): Promise<void> {
    const taken = join(folder, 'taken');
    try {
      renameSync(path, taken);
    } catch {
      return;
    }
    const bytes = readFileSync(taken);
    rmSync(taken);
    for await (const part of readFrames(async (at, length) => bytes.subarray(at, at + length), 0, bytes.length))
      if (part.kind === 'batch') seen.add(part.id);
  }

  test('between any two steps of the writer loses nothing [W4]', async () => {
    // How many steps there are without anybody else: the places where the taker may come.
    let steps = 0;
    before.step = () => void steps++;
    const batches = Array.from({ length: 3 }, () => testBatch());
    const alone = fileTransport({ path });
    for (const batch of batches) await send(alone, batch);
    await alone.close?.();
    rmSync(path);
    expect(steps).toBe(10);

    // Each pair of places, also the same twice.
    for (let one = 0; one < steps + 4; one++) {
      for (let other = one; other < steps + 4; other++) {
        const seen = new Set<string>();
        const takes: Promise<void>[] = [];
        let step = 0;
        before.step = () => {
          if (step === one || step === other) takes.push(take(seen));
          step++;
        };
        const transport = fileTransport({ path });
        for (const batch of batches) expect((await send(transport, batch)).kind).toBe('accepted');
        await transport.close?.();
        before.step = () => {};
        await Promise.all(takes);
        const left = existsSync(path) ? await idsIn(path) : [];
        expect([...new Set([...seen, ...left])].sort(), `taken before steps ${one} and ${other}`).toEqual(
          batches.map(({ id }) => id).sort(),
        );
        rmSync(path, { force: true });
      }
    }
  });

  test('after every single write is given up, and the batch waits', async () => {
    before.step = (name) => {
      if (name === 'look at its own') rmSync(path, { force: true });
    };
    const transport = fileTransport({ path });
    expect(await send(transport, testBatch())).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('faster'),
    });
    expect(readdirSync(folder)).toEqual([]);
    await transport.close?.();
  });
});
