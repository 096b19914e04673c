import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { faultSize, nothingLost, sayFault } from '../../../testkit/src/faults/fault-run.js';
import { testBatch } from '../../../testkit/src/test-batch.js';
import type { Batch } from '../../src/core/batch.js';
import { filesStore } from '../../src/stores/files.js';

/*
 * A segment as a killed process leaves it, with everything that can stand in one, and everything that can become of it on a disk.
 */

const root = mkdtempSync(join(tmpdir(), 'throughline-segments-'));
afterAll(() => rmSync(root, { recursive: true }));

const newFolder = () => mkdtempSync(join(root, 'folder-'));
const opened = (folder: string, sync: 'each' | 'never' = 'never') =>
  // Test batches are of 2023.
  filesStore({ folder, sync, maxAgeMs: Number.POSITIVE_INFINITY });

const all = { leaseMs: 10_000, limit: 1_000 };
const contentOf = ({ bytes, ...head }: Batch) => JSON.stringify({ ...head, bytes: Buffer.from(bytes).toString('hex') });
const batch = (size: number, more: Partial<Batch> = {}) =>
  testBatch({ bytes: Uint8Array.from({ length: size }, (_, at) => (at * 7) & 0xff), items: 1, ...more });

/** A segment with everything that can stand in one, batches of all signals among them, as a killed process leaves it, and what is to come of it. */
async function everythingInOneSegment() {
  const folder = newFolder();
  const store = opened(folder, 'each');
  const settled = batch(40);
  const grown = batch(60, { items: 3, signal: 'metrics' });
  const parts = [0, 1].map((at) => batch(20 + at, { id: grown.id, signal: 'metrics' }));
  const [whole, high, parent] = [
    batch(50),
    batch(30, { priority: 'high', signal: 'logs' }),
    batch(80, { items: 2, signal: 'metrics' }),
  ];
  const pieces = [0, 1].map((at) => batch(45, { id: `${parent.id}.${at}`, signal: 'metrics' }));
  const open = batch(0, { priority: 'high' }).id;
  const openParts = [0, 1].map((at) => batch(25 + at, { id: open, priority: 'high', signal: 'logs' }));
  await store.put(settled);
  for (const [at, part] of parts.entries()) await store.append(part, at);
  await store.put(grown);
  await store.put(whole);
  for (const [at, part] of openParts.entries()) await store.append(part, at);
  await store.put(parent);
  await store.replace(parent.id, pieces);
  await store.put(high);
  await store.remove([settled.id, grown.id, pieces[0]!.id]);
  const joined = { ...openParts[0]!, items: 2, bytes: Buffer.concat(openParts.map(({ bytes }) => bytes)) };
  const [file] = readdirSync(folder);
  const bytes = readFileSync(join(folder, file!));
  await store.close();
  return {
    // No process has such a number.
    file: file!.replace(/^\d+/, '99999999'),
    bytes,
    live: [joined, high, whole, pieces[1]!],
    parts: openParts,
    gone: [settled.id, grown.id, parent.id, pieces[0]!.id],
  };
}

/** What a program that comes later claims of it. */
async function claimedFrom(folder: string, file: string, bytes: Uint8Array) {
  writeFileSync(join(folder, file), bytes);
  const store = opened(folder);
  const batches = await store.claim('', all);
  const { damaged } = await store.size();
  await store.remove(batches.map(({ id }) => id));
  await store.close();
  expect(readdirSync(folder)).toEqual([]);
  return { ids: batches.map(({ id }) => id), contents: batches.map(contentOf), damaged };
}

test('a batch that was never sealed is a batch as far as it came, and one in pieces is its pieces [F17]', async () => {
  const { file, bytes, live } = await everythingInOneSegment();
  const { contents, damaged } = await claimedFrom(newFolder(), file, bytes);
  expect(contents).toEqual(live.map(contentOf));
  expect(damaged).toBe(0);
});

test('a segment that is cut anywhere gives what stands whole before the cut, each once [F15]', async () => {
  const { file, bytes, live, parts, gone } = await everythingInOneSegment();
  const known = new Set([...live, ...parts].map(contentOf));
  const folder = newFolder();
  const step = faultSize({ brief: 7, full: 1 });
  let before = 0;
  let count = { sent: 0, stored: 0, missing: 0, duplicated: 0 };
  for (let length = 0; length < bytes.length + step; length += step) {
    const { ids, contents, damaged } = await claimedFrom(folder, file, bytes.subarray(0, length));
    const said = `cut at ${length}`;
    // What was sealed or replaced later may come as it was before; nothing comes that never was.
    const whole = contents.filter((each) => known.has(each)).length;
    expect(whole, said).toBeGreaterThanOrEqual(before);
    expect(damaged, said).toBeLessThanOrEqual(1);
    before = whole;
    count = {
      sent: count.sent + 1,
      stored: count.stored + 1,
      missing: count.missing,
      duplicated: count.duplicated + ids.length - new Set(ids).size,
    };
  }
  expect(before).toBe(live.length);
  expect(gone.length).toBeGreaterThan(0);
  nothingLost('sdk segment cut at every byte: batches before the cut', count);
}, 240_000);

test('whatever byte of a segment goes wrong, the other batches come whole and what is gone stays gone [F15 F16]', async () => {
  const { file, bytes, live, parts, gone } = await everythingInOneSegment();
  const whole = new Set(live.map(contentOf));
  const partly = new Set(parts.map(contentOf));
  const folder = newFolder();
  const step = faultSize({ brief: 7, full: 1 });
  // All of its bits, and some alone.
  const flips = faultSize({ brief: 0, full: 1 }) ? [0xff, 1, 16, 128] : [0xff];
  let [sent, stored, missing, duplicated] = [0, 0, 0, 0];
  for (const flip of flips) {
    for (let at = 0; at < bytes.length; at += step) {
      const wrong = Buffer.from(bytes);
      wrong[at]! ^= flip;
      const { ids, contents, damaged } = await claimedFrom(folder, file, wrong);
      const said = `byte ${at} with ${flip}`;
      const unknown = contents.filter((each) => !whole.has(each) && !partly.has(each));
      expect(unknown, said).toEqual([]);
      const untouched = contents.filter((each) => whole.has(each)).length;
      expect(live.length - untouched, said).toBeLessThanOrEqual(1);
      expect(damaged, said).toBeGreaterThanOrEqual(live.length - untouched);
      expect(damaged, said).toBeLessThanOrEqual(1);
      sent += live.length - damaged;
      stored += Math.min(untouched, live.length - damaged);
      missing += Math.max(0, live.length - damaged - untouched);
      duplicated += ids.length - new Set(ids).size + ids.filter((id) => gone.includes(id)).length;
    }
    sayFault(`flipped ${flip} in each of ${bytes.length} bytes`);
  }
  nothingLost('sdk segment with every byte flipped: the other batches', { sent, stored, missing, duplicated });
}, 240_000);
