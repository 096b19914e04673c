import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { contractTests } from '../../../testkit/src/contract-tests.js';
import { testBatch } from '../../../testkit/src/test-batch.js';
import type { Batch } from '../core/batch.js';
import { createOwner } from './files/owners.js';
import { type FilesStoreOptions, filesStore } from './files.js';

const root = mkdtempSync(join(tmpdir(), 'throughline-files-'));
afterAll(() => rmSync(root, { recursive: true }));

let nowMs = 0;
const folders = new WeakMap<object, string>();
const newFolder = () => mkdtempSync(join(root, 'folder-'));

function opened(folder: string, options: Partial<FilesStoreOptions> = {}) {
  // The suite's batches are of 2023.
  const store = filesStore({ folder, maxAgeMs: Number.POSITIVE_INFINITY, nowMs: () => nowMs, ...options });
  folders.set(store, folder);
  return store;
}

contractTests('filesStore keeps the contract of a store', {
  suite: batchStoreSuite,
  lacks: { leases: 'who has ended holds nothing: what it had is free at once' },
  harness: {
    create: ({ maxBytes }) => opened(newFolder(), { maxBytes }),
    advance(ms) {
      nowMs += ms;
    },
    async reopen(store) {
      const { maxBytes } = await store.size();
      await store.close?.();
      return opened(folders.get(store)!, { maxBytes });
    },
  },
});

const all = { leaseMs: 10_000, limit: 1_000 };
const contentOf = ({ bytes, ...head }: Batch) => ({ ...head, bytes: Buffer.from(bytes).toString('hex') });
const batch = (size: number, more: Partial<Batch> = {}) =>
  testBatch({ bytes: Uint8Array.from({ length: size }, (_, at) => (at * 7) & 0xff), items: 1, ...more });
const files = (folder: string) => readdirSync(folder).sort();

/** A process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid!;
}

/** As a process leaves its folder that is killed: its files, in another folder, in its own name and not given back. */
function killed(folder: string, pid: number): string {
  const left = newFolder();
  for (const file of files(folder)) cpSync(join(folder, file), join(left, file.replace(/^\d+/, String(pid))));
  return left;
}

test('each policy of writing to the disk says what a batch has survived', async () => {
  const durability = (options: Partial<FilesStoreOptions>) =>
    filesStore({ folder: newFolder(), ...options }).durability;
  expect(durability({})).toBe('process-crash');
  expect(durability({ sync: 'interval' })).toBe('process-crash');
  expect(durability({ sync: 'each' })).toBe('power-loss');
  const store = opened(newFolder(), { sync: 'each' });
  const given = Array.from({ length: 20 }, () => batch(100));
  expect(await Promise.all(given.map((each) => store.put(each)))).toEqual(given.map(() => true));
  expect(store.putSync(batch(100))).toBe(true);
  expect(await store.claim('me', all)).toHaveLength(21);
  await store.close();
});

test('what a killed process left is taken by one of those that live, and by one only [F15]', async () => {
  const folder = newFolder();
  const store = opened(folder);
  const given = Array.from({ length: 10 }, () => batch(100));
  for (const each of given) await store.put(each);
  await store.remove([given[3]!.id]);
  const left = killed(folder, await deadProcess());
  const programs = Array.from({ length: 4 }, () => opened(left));
  const claims = await Promise.all(programs.map((each) => each.claim('', all)));
  expect(claims.flat().map(contentOf)).toEqual(given.filter((_, at) => at !== 3).map(contentOf));
  // Of one that lives, here the one under test itself, nobody takes anything.
  expect(await opened(folder).claim('', all)).toEqual([]);
  expect(await store.claim('', all)).toHaveLength(9);
  await Promise.all([...programs, store].map((each) => each.close()));
});

test('a program that ends gives back what it has, and leaves no file where it has nothing', async () => {
  const folder = newFolder();
  const store = opened(folder);
  const [a, b] = [batch(100), batch(100)];
  await store.put(a);
  await store.put(b);
  await store.remove([a.id]);
  await store.close();
  expect(files(folder)).toEqual([expect.stringMatching(/^free\./)]);
  const next = opened(folder);
  expect((await next.claim('', all)).map(contentOf)).toEqual([contentOf(b)]);
  await next.remove([b.id]);
  await next.close();
  expect(files(folder)).toEqual([]);
});

test('files that are none of its own are left as they are', async () => {
  const folder = newFolder();
  const foreign = [
    'notes.txt',
    'free.throughline',
    '1.0123456789abcdef.throughline',
    'free.0123456789abcdef.throughline~',
  ];
  for (const file of foreign) writeFileSync(join(folder, file), 'mine');
  mkdirSync(join(folder, 'free.0123456789abcdef.throughline'));
  const store = opened(folder);
  await store.put(batch(10));
  expect(await store.claim('', all)).toHaveLength(1);
  expect((await store.size()).damaged).toBe(0);
  await store.remove((await store.claim('', all)).map(({ id }) => id));
  await store.close();
  for (const file of foreign) expect(readFileSync(join(folder, file), 'utf8')).toBe('mine');
});

test('a file of another kind under one of its names is counted as damaged, and nothing is thrown', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'free.0123456789abcdef.throughline'), Buffer.alloc(5_000, 'garbage'));
  writeFileSync(join(folder, 'free.0123456789abcdee.throughline'), Buffer.alloc(5_000));
  const store = opened(folder);
  expect(await store.size()).toMatchObject({ batches: 0, damaged: 2 });
  expect(await store.put(batch(10))).toBe(true);
  await store.close();
});

test('a folder that is cleared while the program runs, or taken away, costs what stood in it and nothing else', async () => {
  const folder = newFolder();
  const store = opened(folder);
  await store.put(batch(100));
  await store.append(batch(10, { id: 'open' }), 0);
  rmSync(folder, { recursive: true });
  const [next, open] = [batch(100), batch(30, { id: 'open' })];
  await store.put(next);
  await store.put(open);
  expect((await store.claim('', all)).map(({ id }) => id)).toEqual([next.id, open.id]);
  await store.close();
});

test('where nothing can be written, put says so and the store goes on', async () => {
  const path = join(newFolder(), 'a-file');
  writeFileSync(path, '');
  const store = opened(join(path, 'folder'));
  await expect(store.put(batch(10))).rejects.toThrow('ENOTDIR');
  await expect(store.append(batch(10), 0)).rejects.toThrow('ENOTDIR');
  expect(() => store.putSync(batch(10))).toThrow('ENOTDIR');
  expect(await store.claim('', all)).toEqual([]);
  await store.remove(['never seen']);
  expect(await store.size()).toMatchObject({ batches: 0, bytes: 0 });
  await store.close();
});

test('files stay bounded, whatever comes and goes between batches that wait', async () => {
  const folder = newFolder();
  const store = opened(folder, { maxBytes: 1024 * 1024 });
  const taken = () => files(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  const waiting: Batch[] = [];
  for (let at = 0; at < 2_000; at++) {
    const each = batch(4_000);
    expect(await store.put(each)).toBe(true);
    // One of forty is for a destination that is away.
    if (at % 40) await store.remove([each.id]);
    else waiting.push(each);
    expect(taken()).toBeLessThan(2.5 * 1024 * 1024);
  }
  expect((await store.claim('', all)).map(contentOf)).toEqual(waiting.map(contentOf));
  await store.close();
});

test('programs that live share the room of the folder', async () => {
  const folder = newFolder();
  const one = opened(folder, { maxBytes: 100_000 });
  await one.size();
  expect(await one.put(batch(90_000))).toBe(true);
  const other = opened(folder, { maxBytes: 100_000 });
  await other.size();
  expect(await other.put(batch(40_000))).toBe(true);
  expect(await other.put(batch(20_000))).toBe(false);
  await Promise.all([one.close(), other.close()]);
});

test('a batch that nobody asks for in its time is given up and counted', async () => {
  const folder = newFolder();
  const store = opened(folder, { maxAgeMs: 1_000 });
  await store.put(batch(10, { createdUnixMs: Date.now() - 5_000, items: 3 }));
  await store.put(batch(10, { createdUnixMs: Date.now() + 60_000 }));
  expect(await store.claim('', { ...all, destinations: ['elsewhere'] })).toEqual([]);
  expect(await store.size()).toMatchObject({ batches: 1, expired: 3 });
  await store.close();
});

test('many short programs leave few files', async () => {
  const folder = newFolder();
  for (let run = 0; run < 30; run++) {
    const store = opened(folder);
    await store.claim('', { ...all, destinations: ['nowhere'] });
    await store.put(batch(100));
    await store.close();
  }
  expect(files(folder).length).toBeLessThanOrEqual(2);
  const store = opened(folder);
  expect(await store.claim('', all)).toHaveLength(30);
  await store.close();
});

test('owners have names of their own, also in one process', () => {
  expect(createOwner()).not.toBe(createOwner());
});
