import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { faultSize, nothingLostOfAny, sayFault } from '../../testkit/src/faults/fault-run.js';
import { everySignal } from '../../testkit/src/faults/serials-on-the-wire.js';
import type { Status } from '../src/shapes/api.js';
import { countSignalsIn } from './count-serials.js';
import { type SerialSender, type SerialSenderOptions, sendSerials } from './serial-sender.js';
import { eventually, startCollector, storedRows, type TestCollector } from './start-collector.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-killed-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** After so many answers each is killed: before its first insert, in the middle of one, while an earlier one's spans are replayed, and in between. */
const ANSWERS = [40, 200, 5, 400, 90, 1, 150, 20];

async function statusOf(collector: TestCollector): Promise<Status> {
  return (await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as Status;
}

const engineOf = ({ process: { pid } }: TestCollector): number | undefined => {
  try {
    const [engine] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return engine === undefined || engine === '' ? undefined : Number(engine);
  } catch {
    return undefined;
  }
};

/** All that was acknowledged has left the spool, the collector is ended, and its store is counted. */
async function settle(collector: TestCollector, data: string, sending: SerialSender) {
  await eventually(
    () => storedRows(collector),
    (rows) => rows >= sending.acknowledged.length,
    // What a machine of two processors took in while others used it as well may take the store minutes.
    faultSize({ brief: 120_000, full: 600_000 }),
  );
  // Rows that nobody acknowledged are among those; what was acknowledged may still be on its way.
  await eventually(
    async () => readdirSync(join(data, 'spool')),
    (files) => files.length === 0,
    faultSize({ brief: 120_000, full: 600_000 }),
  );
  expect(await collector.stop('SIGTERM')).toMatchObject({ code: 0 });
  return countSignalsIn(data, everySignal, sending.acknowledgedOf);
}

/** One sender of every signal for the whole story, and a collector that is killed with -9 again and again under it. */
async function killAgainAndAgain(
  data: string,
  kills: number,
  {
    answersOfKill = (kill) => ANSWERS[kill % ANSWERS.length]!,
    ...sender
  }: Partial<SerialSenderOptions> & { answersOfKill?: (kill: number) => number },
) {
  let collector = await startCollector([], { data });
  let wakeUp = (): void => undefined;
  let limit = Number.POSITIVE_INFINITY;
  const sending = sendSerials({
    signals: everySignal,
    ...sender,
    url: () => collector.otlpHttp,
    onAnswer: (answers) => {
      if (answers >= limit) wakeUp();
    },
  });
  for (let kill = 0; kill < kills; kill++) {
    await new Promise<void>((done) => {
      limit = sending.answers + answersOfKill(kill);
      wakeUp = done;
    });
    limit = Number.POSITIVE_INFINITY;
    // Into what is sent next, too.
    await new Promise((done) => setTimeout(done, Math.random() * 100));
    await collector.stop('SIGKILL');
    collector = await startCollector([], { data });
    sayFault(`killed ${kill + 1} of ${kills}, ${sending.acknowledged.length} items acknowledged`);
  }
  await sending.finish();
  return settle(collector, data, sending);
}

test('a collector that is killed again and again under load keeps every acknowledged span, log record and point, once [F16 F22 S7]', async () => {
  const kills = faultSize({ brief: 3, full: 50 });
  nothingLostOfAny('collector killed', await killAgainAndAgain(join(scratch, 'ids'), kills, { spansOfRequest: 200 }));
});

test('senders without batch ids that repeat what was not answered are counted once too, through kills [F16 S7]', async () => {
  const kills = faultSize({ brief: 1, full: 25 });
  const count = await killAgainAndAgain(join(scratch, 'no-ids'), kills, { ids: false, spansOfRequest: 200 });
  nothingLostOfAny('collector killed, senders without batch ids', count);
});

test('requests of more items than a block are whole or not there, through kills [F16 S7]', async () => {
  const kills = faultSize({ brief: 1, full: 10 });
  // One of each signal at least before each kill.
  const large = { spansOfRequest: 70_000, connections: 2, answersOfKill: () => everySignal.length };
  nothingLostOfAny('collector killed, large requests', await killAgainAndAgain(join(scratch, 'large'), kills, large));
});

test('an engine that is killed again and again under load costs nothing and doubles nothing, in tables and views [F16 S7]', async () => {
  const data = join(scratch, 'engine');
  const collector = await startCollector([], { data });
  const kills = faultSize({ brief: 3, full: 50 });
  await eventually(
    () => statusOf(collector),
    ({ store }) => store.healthy,
  );
  const sending = sendSerials({
    url: () => collector.otlpHttp,
    signals: everySignal,
    spansOfRequest: 200,
    connections: 2,
  });
  for (let kill = 0; kill < kills; kill++) {
    const engine = await eventually(
      async () => ((await statusOf(collector)).store.healthy ? engineOf(collector) : undefined),
      (pid) => pid !== undefined,
      30_000,
    );
    // From its first statement to the middle of its second insert or so: between a table and what its views make of it, too.
    await new Promise((done) => setTimeout(done, Math.random() * 1_500));
    process.kill(engine!, 'SIGKILL');
    sayFault(`engine killed ${kill + 1} of ${kills}, ${sending.acknowledged.length} items acknowledged`);
    await eventually(
      async () => engineOf(collector),
      (pid) => pid !== engine,
      30_000,
    );
  }
  await sending.finish();
  nothingLostOfAny('engine killed', await settle(collector, data, sending));
});

test('an engine that outlives its killed collector for a moment does not keep the next one out', async () => {
  const directory = join(scratch, 'outlived');
  const first = await startCollector([], { data: directory });
  const isHealthy = (status: Status) => status.store.healthy;
  await eventually(() => statusOf(first), isHealthy);
  const engine = engineOf(first)!;
  // On a busy machine it hears late that its collector is gone; here it hears nothing until it is let.
  process.kill(engine, 'SIGSTOP');
  await first.stop('SIGKILL');
  const second = await startCollector([], { data: directory });
  try {
    // Long enough for an engine that would give up at once.
    await new Promise((done) => setTimeout(done, 1_500));
    expect((await statusOf(second)).store.healthy).toBe(false);
    process.kill(engine, 'SIGCONT');
    await eventually(() => statusOf(second), isHealthy);
  } finally {
    if (existsSync(`/proc/${engine}`)) process.kill(engine, 'SIGKILL');
    await second.stop();
  }
});
