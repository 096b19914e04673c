import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { zstdOf, zstdRun } from '../../test/zstd-frames.js';
import { type Coding, contentCoding, inflateBody } from './content-coding.js';

const TEXT = Buffer.from('Throughline '.repeat(1000));
const LIMIT = 1024 * 1024;

describe('what is sent packed is unpacked [S1]', () => {
  test.each([
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdOf(TEXT)],
  ] as [Coding, Buffer][])('%s is unpacked', async (coding, body) => {
    const result = await inflateBody(body, coding, LIMIT);
    expect(result.kind === 'inflated' && Buffer.from(result.bytes).equals(TEXT)).toBe(true);
  });
});

describe('a bomb is turned away before it is unpacked', () => {
  const zeros = Buffer.alloc(200 * 1024 * 1024);
  test.each([
    ['gzip', gzipSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['br', brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })],
    // A few bytes that say "zero, 2 GiB times".
    ['zstd', zstdRun(2 * 1024 ** 3)],
  ] as [Coding, Buffer][])('%s that grows beyond the limit is turned away', async (coding, body) => {
    expect(body.length).toBeLessThan(LIMIT);
    const before = process.memoryUsage().rss;
    expect(await inflateBody(body, coding, LIMIT)).toEqual({ kind: 'too-large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });
});

test('a window that alone would fill the memory is turned away', async () => {
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00]);
  expect(await inflateBody(frame, 'zstd', 64 * LIMIT)).toEqual({ kind: 'too-large' });
});

describe('what is not packed as it says is malformed', () => {
  test.each(['gzip', 'deflate', 'br', 'zstd'] as Coding[])('what is no %s is malformed', async (coding) => {
    expect(await inflateBody(Buffer.from('this is nothing of the kind'), coding, LIMIT)).toMatchObject({
      kind: 'malformed',
    });
    expect(await inflateBody(new Uint8Array(0), coding, LIMIT)).toMatchObject({ kind: 'malformed' });
  });
  test('a gzip body that is cut off', async () => {
    expect(await inflateBody(gzipSync(TEXT).subarray(0, 20), 'gzip', LIMIT)).toMatchObject({ kind: 'malformed' });
  });
  test('a zstd body that is cut off', async () => {
    expect(await inflateBody(zstdOf(TEXT).subarray(0, 2000), 'zstd', LIMIT)).toMatchObject({ kind: 'malformed' });
  });
});

test('names of codings', () => {
  expect([undefined, '', 'identity', 'GZIP', ' x-gzip ', 'zstd', 'compress', 'gzip, br'].map(contentCoding)).toEqual([
    undefined,
    undefined,
    undefined,
    'gzip',
    'gzip',
    'zstd',
    'unknown',
    'unknown',
  ]);
});
