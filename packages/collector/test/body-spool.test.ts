import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BodyLane } from '../src/spool/bodies/body-lane.js';
import { type BodySpool, openBodySpool } from '../src/spool/bodies/body-spool.js';
import type { StoredBody } from '../src/spool/bodies/segment.js';

let directory: string;
let spool: BodySpool | undefined;
const said: string[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-bodies-'));
  said.length = 0;
});
afterEach(async () => {
  await spool?.close();
  spool = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function open({ segmentBytes = 1_000, maxBytes = 1_000_000 } = {}): Promise<BodyLane> {
  spool = await openBodySpool({
    directory,
    destinations: ['there'],
    maxBytes,
    segmentBytes,
    onEvent: (line) => said.push(line),
  });
  return spool.lanes[0]!;
}
const idOf = (number: number): string => number.toString(16).padStart(32, '0');
const bytesOf = (number: number, length = 100): Buffer => Buffer.alloc(length, number);
const put = (number: number, length = 100) =>
  spool!.append({ signal: 'traces', bytes: bytesOf(number, length), batchId: idOf(number) }, () => 0);
const files = (): string[] => readdirSync(join(directory, 'there')).sort();

/** Everything that can be taken, once what has to be read for it was read. */
async function takeAll(lane: BodyLane, count: number): Promise<StoredBody[]> {
  const taken: StoredBody[] = [];
  while (taken.length < count) {
    const told = new Promise<void>((done) => {
      lane.onWaiting = done;
    });
    const body = lane.take(0);
    if (body !== undefined) taken.push(body);
    else await told;
  }
  expect(lane.take(0)).toBeUndefined();
  return taken;
}
const numbersOf = (bodies: readonly StoredBody[]): number[] =>
  bodies.map(({ id }) => Number.parseInt(id, 16)).sort((a, b) => a - b);

async function contentOf(body: StoredBody): Promise<Buffer> {
  const room = Buffer.alloc(body.length);
  await body.segment.read(body, 0, room);
  return room;
}

test('requests come out of the spool as they went in, also after a restart', async () => {
  let lane = await open();
  expect(await Promise.all([1, 2, 3].map((number) => put(number, number * 400)))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  for (const body of await takeAll(lane, 3)) {
    const number = Number.parseInt(body.id, 16);
    expect(await contentOf(body)).toEqual(bytesOf(number, number * 400));
  }
  await spool!.close();
  lane = await open();
  expect(lane.waitingBatches).toBe(3);
  const again = await takeAll(lane, 3);
  expect(numbersOf(again)).toEqual([1, 2, 3]);
  for (const body of again) expect(await contentOf(body)).toEqual(bytesOf(body.length / 400, body.length));
  expect(said).toEqual([]);
});

test('what has arrived is not sent again after a restart, and its room is free', async () => {
  let lane = await open({ segmentBytes: 300 });
  for (let number = 1; number <= 9; number++) await put(number);
  for (const body of await takeAll(lane, 9)) if (body.id !== idOf(5)) lane.finish(body);
  await spool!.close();
  expect(files()).toEqual(['00000003.done', '00000003.tl']);
  lane = await open();
  const [left] = await takeAll(lane, 1);
  expect(left!.id).toBe(idOf(5));
  lane.finish(left!);
  await spool!.close();
  expect(files()).toEqual([]);
});

test('a second copy is dropped: on its way to the disk, while it waits, after it was forwarded, after a restart', async () => {
  let lane = await open();
  await Promise.all([put(1), put(1)]);
  await put(1);
  for (const body of await takeAll(lane, 1)) lane.finish(body);
  await put(1);
  expect(lane.waitingBatches).toBe(0);
  await put(2);
  await spool!.close();
  lane = await open();
  await put(1);
  await put(2);
  expect(numbersOf(await takeAll(lane, 1))).toEqual([2]);
  // One without a name is known by what is in it.
  for (const number of [3, 3, 4]) await spool!.append({ signal: 'traces', bytes: bytesOf(number) }, () => 0);
  expect(await takeAll(lane, 2)).toHaveLength(2);
  // The same name for something else hides nothing.
  await put(1, 50);
  expect(lane.waitingBatches).toBe(4);
});

test('an end that was not finished is cut off at every byte, and what is before it is kept', async () => {
  await open({ segmentBytes: 1e6 });
  for (const number of [1, 2]) await put(number, 20);
  await spool!.close();
  const file = join(directory, 'there', '00000001.tl');
  const whole = readFileSync(file);
  const frame = whole.length / 2;
  for (let cut = 0; cut < whole.length; cut++) {
    writeFileSync(file, whole.subarray(0, cut));
    const lane = await open();
    expect(lane.waitingBatches, `cut at ${cut}`).toBe(Math.floor(cut / frame));
    // Nobody was told that the lost one is kept, and its sender's copy is taken.
    await put(2, 20);
    expect(lane.waitingBatches, `cut at ${cut}`).toBe(Math.floor(cut / frame) + 1);
    await spool!.close();
    rmSync(join(directory, 'there'), { recursive: true });
    rmSync(join(directory, 'ledger'), { recursive: true });
    await open();
    await spool!.close();
  }
});

test('a batch whose bytes never reached the disk is not taken for one, whatever stands behind it', async () => {
  await open({ segmentBytes: 1e6 });
  for (const number of [1, 2, 3]) await put(number);
  await spool!.close();
  const file = join(directory, 'there', '00000001.tl');
  const bytes = readFileSync(file);
  bytes.fill(0, 152 + 60, 152 + 90);
  writeFileSync(file, bytes);
  const lane = await open();
  expect(numbersOf(await takeAll(lane, 2))).toEqual([1, 3]);
  expect(said.join()).toContain('Cut off the unfinished end');
  await put(2);
  expect(numbersOf(await takeAll(lane, 1))).toEqual([2]);
});

test('a full spool turns requests away and takes them again when there is room', async () => {
  const lane = await open({ segmentBytes: 300, maxBytes: 600 });
  await put(1, 200);
  await put(2, 200);
  expect(await put(3, 200)).toMatch(/fills the spool/);
  for (const body of await takeAll(lane, 2)) lane.finish(body);
  await expect.poll(() => put(3, 200)).toBeUndefined();
});

test('what is given back comes again when its time has come, and does not keep others waiting', async () => {
  const lane = await open();
  await put(1);
  const [body] = await takeAll(lane, 1);
  body!.notBeforeMs = 500;
  lane.giveBack(body!);
  expect(lane.nextReturnMs).toBe(500);
  expect(lane.take(499)).toBeUndefined();
  await put(2);
  expect(lane.take(499)?.id).toBe(idOf(2));
  expect(lane.take(500)?.id).toBe(idOf(1));
});

test('two halves take the place of a batch, and a start that finds it whole drops them', async () => {
  let lane = await open({ segmentBytes: 1e6 });
  await put(1);
  const before = join(directory, 'there');
  const copy = readFileSync(join(before, '00000001.tl'));
  const [body] = await takeAll(lane, 1);
  const half = (at: number) => ({ signal: 'traces' as const, id: `${idOf(1)}.${at}`, bytes: bytesOf(at), crc: at });
  const { crc32 } = await import('node:zlib');
  const halves = [half(0), half(1)].map((one) => ({ ...one, crc: crc32(one.bytes, crc32(one.id)) }));
  await lane.replace(body!, [halves[0]!, halves[1]!]);
  expect((await takeAll(lane, 2)).map(({ id }) => id)).toEqual([`${idOf(1)}.0`, `${idOf(1)}.1`]);
  await spool!.close();
  lane = await open();
  expect((await takeAll(lane, 2)).map(({ id }) => id)).toEqual([`${idOf(1)}.0`, `${idOf(1)}.1`]);
  await spool!.close();
  // As after a loss of power between the halves' writing and the mark.
  const [name] = files().filter((file) => file.endsWith('.done'));
  rmSync(join(before, name!));
  expect(readFileSync(join(before, '00000001.tl')).subarray(0, copy.length).equals(copy)).toBe(true);
  lane = await open();
  expect((await takeAll(lane, 1)).map(({ id }) => id)).toEqual([idOf(1)]);
});

test('what is refused for good is kept in a file that import reads', async () => {
  const lane = await open();
  await put(7);
  const [body] = await takeAll(lane, 1);
  const kept = await lane.setAside(body!);
  const { readFrames } = await import('../src/receive/files/read-frames.js');
  const bytes = readFileSync(kept);
  const parts = [];
  for await (const part of readFrames(async (at, length) => bytes.subarray(at, at + length), 0, bytes.length))
    parts.push(part);
  expect(parts).toMatchObject([{ kind: 'batch', id: idOf(7), signal: 'traces', bytes: bytesOf(7) }]);
  expect(lane.waitingBatches).toBe(0);
});

test('a file in the middle that cannot be read to its end is kept beside', async () => {
  await open({ segmentBytes: 300 });
  for (let number = 1; number <= 4; number++) await put(number, 200);
  await spool!.close();
  const first = join(directory, 'there', '00000001.tl');
  copyFileSync(first, `${first}.whole`);
  const { size } = statSync(first);
  writeFileSync(first, readFileSync(first).subarray(0, size - 10));
  appendFileSync(first, 'noise');
  const lane = await open();
  expect(said.join()).toContain('00000001.tl.damaged');
  expect(numbersOf(await takeAll(lane, 3))).toEqual([1, 3, 4]);
});
