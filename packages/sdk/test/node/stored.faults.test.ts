import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { faultSize, nothingLost, sayFault } from '../../../testkit/src/faults/fault-run.js';
import { tallySerials } from '../../../testkit/src/faults/serials.js';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { type InstalledSdk, installSdk } from './installed-sdk.js';
import { keptOnce, serialsOf } from './ledger.js';
import { killPrograms, type RunningProgram, runProgram } from './run-program.js';

/*
 * Programs that keep their batches in a folder and end in the middle of something, and the next ones that send what they left.
 */

let sdk: InstalledSdk;
let sink: OtlpSink;
let folder: string;

beforeAll(async () => {
  sdk = await installSdk();
});
afterAll(() => sdk?.remove());
beforeEach(async () => {
  sink = await otlpSink({ protocol: 'http1' });
  folder = mkdtempSync(join(tmpdir(), 'throughline-stored-'));
});
afterEach(async () => {
  killPrograms();
  await sink.close();
  rmSync(folder, { recursive: true });
});

interface Settings {
  readonly env?: Record<string, string>;
  readonly nodeArgs?: readonly string[];
}

function run({ env, nodeArgs }: Settings = {}): RunningProgram {
  return runProgram('stored.mjs', {
    cwd: sdk.folder,
    nodeArgs: nodeArgs ?? [],
    // A batch is sealed at its tenth span only once the resource is complete.
    env: { FOLDER: folder, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_NODE_RESOURCE_DETECTORS: 'none', ...env },
  });
}

/** The serials that a program has said to be durable, in whole lines. */
const said = (stdout: string): number[] => stdout.split('\n').slice(0, -1).map(Number);

/** Programs that send what is left. */
async function sendTheRest(env: Record<string, string> = {}): Promise<void> {
  for (let time = 0; time === 0 || (time < 10 && readdirSync(folder).length > 0); time++) {
    const { code, stderr } = await run({ env: { SPANS: '0', END: 'sent', ...env } }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
  expect(readdirSync(folder)).toEqual([]);
}

const some = (most: number) => Math.floor(Math.random() * most);

/** Kills at random moments, the receiver being there, away, or silent after it has taken a batch. */
async function killAgainAndAgain(env: Record<string, string>, kills: number): Promise<number[]> {
  const durable: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const first = durable.length + kill * 100_000;
    sink.answers.length = 0;
    if (kill % 3 === 0) sink.answers.push(...Array.from({ length: 200 }, () => ({ status: 503 })));
    if (kill % 3 === 1) sink.answers.push(...Array.from({ length: 200 }, (_, at) => ({ cut: at % 2 === 0 })));
    const program = run({ env: { FIRST: String(first), SPANS: '2000', ...env } });
    await program.line(new RegExp(`^${first + 10 + some(1_900)}$`, 'm'));
    program.kill('SIGKILL');
    const { stdout, signal } = await program.ended;
    expect(signal).toBe('SIGKILL');
    durable.push(...said(stdout));
    if (kill % 20 === 19) sayFault(`${kill + 1} kills`);
  }
  sink.answers.length = 0;
  return durable;
}

test('killed with -9 while every batch is durable, again and again: the next ones send the rest, once [F15 F17]', async () => {
  const durable = await killAgainAndAgain({}, faultSize({ brief: 3, full: 120 }));
  await sendTheRest();
  nothingLost(
    'sdk process killed with -9, durable at each batch',
    tallySerials(durable, serialsOf(keptOnce(sink.received))),
  );
});

test('killed with -9 while every span is durable, again and again: the next ones send the rest, once [F15 F17]', async () => {
  const durable = await killAgainAndAgain({ DURABLE_AT: 'span' }, faultSize({ brief: 3, full: 120 }));
  await sendTheRest();
  nothingLost(
    'sdk process killed with -9, durable at each span',
    tallySerials(durable, serialsOf(keptOnce(sink.received))),
  );
});

test.each([
  { END: 'abort', nodeArgs: [] },
  { END: 'memory', nodeArgs: ['--max-old-space-size=40'] },
])(
  'ended by $END in the step in which spans ended: what was durable is sent by the next one [F17]',
  async ({ END, nodeArgs }) => {
    const durable: number[] = [];
    const times = faultSize({ brief: 1, full: 3 });
    for (let time = 0; time < times; time++) {
      const settings = { END, DURABLE_AT: 'span', FIRST: String(time * 1_000), SPANS: '900' };
      const { signal, stdout } = await run({ env: settings, nodeArgs }).ended;
      expect(signal).toBe('SIGABRT');
      durable.push(...said(stdout));
    }
    expect(durable).toHaveLength(900 * times);
    await sendTheRest();
    nothingLost(`sdk process ended by ${END}`, tallySerials(durable, serialsOf(keptOnce(sink.received))));
  },
);
