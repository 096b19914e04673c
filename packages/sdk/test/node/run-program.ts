import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface RunOptions {
  readonly cwd: string;
  /** Before the program's file: `--import` and the like. */
  readonly nodeArgs?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /** Resolves with the first line of standard output that matches; rejects when the program ends without one. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves when the program has ended. */
  readonly ended: Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
}

const running = new Set<ChildProcess>();

/** Ends what a failed test left running. */
export function killPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Runs a program with no `OTEL_*` variable but the given ones. */
export function runProgram(file: string, options: RunOptions): RunningProgram {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS',
  );
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), file, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    child.emit('said');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    running.delete(child);
    return { code, signal, stdout, stderr };
  });
  return {
    child,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = stdout.match(pattern);
          if (match) resolve(match);
        };
        look();
        child.on('said', look);
        void ended.then(() => reject(new Error(`${file} ended without saying ${pattern}:\n${stdout}${stderr}`)));
      }),
  };
}
