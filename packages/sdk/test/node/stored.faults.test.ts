import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  faultName,
  faultSize,
  nothingLost,
  nothingLostOfAny,
  sayFault,
} from '../../../testkit/src/faults/fault-run.js';
import { tallySerials } from '../../../testkit/src/faults/serials.js';
import { everySignal, type FaultSignal, furtherSignals } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { hasSmallDisks, smallDisk } from '../../../testkit/src/faults/small-disk.js';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { type InstalledSdk, installSdk } from './installed-sdk.js';
import { keptOnce, serialsKept, serialsOf } from './ledger.js';
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
    env: {
      FOLDER: folder,
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_NODE_RESOURCE_DETECTORS: 'none',
      // What telemetry has to say about a receiver that is away.
      OTEL_LOG_LEVEL: 'none',
      ...env,
    },
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

/** At full size a hundred programs and more are killed, one behind the other. */
const longMs = faultSize({ brief: 280_000, full: 900_000 });

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

test(
  'killed with -9 while every batch is durable, again and again: the next ones send the rest, once [F15 F17]',
  async () => {
    const durable = await killAgainAndAgain({}, faultSize({ brief: 3, full: 120 }));
    await sendTheRest();
    nothingLost(
      'sdk process killed with -9, durable at each batch',
      tallySerials(durable, serialsOf(keptOnce(sink.received))),
    );
  },
  longMs,
);

test(
  'killed with -9 while every span is durable, again and again: the next ones send the rest, once [F15 F17]',
  async () => {
    const durable = await killAgainAndAgain({ DURABLE_AT: 'span' }, faultSize({ brief: 3, full: 100 }));
    await sendTheRest();
    nothingLost(
      'sdk process killed with -9, durable at each span',
      tallySerials(durable, serialsOf(keptOnce(sink.received))),
    );
  },
  longMs,
);

test.each(furtherSignals)(
  'killed with -9 while every batch of %s is durable, again and again: the next ones send the rest, once [F15 S7]',
  async (signal) => {
    const durable = await killAgainAndAgain({ SIGNAL: signal }, faultSize({ brief: 3, full: 120 }));
    await sendTheRest();
    nothingLost(
      `sdk process killed with -9, ${signal} durable at each batch`,
      tallySerials(durable, serialsKept(signal, sink.received)),
    );
  },
  longMs,
);

test.each(furtherSignals)(
  'killed with -9 while every item of %s is durable, again and again: the next ones send the rest, once [F15 S7]',
  async (signal) => {
    const settings = { SIGNAL: signal, DURABLE_AT: 'span' };
    // Each point is a batch of its own, and a request.
    const kills = faultSize({ brief: 1, full: signal === 'metrics' ? 30 : 100 });
    const durable = await killAgainAndAgain(settings, kills);
    await sendTheRest();
    nothingLost(
      `sdk process killed with -9, ${signal} durable at each item`,
      tallySerials(durable, serialsKept(signal, sink.received)),
    );
  },
  longMs,
);

test.each(furtherSignals)(
  'an answer that is lost after a batch of %s was taken: the same request again, byte for byte, also from the next process [F15 S7]',
  async (signal) => {
    const items = faultSize({ brief: 300, full: 100_000 });
    const lostOneOf = faultSize({ brief: 3, full: 50 });
    sink.answers.push(...Array.from({ length: items / 10 }, (_, at) => ({ cut: at % lostOneOf === 1 })));
    const program = run({ env: { SIGNAL: signal, SPANS: String(items), END: 'sent' } });
    await sink.arrived(items / 25);
    program.kill('SIGKILL');
    const durable = said((await program.ended).stdout);
    await sendTheRest();
    const ids = sink.received.map(({ batchId }) => batchId);
    expect(new Set(ids).size, 'some batch came twice').toBeLessThan(ids.length);
    nothingLost(
      `sdk process whose answers are lost after commit, killed meanwhile: ${signal}`,
      tallySerials(durable, serialsKept(signal, sink.received)),
    );
  },
  longMs,
);

test(
  'several processes on one folder, killed and started again while the receiver comes and goes: every span, log record and point once [F15 F16 S7]',
  async () => {
    // Each makes items of one signal, and sends what is there of any.
    const processes = faultSize({ brief: 3, full: 6 });
    const times = faultSize({ brief: 1, full: 28 });
    const items = faultSize({ brief: 1_000, full: 4_000 });
    const durable: Record<FaultSignal, number[]> = { traces: [], logs: [], metrics: [] };
    const answers = setInterval(() => {
      // Each of ways in turn for a moment: taken, taken and the answer lost, refused for now, away.
      sink.answers.length = 0;
      const [kind] = [some(4)];
      if (kind)
        sink.answers.push(...Array.from({ length: 50 }, () => (kind === 1 ? { cut: true } : { status: 500 + kind })));
    }, 200);
    async function member(at: number): Promise<void> {
      const signal = everySignal[at % everySignal.length]!;
      for (let time = 0; time < times; time++) {
        const first = (at * times + time) * 10_000;
        const settings = { FIRST: String(first), SPANS: String(items), PER_BATCH: '50', SIGNAL: signal };
        const program = run({ env: settings });
        await program.line(new RegExp(`^${first + 50 + some(items - 100)}$`, 'm'));
        program.kill('SIGKILL');
        durable[signal].push(...said((await program.ended).stdout));
        if (time % 5 === 4) sayFault(`process ${at}: ${time + 1} kills`);
      }
    }
    await Promise.all(Array.from({ length: processes }, (_, at) => member(at)));
    clearInterval(answers);
    sink.answers.length = 0;
    // Several at once, too, for what is left.
    await Promise.all(Array.from({ length: processes }, () => run({ env: { SPANS: '0', END: 'ownSent' } }).ended));
    await sendTheRest();
    nothingLostOfAny(
      'sdk processes on one folder, killed again and again',
      everySignal.map((signal) => [signal, tallySerials(durable[signal], serialsKept(signal, sink.received))]),
    );
  },
  longMs,
);

test(
  'an answer that is lost after the batch was taken: the same request again, byte for byte, also from the next process [F15 F16]',
  async () => {
    const spans = faultSize({ brief: 300, full: 100_000 });
    const lostOneOf = faultSize({ brief: 3, full: 50 });
    sink.answers.push(...Array.from({ length: spans / 10 }, (_, at) => ({ cut: at % lostOneOf === 1 })));
    const program = run({ env: { SPANS: String(spans), END: 'sent' } });
    await sink.arrived(spans / 25);
    program.kill('SIGKILL');
    const durable = said((await program.ended).stdout);
    await sendTheRest();
    const ids = sink.received.map(({ batchId }) => batchId);
    expect(new Set(ids).size, 'some batch came twice').toBeLessThan(ids.length);
    nothingLost(
      'sdk process whose answers are lost after commit, killed meanwhile',
      tallySerials(durable, serialsOf(keptOnce(sink.received))),
    );
  },
  longMs,
);

// A disk that fills has to be one of its own; who may not mount one skips this by name.
test.skipIf(!hasSmallDisks()).each(['traces', ...furtherSignals] as const)(
  'with %s a disk that fills up (a small tmpfs, which needs root): the program goes on, what is stored arrives once, the rest is counted [F11 F15 F16 S7]',
  async (signal) => {
    const disk = smallDisk(1024 * 1024)!;
    try {
      // A point takes less room than a span, and in memory points are bounded by their bytes alone.
      const isMetrics = signal === 'metrics';
      const spans = faultSize({ brief: 20_000, full: 120_000 }) * (isMetrics ? 2 : 1);
      sink.answers.push(...Array.from({ length: 10_000 }, () => ({ cut: true })));
      // It counts what it gave up, and says so when the collector is back and has the rest.
      const program = run({
        env: {
          FOLDER: join(disk.path, 'folder'),
          SPANS: String(spans),
          END: 'counted',
          SIGNAL: signal,
          ...(isMetrics && { MAX_QUEUE_BYTES: '200000' }),
        },
      });
      await program.line(/^full$/m);
      sink.answers.length = 0;
      const { code, stdout, stderr } = await program.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { dropped, sent } = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!);
      const arrived = serialsKept(
        signal,
        sink.received.filter(({ taken }) => taken),
      );
      const lost = dropped['queue-full'] + dropped['store-full'];
      expect(lost).toBeGreaterThan(0);
      expect(dropped).toEqual({ ...dropped, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 });
      expect(readdirSync(join(disk.path, 'folder'))).toEqual([]);
      sayFault(`of ${spans} items ${arrived.length} arrived and ${lost} were counted as dropped`);
      const different = new Set(arrived).size;
      nothingLost(`sdk folder on a disk that is full, ${signal}: what was not counted as dropped`, {
        sent: spans - lost,
        stored: different,
        missing: Math.max(0, spans - lost - different),
        duplicated: arrived.length - different,
      });
      expect(sent[signal]).toBe(different);
    } finally {
      disk.remove();
    }
  },
  longMs,
);

const endings = [
  { END: 'abort', nodeArgs: [] },
  { END: 'memory', nodeArgs: ['--max-old-space-size=40'] },
].flatMap((ending) => everySignal.map((signal) => ({ ...ending, signal })));

test.each(endings)(
  'ended by $END in the step in which items of $signal were made: what was durable is sent by the next one [F17 S7]',
  async ({ END, nodeArgs, signal }) => {
    const durable: number[] = [];
    const times = faultSize({ brief: 1, full: 12 });
    const items = faultSize({ brief: 900, full: 9_000 });
    for (let time = 0; time < times; time++) {
      const settings = {
        END,
        DURABLE_AT: 'span',
        FIRST: String(time * items),
        SPANS: String(items),
        SIGNAL: signal,
      };
      const { signal: ended, stdout } = await run({ env: settings, nodeArgs }).ended;
      expect(ended).toBe('SIGABRT');
      durable.push(...said(stdout));
    }
    expect(durable).toHaveLength(items * times);
    await sendTheRest();
    nothingLost(
      faultName(`sdk process ended by ${END}`, signal),
      tallySerials(durable, serialsKept(signal, sink.received)),
    );
  },
);
