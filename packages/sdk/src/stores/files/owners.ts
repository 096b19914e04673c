import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { crc32 } from 'node:zlib';

/*
 * Whose a segment is stands in its name: `<process>-<its start>-<its place>-<one of its stores>`. A process number alone is given again, so the start
 * belongs to it; and it says nothing in another container or on another machine, so the place does.
 */

/** The owner of what was given back by a process that lives on. Anybody may take it. */
export const nobody = 'free';

/** Without a sign of life for so long, what cannot be looked at from here is taken for dead. */
const SILENT_MS = 60_000;
const LONGEST_SKEW_MS = 3_600_000;
/** How often such a sign is given. */
export const SIGN_EVERY_MS = 15_000;

const UNKNOWN = '0';

export const createOwner = (): string =>
  [process.pid, startOf(process.pid)?.start ?? UNKNOWN, placeOf(), randomBytes(4).toString('hex')].join('-');

/** Whether the process that owns it is no more. `touchedMs`: when it gave its last sign of life, by the clock of the disk. */
export function isDead(owner: string, touchedMs: number, nowMs: number): boolean {
  if (owner === nobody) return true;
  const [pid, start, place] = owner.split('-');
  // A clock that was set back is no sign of life for ever.
  const silent = nowMs - touchedMs > SILENT_MS || touchedMs - nowMs > LONGEST_SKEW_MS;
  if (place !== placeOf()) return silent;
  if (!exists(Number(pid))) return true;
  const seen = startOf(Number(pid));
  if (!seen || start === UNKNOWN) return Number(pid) !== process.pid && silent;
  return seen.start !== start || seen.ended;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Where the kernel tells (Linux): ticks from its own start to the process's, and whether it has ended and nobody asked for its exit code yet. */
function startOf(pid: number): { readonly start: string; readonly ended: boolean } | undefined {
  try {
    // The name in parentheses may hold anything, parentheses and spaces too.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\)\s*/s, '')
      .split(' ');
    const start = fields[19];
    return start ? { start, ended: /[ZX]/.test(fields[0]!) } : undefined;
  } catch {
    return undefined;
  }
}

let place: string | undefined;

/** In which process numbers mean the same: a start of a machine, and a container on it. */
function placeOf(): string {
  place ??= crc32(
    Buffer.from(
      [
        hostname(),
        whereReadable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
        whereReadable(() => readlinkSync('/proc/self/ns/pid')),
      ].join(),
    ),
  )
    .toString(16)
    .padStart(8, '0');
  return place;
}

function whereReadable(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
