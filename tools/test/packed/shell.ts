import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The environment of a person's own shell: nothing of npm, of this test run or of OpenTelemetry in it. */
function ownShell(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|OTEL_|THROUGHLINE_|VITEST|NODE_OPTIONS$|NODE_ENV$|FORCE_COLOR$|INIT_CWD$)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    // Packages come out of this machine's cache where they can, and npm asks nobody before it runs one.
    npm_config_prefer_offline: 'true',
    npm_config_yes: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    ...more,
  };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line as it is written, to its end. */
export async function shell(
  line: string,
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const program = startInShell(line, cwd, environment);
  const [code] = await once(program.child, 'close');
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** The same, for a line that has to succeed. */
export async function mustRun(line: string, cwd: string): Promise<string> {
  const { code, stdout, stderr } = await shell(line, cwd);
  if (code !== 0) throw new Error(`${line} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first match in what it says; rejects when it ends without one. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Ctrl-C: the signal goes to all that the terminal runs. Resolves when every process of it is gone. */
  interrupt(): Promise<void>;
}

const groups = new Set<number>();
/** Ends what a failed test left running, with all it started. */
export function killAll(): void {
  for (const group of groups)
    try {
      process.kill(-group, 'SIGKILL');
    } catch {}
}

/** Starts a line as it is written, as a terminal does: in a group of processes of its own. */
export function startInShell(line: string, cwd: string, environment: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(line, { cwd, env: ownShell(environment), shell: true, detached: true });
  const group = child.pid!;
  groups.add(group);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    child.emit('said');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    child.emit('said');
  });
  child.once('close', () => {
    if (!isAlive(group)) groups.delete(group);
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = `${stdout}${stderr}`.match(pattern);
          if (match) resolve(match);
        };
        child.on('said', look);
        child.once('close', (code) =>
          reject(new Error(`${line} ended with ${code} before it said ${pattern}:\n${stdout}${stderr}`)),
        );
        look();
      }),
    async interrupt() {
      process.kill(-group, 'SIGINT');
      const deadline = Date.now() + 20_000;
      while (isAlive(group)) {
        if (Date.now() > deadline) throw new Error(`${line}: still running 20 s after Ctrl-C:\n${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      groups.delete(group);
    },
  };
}

/** Whether any process of the group is there. */
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether npm can install a package here. Without a registry nothing that a README says can be followed. */
export function canInstall(): boolean {
  try {
    execFileSync('npm', ['view', '@opentelemetry/instrumentation-http', 'version', '--fetch-retries=0'], {
      stdio: 'ignore',
      timeout: 20_000,
      env: ownShell({}),
      shell: process.platform === 'win32',
    });
    return true;
  } catch {
    return false;
  }
}
