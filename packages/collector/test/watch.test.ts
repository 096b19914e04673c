import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { batchFrame } from '../../sdk/src/transports/batch-frame.js';
import type { TraceAnswer } from '../src/shapes/api.js';
import { oneSpan, startWriter } from './span-file.js';
import { eventually, runCli, startCollector, type TestCollector } from './start-collector.js';

// Each test starts programs, on machines that may be busy with others.
vi.setConfig({ testTimeout: 120_000 });

const scratch = mkdtempSync(join(tmpdir(), 'throughline-watch-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let at = 0;
let folder: string;
let data: string;
const running: TestCollector[] = [];
beforeEach(() => {
  at++;
  folder = join(scratch, `watched-${at}`);
  data = join(scratch, `data-${at}`);
  mkdirSync(folder);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((collector) => collector.stop('SIGKILL')));
});

async function up(...args: string[]): Promise<TestCollector> {
  const collector = await startCollector(['--watch', folder, ...args], { data });
  running.push(collector);
  return collector;
}

const spansOf = async (collector: TestCollector, count: number) =>
  eventually(
    async () => {
      const answer = await fetch(`${collector.explorer}/api/v1/traces/${'07'.repeat(16)}`);
      return answer.ok ? ((await answer.json()) as TraceAnswer).spans.map(({ spanId }) => spanId) : [];
    },
    (ids) => ids.length >= count,
    60_000,
  );
const idOf = (number: number): string => number.toString(16).padStart(16, '0');
const frame = (number: number): Uint8Array =>
  batchFrame({
    id: idOf(number).padStart(32, '0'),
    signal: 'traces',
    bytes: oneSpan(Buffer.from(idOf(number), 'hex')),
  });
const line = (number: number): string =>
  `${JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId: '07'.repeat(16),
                spanId: idOf(number),
                name: `line ${number}`,
                startTimeUnixNano: `${Date.now()}000000`,
                endTimeUnixNano: `${Date.now()}000001`,
              },
            ],
          },
        ],
      },
    ],
  })}\n`;
const isEmptied = (): Promise<unknown> =>
  eventually(
    async () => readdirSync(folder).filter((name) => !name.startsWith('.')),
    (names) => names.length === 0,
    30_000,
  );

describe('throughline up --watch', () => {
  test('takes what programs leave in the folder, while several of them write, and empties it [W4]', {
    timeout: 120_000,
  }, async () => {
    const collector = await up();
    const path = join(folder, 'spans.tl');
    const writers = ['beef0001', 'beef0002'].map((identity) =>
      startWriter(join(folder, `.${identity}`), path, identity),
    );
    await Promise.all(writers.map((writer) => writer.wrote(300)));
    const [first, second] = await Promise.all(writers.map((writer) => writer.stop()));
    const ids = await spansOf(collector, first! + second!);
    expect(ids.filter((id) => id.startsWith('beef0001'))).toHaveLength(first!);
    expect(ids.filter((id) => id.startsWith('beef0002'))).toHaveLength(second!);
    expect(new Set(ids).size).toBe(ids.length);
    await isEmptied();
    expect(collector.output()).not.toMatch(/skipped|left out|cannot/);
  });

  test('killed again and again while a program writes, it has each span once [W4]', { timeout: 240_000 }, async () => {
    const path = join(folder, 'spans.tl');
    const writer = startWriter(join(folder, '.writer'), path, 'beef0003');
    let written = 0;
    for (let cut = 0; cut < 5; cut++) {
      const collector = await up();
      written += 40;
      await writer.wrote(written);
      // Somewhere between taking and removing.
      await eventually(
        async () => readdirSync(folder).some((name) => name.includes('.taken-')),
        (isTaking) => isTaking,
      );
      await collector.stop('SIGKILL');
    }
    const count = await writer.stop();
    const last = await up();
    const ids = await spansOf(last, count);
    expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(count);
    await isEmptied();
  });

  test('follows files of OTLP/JSON lines, also over a restart, and lets them be', { timeout: 60_000 }, async () => {
    const first = await up();
    const path = join(folder, 'traces.jsonl');
    writeFileSync(path, line(1));
    await spansOf(first, 1);
    const half = line(2);
    appendFileSync(path, half.slice(0, 40));
    appendFileSync(path, half.slice(40) + line(3));
    await spansOf(first, 3);
    await first.stop();
    appendFileSync(path, line(4));
    const second = await up();
    await spansOf(second, 4);
    // Cut to nothing and written anew, as logrotate does; then another file under the same name.
    truncateSync(path, 0);
    appendFileSync(path, line(5));
    await spansOf(second, 5);
    renameSync(path, join(folder, '.old'));
    writeFileSync(path, line(6));
    expect((await spansOf(second, 6)).sort()).toEqual([1, 2, 3, 4, 5, 6].map(idOf));
    expect(existsSync(path)).toBe(true);
  });

  test('a file that is copied in slowly by somebody who knows nothing of it is taken whole [W4]', async () => {
    const collector = await up();
    const path = join(folder, 'copied.tl');
    const whole = Buffer.concat([1, 2, 3, 4].map(frame));
    const middle = Math.floor(whole.length / 2) + 7;
    // Held open, as `scp` and `cp` do; nobody looks whether the name still leads here.
    const { openSync, writeSync, closeSync } = await import('node:fs');
    const file = openSync(path, 'w');
    writeSync(file, whole.subarray(0, middle));
    await spansOf(collector, 2);
    writeSync(file, whole.subarray(middle));
    closeSync(file);
    expect((await spansOf(collector, 4)).sort()).toEqual([1, 2, 3, 4].map(idOf));
    await isEmptied();
    expect(collector.output()).not.toContain('skipped');
  });

  test('says once what it does not understand, and leaves it alone', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'remember the milk');
    writeFileSync(join(folder, '.hidden'), frame(1));
    mkdirSync(join(folder, 'deeper'));
    const broken = Buffer.from(frame(2));
    broken[30] = broken[30]! ^ 1;
    writeFileSync(join(folder, 'spans.tl'), Buffer.concat([broken, frame(3)]));
    const collector = await up();
    expect(await spansOf(collector, 1)).toEqual([idOf(3)]);
    await collector.said(
      `notes.txt is neither a file of Throughline's frames nor of OTLP/JSON lines; it is left alone.`,
    );
    await collector.said(`: at offset 0 ${broken.length} bytes were skipped: no whole frame.`);
    await eventually(
      async () => readdirSync(folder).sort(),
      (names) => names.length === 3,
    );
    expect(collector.output().split('notes.txt')).toHaveLength(2);
  });

  test('a folder that is none is said before anything else', async () => {
    const none = join(folder, 'none');
    expect(await runCli(['up', '--watch', none, '--data', data])).toMatchObject({
      code: 1,
      stderr: `throughline: There is no folder ${none} to watch.\n`,
    });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect((await runCli(['up', '--watch', file, '--data', data])).stderr).toBe(
      `throughline: ${file} is a file; --watch takes a folder, \`throughline import\` takes files.\n`,
    );
  });
});
