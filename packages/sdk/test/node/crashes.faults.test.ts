import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { faultName, faultSize, nothingLost } from '../../../testkit/src/faults/fault-run.js';
import { tallySerials } from '../../../testkit/src/faults/serials.js';
import { furtherSignals } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { type OtlpSink, otlpSink, type Received } from '../../../testkit/src/otlp-sink.js';
import type { ArrivedSpan } from '../../../testkit/src/receivers.js';
import { type InstalledSdk, installSdk } from './installed-sdk.js';
import { keptOnce, serialsKept, serialsOf } from './ledger.js';
import { type Ending, killPrograms, type RunningProgram, runProgram } from './run-program.js';

/*
 * Programs that come to an end that JavaScript or the process can see, with a collector that is away, and what the next program sends of them.
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
  folder = mkdtempSync(join(tmpdir(), 'throughline-crashes-'));
});
afterEach(async () => {
  killPrograms();
  await sink.close();
  rmSync(folder, { recursive: true });
});

function run(file: string, env: Record<string, string>): RunningProgram {
  // What telemetry itself has to say about a collector that is away is not in question.
  const settings = { FOLDER: folder, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_LOG_LEVEL: 'none' };
  return runProgram(file, { cwd: sdk.folder, env: { ...settings, ...env } });
}

/** Of one ending in one way, and of another without telemetry: both must be the same. */
async function endsAlike(end: (env: Record<string, string>) => Promise<Ending>): Promise<Ending> {
  const ending = await end({});
  const without = await end({ TELEMETRY: 'no' });
  // A warning names the process; and what of Node itself is on the stack differs from run to run, and where context is followed.
  const plain = ({ stderr, ...rest }: Ending) => ({
    ...rest,
    stderr: stderr.replace(/\(node:\d+\)/g, '(node)').replace(/^ +at .*node:internal.*\n/gm, ''),
  });
  expect(plain(ending)).toEqual(plain(without));
  return ending;
}

/** What arrives of it once the collector is back and another program has started. */
const afterwards = async (): Promise<ArrivedSpan[]> => keptOnce(await arrivedAfterwards());

async function arrivedAfterwards(): Promise<Received[]> {
  sink.answers.length = 0;
  const before = sink.received.length;
  for (let time = 0; time === 0 || (time < 10 && readdirSync(folder).length > 0); time++)
    expect((await run('stored.mjs', { SPANS: '0', END: 'sent' }).ended).code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  return sink.received.slice(before).concat(sink.received.filter(({ taken }) => taken));
}

const away = () => void sink.answers.push(...Array.from({ length: 500 }, () => ({ cut: true })));

const crashes = [
  { END: 'throw', span: 'uncaught exception', type: 'TypeError', code: 1 },
  { END: 'throw text', span: 'uncaught exception', type: 'string', code: 1 },
  { END: 'reject', span: 'unhandled rejection', type: 'RangeError', code: 1 },
];

const times = faultSize({ brief: 1, full: 20 });
const serials = faultSize({ brief: 5, full: 5_000 });
const every = Array.from({ length: times * serials }, (_, at) => at);

/** Ends so many programs in the same way, each with serials of its own; the last of them also without telemetry. */
async function endAgainAndAgain(end: (env: Record<string, string>) => Promise<Ending>): Promise<Ending> {
  for (let time = 1; time < times; time++) {
    away();
    await end({ FIRST: String(time * serials), SERIALS: String(serials) });
  }
  away();
  return endsAlike((env) => end({ FIRST: '0', SERIALS: String(serials), ...env }));
}

describe.each(crashes)('a program that ends by $END', ({ END, span: name, type, code }) => {
  test('leaves a span for it and all that had ended, and ends as it does without telemetry [F15 F17]', async () => {
    expect((await endAgainAndAgain((env) => run('crashing.mjs', { END, ...env }).ended)).code).toBe(code);
    const spans = await afterwards();
    const order = spans.filter((span) => span.name === 'order');
    const crashed = spans.filter((span) => span.name === name);
    expect(crashed).toHaveLength(times);
    for (const { attributes, events, status } of crashed) {
      expect(attributes['error.type']).toBe(type);
      expect(events.map((event) => event.name)).toEqual(['exception']);
      expect(events[0]!.attributes['exception.message']).toBe(status.message);
      expect(status.code).toBe(2);
    }
    // A rejection is looked at when its step is over, in no context.
    if (END !== 'reject') {
      expect(order).toHaveLength(times);
      for (const { parentSpanId } of crashed) expect(order.map(({ spanId }) => spanId)).toContain(parentSpanId);
      expect(order.map(({ status }) => status.code)).toEqual(order.map(() => 2));
    }
    nothingLost(`sdk process that ends by ${END}`, tallySerials(every, serialsOf(spans)));
  }, 240_000);
});

test.each(['thread', 'thread throws'])(
  'a program with a thread that ends by %s leaves what both had ended [F17]',
  async (END) => {
    away();
    expect((await endsAlike((env) => run('crashing.mjs', { END, ...env }).ended)).code).toBe(1);
    const spans = await afterwards();
    nothingLost(
      `sdk process with a thread that ends by ${END}`,
      tallySerials([0, 1, 2, 3, 4, 100, 101, 102], serialsOf(spans)),
    );
    // Of one that throws in its thread both say so: there it was thrown, and the program ends of it.
    expect(spans.filter(({ name }) => name === 'uncaught exception')).toHaveLength(END === 'thread' ? 1 : 2);
  },
);

test('process.exit() leaves what had ended to the next program, and its code as it is [F17]', async () => {
  expect((await endAgainAndAgain((env) => run('crashing.mjs', { END: 'exit', ...env }).ended)).code).toBe(7);
  const spans = await afterwards();
  expect(spans).toHaveLength(every.length);
  nothingLost('sdk process that ends by exit', tallySerials(every, serialsOf(spans)));
}, 240_000);

test('an exception that the program handles is a span, and what was open goes on [F17]', async () => {
  const { code, stdout } = await endsAlike((env) => run('crashing.mjs', { END: 'handled', ...env }).ended);
  expect({ code, stdout }).toEqual({ code: 4, stdout: 'handled: caught in the end\n' });
  const spans = keptOnce(sink.received);
  const order = spans.find(({ name }) => name === 'order');
  const crashed = spans.find(({ name }) => name === 'uncaught exception');
  expect(order?.status.code).toBe(0);
  expect(crashed?.parentSpanId).toBe(order?.spanId);
  expect(serialsOf(spans).sort()).toEqual([0, 1, 2, 3, 4]);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s ends a program as it does without telemetry, in time, and the next one sends what it had [F15 F22]',
  async (signal) => {
    const ending = await endAgainAndAgain(async (env) => {
      const program = run('crashing.mjs', { END: 'wait', ...env });
      await program.line(/waiting/);
      program.kill(signal);
      return program.ended;
    });
    expect(ending.signal).toBe(signal);
    nothingLost(`sdk process that ends by ${signal}`, tallySerials(every, serialsOf(await afterwards())));
  },
  240_000,
);

describe.each(furtherSignals)('%s of a program', (signal) => {
  test.each([
    { END: 'throw', code: 1 },
    { END: 'reject', code: 1 },
    { END: 'exit', code: 7 },
  ])(
    'that ends by $END are sent by the next one, and it ends as it does without telemetry [F17 S7]',
    async ({ END, code }) => {
      expect((await endAgainAndAgain((env) => run('crashing.mjs', { END, SIGNAL: signal, ...env }).ended)).code).toBe(
        code,
      );
      nothingLost(
        `sdk process that ends by ${END}: ${signal}`,
        tallySerials(every, serialsKept(signal, await arrivedAfterwards())),
      );
    },
    240_000,
  );

  test.each(['thread', 'thread throws'])(
    'with a thread, that ends by %s, are sent by the next one, those of the thread too [F17 S7]',
    async (END) => {
      away();
      const settings = { END, SIGNAL: signal };
      expect((await endsAlike((env) => run('crashing.mjs', { ...settings, ...env }).ended)).code).toBe(1);
      nothingLost(
        faultName(`sdk process with a thread that ends by ${END}`, signal),
        tallySerials([0, 1, 2, 3, 4, 100, 101, 102], serialsKept(signal, await arrivedAfterwards())),
      );
    },
  );

  test('that is ended by SIGTERM are sent by the next one, and it ends as it does without telemetry [F22 S7]', async () => {
    const ending = await endAgainAndAgain(async (env) => {
      const program = run('crashing.mjs', { END: 'wait', SIGNAL: signal, ...env });
      await program.line(/waiting/);
      program.kill('SIGTERM');
      return program.ended;
    });
    expect(ending.signal).toBe('SIGTERM');
    nothingLost(
      `sdk process that ends by SIGTERM: ${signal}`,
      tallySerials(every, serialsKept(signal, await arrivedAfterwards())),
    );
  }, 240_000);
});

test('without a place to wait a crash and a signal end the program as they do without telemetry [F17 F22]', async () => {
  away();
  const plain = { FOLDER: '' };
  expect((await endsAlike((env) => run('crashing.mjs', { END: 'throw', ...plain, ...env }).ended)).code).toBe(1);
  const ending = await endsAlike(async (env) => {
    const program = run('crashing.mjs', { END: 'wait', ...plain, ...env });
    await program.line(/waiting/);
    program.kill('SIGTERM');
    return program.ended;
  });
  expect(ending.signal).toBe('SIGTERM');
});
