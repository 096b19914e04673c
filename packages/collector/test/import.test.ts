import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { batchFrame } from '../../sdk/src/transports/batch-frame.js';
import { importFiles } from '../src/cli/import.js';
import type { Status, TraceAnswer } from '../src/shapes/api.js';
import { oneSpan, startWriter } from './span-file.js';
import { commandLine, eventually, runCli, startCollector, type TestCollector } from './start-collector.js';

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

/** Ids of the spans that the collector has, once there are so many. */
async function spanIds(count: number): Promise<string[]> {
  const trace = await eventually(
    async () => {
      const answer = await fetch(`${collector.explorer}/api/v1/traces/${'07'.repeat(16)}`);
      return answer.ok ? ((await answer.json()) as TraceAnswer).spans.map(({ spanId }) => spanId) : [];
    },
    (ids) => ids.length >= count,
    60_000,
  );
  return trace;
}

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
    const ids = await spanIds(kept);
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
    const ids = await spanIds(kept);
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
    const found = await spanIds(kept);
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
    const { server, url } = await relay((forward) => (taken++ < 11 ? forward() : 503));
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
    expect(await spanIds(kept)).toHaveLength(kept);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a file that a program writes to all the while', () => {
  test('with the import killed 50 times at random, every span is kept, and once [W4]', {
    timeout: 600_000,
  }, async () => {
    const path = inFolder('spans.tl');
    const writer = startWriter(inFolder('.writer'), path, 'beef0001');
    await writer.wrote(20);
    const random = seeded(20_251_121);
    let kills = 0;
    let attempts = 0;
    while (kills < 50) {
      expect(++attempts).toBeLessThan(200);
      // The cut comes with the so-many-th request: before it is passed on, behind the collector's back, or after the answer.
      const at = random(12);
      const moment = (['before', 'between', 'after'] as const)[random(3)]!;
      let requests = 0;
      const cutting = await relay(async (forward) => {
        if (requests++ !== at) return forward();
        if (moment === 'before') return cut();
        const answer = await forward();
        if (moment === 'between') return cut();
        setImmediate(cut);
        return answer;
      });
      const importer = spawn(process.execPath, [commandLine(), 'import', '--to', cutting.url, path], {
        stdio: 'ignore',
      });
      const ended = once(importer, 'close');
      // Besides: at no moment in particular, before and after everything else too.
      const timer = random(4) === 0 ? setTimeout(() => importer.kill('SIGKILL'), random(900)) : undefined;
      const cut = (): undefined => void importer.kill('SIGKILL');
      const [, signal] = await ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') kills++;
      cutting.server.closeAllConnections();
      cutting.server.close();
      // It goes on meanwhile: there is something new to take each time.
      await once(writer.process, 'wrote');
    }
    const written = await writer.stop();
    // What is there is taken; what was taken and not finished is found.
    for (const name of ['spans.tl', 'spans.tl']) {
      if (!existsSync(inFolder(name)) && !readdirSync(folder).some((one) => one.startsWith('spans.tl'))) break;
      expect((await importFile(path)).code).toBe(0);
    }
    expect(readdirSync(folder)).toEqual(['.writer']);
    expect(written).toBeGreaterThan(100);
    kept += written;
    const ids = await spanIds(kept);
    expect(ids.filter((id) => id.startsWith('beef0001'))).toHaveLength(written);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(kept);
    // What might still be on its way would be too many.
    expect((await status()).spans).toBe(kept);
  });
});

async function status(): Promise<Status> {
  return (await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as Status;
}

type Answer = { readonly status: number; readonly body: Buffer };

/** Stands before the collector; `answer` passes a request on, answers with a status of its own, or not at all. */
async function relay(
  answer: (forward: () => Promise<Answer>) => Promise<Answer | number | undefined> | number | undefined,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(async (request, response) => {
    response.on('error', () => undefined);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const forward = async (): Promise<Answer> => {
      const passed = await fetch(new URL(request.url!, collector.otlpHttp), {
        method: 'POST',
        headers: { 'content-type': request.headers['content-type']! },
        body: Buffer.concat(chunks),
      });
      return { status: passed.status, body: Buffer.from(await passed.arrayBuffer()) };
    };
    const found = await answer(forward);
    if (found === undefined) return;
    if (typeof found === 'number') response.writeHead(found).end();
    else response.writeHead(found.status, { 'content-type': 'application/x-protobuf' }).end(found.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Numbers below a bound, the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}
