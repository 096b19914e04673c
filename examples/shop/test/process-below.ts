import { execFileSync } from 'node:child_process';

/** The id of the process whose command line holds `words`, among those that `ancestor` has started, directly or not. */
export function processBelow(ancestor: number, words: string): number {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args: args! }];
    });
  const isBelow = (pid: number): boolean => {
    const parent = all.find((one) => one.pid === pid)?.parent;
    return parent !== undefined && (parent === ancestor || isBelow(parent));
  };
  const found = all.filter(({ pid, args }) => args.includes(words) && isBelow(pid));
  if (found.length !== 1) throw new Error(`${found.length} processes of "${words}" run below ${ancestor}`);
  return found[0]!.pid;
}
