import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { faultSize, nothingLostOfAny, sayFault } from '../../testkit/src/faults/fault-run.js';
import { everySignal } from '../../testkit/src/faults/serials-on-the-wire.js';
import { hasSmallDisks, type SmallDisk, smallDisk } from '../../testkit/src/faults/small-disk.js';
import { countSignalsIn } from './count-serials.js';
import { type SerialSender, sendSerials } from './serial-sender.js';
import { eventually, startCollector, type TestCollector } from './start-collector.js';

const MIB = 1024 * 1024;
const scratch = mkdtempSync(join(tmpdir(), 'throughline-full-'));
const disks: SmallDisk[] = [];

/** A disk of its own, small enough to be filled. */
function mountDisk(mib: number): string {
  const disk = smallDisk(mib * MIB)!;
  disks.push(disk);
  return disk.path;
}

let collector: TestCollector | undefined;
afterEach(async () => {
  await collector?.stop('SIGKILL');
  collector = undefined;
});
afterAll(() => {
  for (const disk of disks) disk.remove();
  rmSync(scratch, { recursive: true, force: true });
});

let lastBallast = 0;
/** Fills the disk but for `leaveBytes`, to the last one where that is 0. Returns how to take it away again. */
function fill(disk: string, leaveBytes: number): () => void {
  const file = join(disk, `ballast-${++lastBallast}`);
  const handle = openSync(file, 'w');
  const piece = Buffer.alloc(64 * 1024, 1);
  try {
    while (leaveBytes === 0 || freeBytes(disk) > leaveBytes + piece.length) writeSync(handle, piece);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOSPC') throw error;
  }
  closeSync(handle);
  return () => rmSync(file);
}
const freeBytes = (disk: string): number => {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
};

/** A connection that rests may be closed in the moment it is used again; a collector that has ended says why. */
async function ask(path: string): Promise<Response> {
  for (;;) {
    try {
      return await fetch(`${collector!.explorer}${path}`);
    } catch (error) {
      const { exitCode, signalCode } = collector!.process;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`the collector ended (${signalCode ?? exitCode}): ${collector!.output()}`, { cause: error });
    }
  }
}

/** Failures are counted once a second try was put off: what had begun before has ended. */
async function insertsEnded(): Promise<void> {
  const failures = async (): Promise<number> => {
    const said = (await (await ask('/metrics')).text()).matchAll(/^throughline_insert_failures_total\{.*\} (\d+)$/gm);
    return [...said].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const before = await failures();
  await eventually(failures, (now) => now > before, 30_000);
}

/** At full size 100,000 of each signal. */
async function enoughWasSent({ acknowledged }: SerialSender): Promise<void> {
  await eventually(
    async () => acknowledged.length,
    (items) => items >= faultSize({ brief: 1, full: 310_000 }),
    240_000,
  );
}

interface Ready {
  readonly ready: boolean;
  readonly disk: { readonly low: boolean };
  readonly spool: { readonly waitingRows: number };
  readonly store: { readonly open: boolean };
}
const readiness = async (): Promise<Ready> => (await (await ask('/readyz')).json()) as Ready;

// A disk that fills has to be one of its own; who may not mount one skips this by name.
test.skipIf(!hasSmallDisks())(
  'a disk that fills up makes senders wait before the wall, and all of every signal is kept once there is room [F16 S7]',
  async () => {
    const disk = mountDisk(320);
    const data = join(disk, 'data');
    collector = await startCollector(['--disk-reserve', '48'], { data });
    await eventually(readiness, ({ store }) => store.open, 60_000);
    const rounds = faultSize({ brief: 1, full: 20 });
    const sending = sendSerials({ url: () => collector!.otlpHttp, signals: everySignal, connections: 2 });
    for (let round = 0; round < rounds; round++) {
      const empty = fill(disk, 40 * MIB);
      await eventually(readiness, ({ ready, disk: { low } }) => !ready && low, 30_000);
      const refused = await fetch(`${collector.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(0),
      });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      // What had been acknowledged still finds its way into the tables.
      await eventually(readiness, ({ spool }) => spool.waitingRows === 0, 60_000);
      empty();
      await eventually(readiness, ({ ready }) => ready, 30_000);
      const before = sending.answers;
      await eventually(
        async () => sending.answers,
        (answers) => answers > before + 20,
        30_000,
      );
      sayFault(`round ${round + 1} of ${rounds}, ${sending.acknowledged.length} items acknowledged`);
    }
    await enoughWasSent(sending);
    await sending.finish();
    await eventually(readiness, ({ spool }) => spool.waitingRows === 0, 60_000);
    expect(await collector.stop()).toMatchObject({ code: 0 });
    const counts = await countSignalsIn(data, everySignal, sending.acknowledgedOf);
    nothingLostOfAny('disk of the collector nearly full', counts);
  },
);

// A disk that fills has to be one of its own; who may not mount one skips this by name.
test.skipIf(!hasSmallDisks())(
  'a disk that others fill to the last byte under load costs nothing of any signal that was acknowledged [F16 S7]',
  async () => {
    const disk = mountDisk(320);
    const data = join(disk, 'data');
    // The reserve is next to nothing: spool, journal, ledger and engine all meet the wall.
    collector = await startCollector(['--disk-reserve', '1'], { data });
    await eventually(readiness, ({ store }) => store.open, 60_000);
    const rounds = faultSize({ brief: 3, full: 40 });
    const sending = sendSerials({ url: () => collector!.otlpHttp, signals: everySignal, connections: 3 });
    for (let round = 0; round < rounds; round++) {
      const before = sending.answers;
      await eventually(
        async () => sending.answers,
        (answers) => answers > before + 30,
        60_000,
      );
      // As fast as a test fills a disk nobody else does: an insert that has begun ends first, and no other begins where there is no room for it.
      const emptyMost = fill(disk, 12 * MIB);
      await insertsEnded();
      const emptyRest = fill(disk, 0);
      await eventually(readiness, ({ ready }) => !ready, 30_000);
      // Into the middle of whatever was under way: an insert that fails, and is tried again.
      await new Promise((done) => setTimeout(done, Math.random() * 1_000));
      emptyMost();
      emptyRest();
      await eventually(readiness, ({ ready }) => ready, 30_000);
      sayFault(`round ${round + 1} of ${rounds}, ${sending.acknowledged.length} items acknowledged`);
    }
    await enoughWasSent(sending);
    await sending.finish();
    await eventually(readiness, ({ spool }) => spool.waitingRows === 0, 60_000);
    expect(await collector.stop()).toMatchObject({ code: 0 });
    const counts = await countSignalsIn(data, everySignal, sending.acknowledgedOf);
    nothingLostOfAny('disk of the collector full to the last byte', counts);
  },
);
