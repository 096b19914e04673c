import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Takes it away, with what is on it, also from under who still uses it. */
  remove(): void;
}

/** A file system of its own of so many bytes, to be filled; `undefined` where this process may not mount one (it needs Linux and root). */
export function smallDisk(bytes: number): SmallDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'throughline-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path]);
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  if (status !== 0) {
    remove();
    return undefined;
  }
  return {
    path,
    remove() {
      spawnSync('umount', ['-l', path]);
      remove();
    },
  };
}

/** Whether there can be one at all. Says so once where not: the cases that need it are skipped by name. */
export function hasSmallDisks(): boolean {
  const probe = smallDisk(64 * 1024);
  probe?.remove();
  if (probe === undefined) console.warn('SKIPPED: filling a disk needs the right to mount a tmpfs (Linux, root)');
  return probe !== undefined;
}
