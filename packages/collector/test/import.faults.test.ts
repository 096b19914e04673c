import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultSize, nothingLost } from '../../testkit/src/faults/fault-run.js';
import type { Status } from '../src/shapes/api.js';
import { relayBefore } from './relay-before.js';
import { startWriter } from './span-file.js';
import { commandLine, runCli, startCollector, type TestCollector } from './start-collector.js';
import { storedSpanIds } from './stored-span-ids.js';

const KILLS = faultSize({ brief: 10, full: 50 });

const scratch = mkdtempSync(join(tmpdir(), 'throughline-import-faults-'));
const folder = join(scratch, 'files');
let collector: TestCollector;
beforeAll(async () => {
  mkdirSync(folder);
  collector = await startCollector([], { data: join(scratch, 'data') });
}, 60_000);
afterAll(async () => {
  await collector?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

test('a file that a program writes to all the while: with the import killed again and again at random, every span is kept, and once [W4]', {
  timeout: 240_000,
}, async () => {
  const path = join(folder, 'spans.tl');
  const writer = startWriter(join(folder, '.writer'), path, 'beef0001');
  await writer.wrote(20);
  const random = seeded(20_251_121);
  let kills = 0;
  let attempts = 0;
  while (kills < KILLS) {
    expect(++attempts).toBeLessThan(4 * KILLS);
    // The cut comes with the so-many-th request: before it is passed on, behind the collector's back, or after the answer.
    const at = random(12);
    const moment = (['before', 'between', 'after'] as const)[random(3)]!;
    let requests = 0;
    const cutting = await relayBefore(collector, async (forward) => {
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
    if (!existsSync(join(folder, name)) && !readdirSync(folder).some((one) => one.startsWith('spans.tl'))) break;
    expect((await runCli(['import', '--to', collector.otlpHttp, path])).code).toBe(0);
  }
  expect(readdirSync(folder)).toEqual(['.writer']);
  expect(written).toBeGreaterThan(2 * KILLS);
  const ids = await storedSpanIds(collector, written);
  nothingLost('import killed', {
    sent: written,
    stored: new Set(ids).size,
    missing: written - new Set(ids).size,
    duplicated: ids.length - new Set(ids).size,
  });
  expect(ids.filter((id) => !id.startsWith('beef0001'))).toEqual([]);
  // What might still be on its way would be too many.
  const status = (await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as Status;
  expect(status.spans).toBe(written);
});

/** Numbers below a bound, the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}
