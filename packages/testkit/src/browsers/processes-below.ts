import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

export interface SystemProcess {
  readonly pid: number;
  /** With its arguments, separated by spaces. */
  readonly command: string;
}

/** All processes that descend from one, by Linux's `/proc`; none on a system without it. */
export function processesBelow(ancestor: number): SystemProcess[] {
  const children = new Map<number, number[]>();
  for (const name of foldersOfProc()) {
    const pid = Number(name);
    // The command's name, in parentheses, may hold anything: what follows its last one is `state parent …`.
    const stat = read(`/proc/${pid}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(ancestor).map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }));
}

/** Ends them all at once (SIGKILL) and resolves with their number when they are gone. */
export async function killAll(processes: readonly SystemProcess[]): Promise<number> {
  for (const { pid } of processes) process.kill(pid, 'SIGKILL');
  // Not our children: nobody tells us of their end. One that waits to be read by its parent runs no more.
  while (processes.some(({ pid }) => !['', 'Z'].includes(stateOf(pid))))
    await new Promise((again) => setTimeout(again, 5));
  return processes.length;
}

/** Asks a child to end (SIGTERM) and resolves when it has. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const stateOf = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0]!;
};

function foldersOfProc(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Empty for one that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
