import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { batchFrame } from '../../sdk/src/transports/batch-frame.js';
import { importFiles } from '../src/cli/import.js';
import { relayBefore } from './relay-before.js';
import { oneSpan } from './span-file.js';
import { runCli, startCollector, type TestCollector } from './start-collector.js';
import { storedSpanIds } from './stored-span-ids.js';

// Each test starts programs, on machines that may be busy with others.
vi.setConfig({ testTimeout: 120_000 });

const scratch = mkdtempSync(join(tmpdir(), 'throughline-import-'));
let collector: TestCollector;
beforeAll(async () => {
  collector = await startCollector([], { data: join(scratch, 'data') });
}, 60_000);
afterAll(async () => {
  await collector?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

let folder: string;
let folders = 0;
beforeEach(() => {
  folder = join(scratch, `files-${folders++}`);
  mkdirSync(folder);
});
const inFolder = (name: string): string => join(folder, name);
const importFile = (...args: string[]) => runCli(['import', '--to', collector.otlpHttp, ...args]);

let lastSpan = 0;
/** Spans that the collector was given in this file. */
let kept = 0;
/** A frame with one span of its own. */
function frame(): { readonly frame: Uint8Array; readonly spanId: string } {
  const spanId = Buffer.from((++lastSpan).toString(16).padStart(16, '0'), 'hex');
  const id = lastSpan.toString(16).padStart(32, '0');
  return {
    frame: batchFrame({ id, signal: 'traces', bytes: oneSpan(spanId) }),
    spanId: spanId.toString('hex'),
  };
}

describe('throughline import', () => {
  test('takes a file of frames once, and leaves it empty [W4]', async () => {
    const frames = Array.from({ length: 30 }, frame);
    writeFileSync(inFolder('spans.tl'), Buffer.concat(frames.map(({ frame }) => frame)));
    writeFileSync(inFolder('copy.tl'), Buffer.concat(frames.map(({ frame }) => frame)));
    expect(await importFile(inFolder('spans.tl'))).toEqual({
      code: 0,
      stdout: `${inFolder('spans.tl')}: 30 batches taken: 30 spans. The file is empty.\n`,
      stderr: '',
    });
    expect(readdirSync(folder)).toEqual(['copy.tl']);
    // A copy of the same batches adds nothing.
    expect(await importFile(inFolder('copy.tl'))).toMatchObject({ code: 0 });
    kept += 30;
    const ids = await storedSpanIds(collector, kept);
    expect(ids).toHaveLength(kept);
    expect(ids).toEqual(expect.arrayContaining(frames.map(({ spanId }) => spanId)));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('skips damage, and says where [W4]', async () => {
    const [first, second, third] = [frame(), frame(), frame()];
    const broken = Buffer.from(second.frame);
    broken[40] = broken[40]! ^ 1;
    const noRequest = batchFrame({ id: 'a'.repeat(32), signal: 'traces', bytes: Buffer.from('not protobuf') });
    writeFileSync(
      inFolder('spans.tl'),
      Buffer.concat([first.frame, broken, noRequest, third.frame, second.frame.subarray(0, 60)]),
    );
    const path = inFolder('spans.tl');
    const [a, b, c] = [first.frame.length, broken.length, noRequest.length];
    const { code, stdout, stderr } = await importFile(path);
    expect(stdout).toBe(`${path}: 2 batches taken: 2 spans. The file is empty. 2 damaged places were skipped.\n`);
    expect(stderr.split('\n')).toEqual([
      `${path}: at offset ${a} ${b} bytes were skipped: no whole frame.`,
      expect.stringMatching(new RegExp(`: at offset ${a + b} a batch was skipped: .*not an OTLP export request`)),
      `${path}: the end from offset ${a + b + c + third.frame.length} on is not whole and was left out; its writer was interrupted.`,
      '',
    ]);
    expect(code).toBe(0);
    kept += 2;
    const ids = await storedSpanIds(collector, kept);
    expect(ids).toEqual(expect.arrayContaining([first.spanId, third.spanId]));
    expect(ids).not.toContain(second.spanId);
  });

  test('takes OTLP/JSON lines as OpenTelemetry’s file exporters write them, and leaves the file as it is', async () => {
    const line = (spanId: string) =>
      JSON.stringify({
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'lines' } }] },
            scopeSpans: [
              {
                spans: [
                  {
                    traceId: '07'.repeat(16),
                    spanId,
                    name: 'line',
                    kind: 1,
                    startTimeUnixNano: `${Date.now()}000000`,
                    endTimeUnixNano: `${Date.now()}000001`,
                  },
                ],
              },
            ],
          },
        ],
      });
    const ids = [++lastSpan, ++lastSpan].map((number) => number.toString(16).padStart(16, '0'));
    const path = inFolder('traces.jsonl');
    writeFileSync(path, `${line(ids[0]!)}\nno line\n${line(ids[1]!)}\n`);
    for (let time = 0; time < 2; time++) {
      const { code, stdout, stderr } = await importFile(path);
      expect(stdout).toBe(
        `${path}: 2 batches taken: 2 spans. The file stays as it is. 1 damaged places were skipped.\n`,
      );
      expect(stderr).toContain('8 bytes were skipped: a line that is not JSON.');
      expect(code).toBe(0);
    }
    kept += 2;
    const found = await storedSpanIds(collector, kept);
    expect(found).toEqual(expect.arrayContaining(ids));
    expect(found).toHaveLength(kept);
    expect(existsSync(path)).toBe(true);
  });

  test('says in one sentence what stands in the way, and touches nothing', async () => {
    writeFileSync(inFolder('notes.txt'), 'remember the milk\n');
    writeFileSync(inFolder('packed.gz'), gzipSync('{}'));
    writeFileSync(inFolder('good.tl'), frame().frame);
    const said = async (...args: string[]) => {
      let text = '';
      const output = {
        write: (line: string) => expect.fail(line),
        complain(line: string) {
          text += line;
        },
        env: {},
      };
      return `${await importFiles(args, output)} ${text}`;
    };
    const prefix = 'throughline import:';
    expect(await said(inFolder('none.tl'))).toBe(
      `1 ${prefix} ${inFolder('none.tl')} cannot be read: there is no such file.\n`,
    );
    expect(await said(inFolder('notes.txt'))).toBe(
      `1 ${prefix} ${inFolder('notes.txt')} is neither a file of Throughline's frames nor of OTLP/JSON lines.\n`,
    );
    expect(await said(inFolder('packed.gz'))).toBe(
      `1 ${prefix} ${inFolder('packed.gz')} is packed by gzip; unpack it first.\n`,
    );
    expect(await said(folder)).toBe(
      `1 ${prefix} ${folder} is a directory; \`throughline up --watch ${folder}\` takes what programs leave in one.\n`,
    );
    expect(await said('--to', 'http://127.0.0.1:9', inFolder('good.tl'))).toBe(
      `1 ${prefix} Nothing takes telemetry at http://127.0.0.1:9 (ECONNREFUSED). Start \`throughline up\`, or name another address with --to.\n`,
    );
    expect(await said('--to', 'there', inFolder('good.tl'))).toBe(
      `2 ${prefix} --to must be an address like http://localhost:4318, not "there".\n`,
    );
    expect(await said()).toBe(`2 ${prefix} Which file? See throughline import --help.\n`);
    expect(await said('--too', 'x')).toMatch(/^2 throughline import: Unknown option '--too'/);
    expect(readdirSync(folder).sort()).toEqual(['good.tl', 'notes.txt', 'packed.gz']);
  });

  test('that is stopped in the middle leaves the rest where the next one finds it [W4]', async () => {
    const path = inFolder('spans.tl');
    const frames = Array.from({ length: 40 }, frame);
    writeFileSync(path, Buffer.concat(frames.map(({ frame }) => frame)));
    // Takes ten and is busy for ever after.
    let taken = 0;
    const { server, url } = await relayBefore(collector, (forward) => (taken++ < 11 ? forward() : 503));
    const stopped = await runCli(['import', '--to', url, '--patience', '1', path]);
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(
      /has taken nothing for 1 s \(it answers 503\)\. What is left of \S+spans\.tl waits in \S+; run the command again\.\n$/,
    );
    // Meanwhile the program writes on.
    const more = frame();
    writeFileSync(path, more.frame);
    server.close();
    const { stdout } = await importFile(path);
    expect(stdout).toContain('41 batches taken: 41 spans. The file is empty.');
    kept += 41;
    expect(await storedSpanIds(collector, kept)).toHaveLength(kept);
    expect(readdirSync(folder)).toEqual([]);
  });
});
