import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogBlock } from '../src/process/log-block.js';
import { createMetricReader } from '../src/process/metrics/read-metrics.js';
import type { NativeBlock } from '../src/process/native-block.js';
import { createLogReader } from '../src/process/read-logs.js';
import type { RequestReader } from '../src/process/read-request.js';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import { arbitraryLogs } from './arbitrary-logs.js';
import { arbitraryMetrics } from './arbitrary-metrics.js';
import { arbitraryRequest } from './arbitrary-request.js';
import { createMetricBlocks } from './create-metric-blocks.js';
import { readNative } from './native-block.js';
import { encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';

/** `FUZZ=1000000 npx vitest run packages/collector/test/fuzz-reader` for the long run. */
const RUNS = Number(process.env.FUZZ ?? 20_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_120);
const SLOWEST_MS = 1_000;

/** Small, fast, and the same every time. */
function chance(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const BYTES = [0x00, 0x01, 0x07, 0x08, 0x0a, 0x12, 0x2a, 0x32, 0x4a, 0x5a, 0x6a, 0x7f, 0x80, 0x85, 0xff];

function mutate(original: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = Buffer.from(original);
  for (let change = random(4) + 1; change > 0; change--) {
    const at = random(bytes.length + 1);
    switch (random(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = BYTES[random(BYTES.length)] ?? 0;
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(9))]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(Array.from({ length: random(12) }, () => random(256))),
          bytes.subarray(at),
        ]);
        break;
      case 5: {
        // A piece of itself again: repeated and nested messages.
        const from = random(bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(200)), bytes.subarray(at)]);
        break;
      }
      default: {
        const from = random(other.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random(100)), bytes.subarray(at)]);
      }
    }
  }
  return bytes.subarray(0, 20_000);
}

interface Fuzzed<Target> {
  readonly reader: RequestReader<Target>;
  readonly target: Target;
  readonly blocks: readonly NativeBlock[];
  readonly requests: fc.Arbitrary<object>;
  readonly encode: (request: object) => Uint8Array;
}

function fuzz<Target>({ reader, target, blocks, requests, encode }: Fuzzed<Target>): void {
  const random = chance(SEED);
  const seeds = fc
    .sample(requests, { numRuns: 200, seed: SEED })
    .map(encode)
    .filter((bytes) => bytes.length > 0);
  const rowsIn = (): number => blocks.reduce((sum, block) => sum + block.rows, 0);
  const counts = { read: 0, malformed: 0, 'too-large': 0 };
  let slowest = 0;
  let before = 0;
  for (let run = 0; run < RUNS; run++) {
    const bytes = mutate(seeds[random(seeds.length)]!, seeds[random(seeds.length)]!, random);
    const rows = rowsIn();
    const began = performance.now();
    const result = reader.read(bytes, target, 1_795_149_538_000);
    slowest = Math.max(slowest, performance.now() - began);
    counts[result.kind]++;
    if (result.kind !== 'read') expect(rowsIn()).toBe(rows);
    else expect(rowsIn()).toBe(rows + result.accepted);
    // What stands in the blocks must still be readable to the last byte, whatever came.
    if (run % 50 === 49) {
      for (const block of blocks) {
        expect(readNative(Buffer.concat(block.toNative())).rows).toBe(block.rows);
        block.clear();
      }
    }
    if (run === Math.floor(RUNS / 4)) before = memory();
  }
  expect(counts.read).toBeGreaterThan(RUNS / 100);
  expect(counts.malformed).toBeGreaterThan(RUNS / 100);
  expect(slowest).toBeLessThan(SLOWEST_MS);
  expect(memory() - before).toBeLessThan(64 * 1024 * 1024);
}

const TIMEOUT = { timeout: 60_000 + RUNS };

test(
  'the reader survives mutated requests: no crash, no hang, no growth, and what it keeps is a whole block',
  TIMEOUT,
  () => {
    const target = new TraceBlock();
    fuzz({
      reader: createTraceReader(),
      target,
      blocks: [target],
      requests: arbitraryRequest,
      encode: encodeTraces,
    });
  },
);

test('the reader of logs survives mutated requests as well', TIMEOUT, () => {
  const target = new LogBlock();
  fuzz({ reader: createLogReader(), target, blocks: [target], requests: arbitraryLogs, encode: encodeLogs });
});

test('the reader of metrics survives mutated requests as well', TIMEOUT, () => {
  const target = createMetricBlocks();
  fuzz({
    reader: createMetricReader(),
    target,
    blocks: Object.values(target),
    requests: arbitraryMetrics,
    encode: encodeMetrics,
  });
});

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
