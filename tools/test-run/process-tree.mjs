import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/*
 * The processes that a run has started, and those that they have. One whose parent has ended belongs to nobody any more, so who wants to end them all
 * has to look while the parents live.
 */

/** Of every process: its parent, and when it began, which tells it from a later one of the same number. */
function allProcesses() {
  const all = new Map();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        // The second field is the program's name in brackets, which may hold anything.
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        if (fields[0] !== 'Z') all.set(Number(name), { parent: Number(fields[1]), began: fields[19] });
      } catch {
        // It has ended in between.
      }
    }
  } catch {
    // Not Linux.
    const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,lstart='], { encoding: 'utf8' });
    for (const line of (stdout ?? '').split('\n')) {
      const [pid, parent, ...began] = line.trim().split(/\s+/);
      if (pid) all.set(Number(pid), { parent: Number(parent), began: began.join(' ') });
    }
  }
  return all;
}

/** @param {number} top Its own pid is not among those that are found. */
export function processTree(top) {
  /** Those that were ever seen below `top`: pid → when it began, and who had started it. @type {Map<number, { began: string, parent: number }>} */
  const seen = new Map();
  const lives = (all, pid) => seen.has(pid) && all.get(pid)?.began === seen.get(pid).began;
  const look = () => {
    const all = allProcesses();
    for (let found = true; found; ) {
      found = false;
      for (const [pid, { parent, began }] of all)
        if (!lives(all, pid) && (parent === top || lives(all, parent))) {
          seen.set(pid, { began, parent });
          found = true;
        }
    }
    return all;
  };
  const isBelow = (pid, above) => {
    for (let at = pid; at !== undefined; at = seen.get(at)?.parent) if (at === above) return true;
    return false;
  };
  return {
    look,
    /** Ends `above`, where it is not `top`, and all that it has started and that has started; answers how many there were. */
    kill(above = top) {
      const all = look();
      const doomed = [...seen.keys()].filter((pid) => lives(all, pid) && isBelow(pid, above));
      for (const pid of doomed) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It was quicker.
        }
      }
      return doomed.length;
    },
  };
}
