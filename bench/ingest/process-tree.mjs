import { readdirSync, readFileSync } from 'node:fs';

/**
 * Resident memory of a process and everything below it, in bytes; `undefined` where there is no /proc. Pages of a program's files
 * that several processes share count in each, so the sum is never too small.
 */
export function residentBytes(pid) {
  try {
    const parents = new Map();
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const fields = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1).split(' ');
        parents.set(Number(entry), {
          parent: Number(fields[1]),
          resident: Number(fields[21]) * 4096,
          cpuTicks: Number(fields[11]) + Number(fields[12]),
        });
      } catch {
        // It ended in the meantime.
      }
    }
    let total = 0;
    const each = [];
    for (const [candidate, { resident, cpuTicks }] of parents) {
      for (let at = candidate; at !== undefined && at > 1; at = parents.get(at)?.parent) {
        if (at !== pid) continue;
        total += resident;
        each.push({ pid: candidate, resident, cpuSeconds: cpuTicks / 100 });
        break;
      }
    }
    return { total, each };
  } catch {
    return undefined;
  }
}
