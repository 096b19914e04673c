import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../lib/say.mjs';

/**
 * A temporary folder for all that a run of tests starts: tests and browsers that are killed clear up nothing, and gigabytes of them had come together. What
 * asks the system where to put such things asks `TMPDIR`, so `env` is for every process of the run.
 *
 * `remove()`: after the run has ended its processes; also when this one exits. With `KEEP_TEST_FILES` set the folder stays, and is named.
 */
export function ownTemporaryFolder() {
  // Short, because the sockets of browsers stand some folders below it and their paths have 107 bytes at most.
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'tl-test-')));
  // As the system's own: a database that is no root's process must get at its files.
  chmodSync(path, 0o1777);
  let isThere = true;
  const remove = () => {
    if (!isThere) return;
    isThere = false;
    process.off('exit', remove);
    if (process.env.KEEP_TEST_FILES) return say(`· what the tests wrote is kept in ${path}`);
    for (const mounted of mountsBelow(path)) spawnSync('umount', ['-l', mounted]);
    // What is mounted there may be anybody's.
    const [still] = mountsBelow(path);
    if (still) return say(`· ${path} stays: ${still} is mounted in it`);
    try {
      // Who was just killed may have written its last while this went by.
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    } catch (error) {
      say(`· ${path} could not be removed: ${error.message}`);
    }
  };
  process.on('exit', remove);
  return { path, env: { TMPDIR: path, TMP: path, TEMP: path }, remove };
}

/** Small disks that nobody took away, the innermost first. */
function mountsBelow(path) {
  try {
    return (
      readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        // A space stands there as \040.
        .map((line) =>
          (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_, octal) =>
            String.fromCharCode(Number.parseInt(octal, 8)),
          ),
        )
        .filter((mounted) => mounted.startsWith(`${path}/`))
        .reverse()
    );
  } catch {
    // Not Linux.
    return [];
  }
}
