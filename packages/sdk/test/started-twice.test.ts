import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* Two copies of this package in one process, as bundlers and nested node_modules make them. */

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-twice-'));
  for (const copy of ['a.mjs', 'b.mjs'] as const) {
    await build({
      stdin: {
        contents: `
          export { startTelemetry } from './core/telemetry.js';
          export { currentTelemetry, claimTelemetry } from './core/telemetry-global.js';
          export { createTestClock } from './runtimes/testing/test-clock.js';
          export { createStackContextStore } from './core/context/stack-context-store.js';
        `,
        resolveDir: join(here, '../src'),
      },
      bundle: true,
      format: 'esm',
      outfile: join(directory, copy),
    });
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let programs = 0;
async function program<T>(code: string): Promise<T> {
  const file = join(directory, `program-${programs++}.mjs`);
  writeFileSync(
    file,
    `
    import * as a from './a.mjs';
    import * as b from './b.mjs';
    const codes = [], sent = [];
    const start = (copy, options) => copy.startTelemetry(
      {
        clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
        timers: { after: (ms, run) => { const timer = setTimeout(run, ms).unref(); return () => clearTimeout(timer); } },
        entropy: { fill: (target) => crypto.getRandomValues(target) },
        contextStore: copy.createStackContextStore(),
        lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
      },
      {
        batch: { maxItems: 1 },
        destinations: { destination: 'memory', send: async ({ items }) => (sent.push(items), { kind: 'accepted', rejectedItems: 0 }) },
        onDiagnostic: ({ code }) => codes.push(code),
        ...options,
      },
    );
    const say = (value) => console.log(JSON.stringify(value));
    ${code}
    `,
  );
  const { stdout } = await run(process.execPath, [file]);
  return JSON.parse(stdout) as T;
}

test('starting again, also by another copy of the package, gives the first telemetry and a warning [F2]', async () => {
  const result = await program<unknown>(`
    const first = start(a);
    const same = [start(a) === first, start(b) === first, b.currentTelemetry() === first];
    start(b).measure('work', () => 1);
    say({ same, codes, sent });
    await first.shutdown();
  `);
  // The warning comes once a minute and sink at most, and each start has its own sink here.
  expect(result).toEqual({
    same: [true, true, true],
    codes: ['started-twice', 'started-twice', 'started-twice'],
    sent: [1],
  });
});

test('after shutdown another copy can start', async () => {
  const result = await program<unknown>(`
    const first = start(a);
    await first.shutdown();
    const free = b.currentTelemetry() === undefined;
    const second = start(b);
    const other = second !== first;
    second.measure('work', () => 1);
    await second.shutdown();
    say({ free, other, codes, sent });
  `);
  expect(result).toEqual({ free: true, other: true, codes: [], sent: [1] });
});

test('a telemetry apart from the globals is not the current one and starts beside it', async () => {
  const result = await program<unknown>(`
    const apart = start(a, { global: false });
    const none = b.currentTelemetry() === undefined;
    const first = start(b);
    const beside = start(a, { global: false });
    say({ none, distinct: new Set([apart, first, beside]).size, codes });
    await Promise.all([apart, first, beside].map((telemetry) => telemetry.shutdown()));
  `);
  expect(result).toEqual({ none: true, distinct: 3, codes: [] });
});

test('giving the place back does nothing once another has taken it', async () => {
  const result = await program<unknown>(`
    const [one, two] = [{}, {}];
    const release = a.claimTelemetry(one);
    b.claimTelemetry(two);
    release();
    say(a.currentTelemetry() === two);
  `);
  expect(result).toBe(true);
});
