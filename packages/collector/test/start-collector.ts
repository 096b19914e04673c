import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Status } from '../src/shapes/api.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
let built: string | undefined;

/** The command line as a user has it, made from the sources as they are now. Stands where its dependencies are found. */
export function commandLine(): string {
  if (built !== undefined) return built;
  const copy = fileURLToPath(
    new URL(`../../../node_modules/.cache/throughline/collector-${process.pid}/`, import.meta.url),
  );
  const source = join(PACKAGE, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(source, file));
  mkdirSync(copy, { recursive: true });
  copyFileSync(join(PACKAGE, 'package.json'), join(copy, 'package.json'));
  buildSync({ entryPoints: files, outdir: join(copy, 'dist'), outbase: source, platform: 'node', format: 'esm' });
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  built = join(copy, 'dist/cli/main.js');
  return built;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawnCli(args, environment);
  return ending(child);
}

export interface TestCollector {
  readonly process: ChildProcess;
  readonly explorer: string;
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  readonly data: string;
  /** Everything it has said so far. */
  output(): string;
  /** Resolves with all it said once that contains `text`. */
  said(text: string): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** A collector in a process of its own, on free ports and, unless a directory is given, with new data that goes with it. */
export async function startCollector(
  args: readonly string[] = [],
  { data, environment = {} }: { data?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<TestCollector> {
  const directory = data ?? mkdtempSync(join(tmpdir(), 'throughline-up-'));
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'explorer-port']
    .filter((name) => !args.includes(`--${name}`))
    .flatMap((name) => [`--${name}`, '0']);
  const child = spawnCli(['up', '--data', directory, ...ports, ...args], environment);
  const { ended, output, said } = listenTo(child);
  const isJson = args.includes('--log-format');
  await said(isJson ? '"otlpGrpc"' : 'OTLP/gRPC');
  const address = (name: string): string =>
    (isJson
      ? new RegExp(`"${name.replace('OTLP/HTTP', 'otlpHttp').replace('OTLP/gRPC', 'otlpGrpc')}":"(http[^"]+)"`)
      : new RegExp(`${name}\\s+(https?://\\S+)`)
    ).exec(output())?.[1] ?? '';
  await said(isJson ? '\n' : '\n\n');
  return {
    process: child,
    explorer: address('explorer'),
    otlpHttp: address('OTLP/HTTP'),
    otlpGrpc: address('OTLP/gRPC'),
    data: directory,
    output,
    said,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const end = await ended;
      if (data === undefined && existsSync(directory)) rmSync(directory, { recursive: true, force: true });
      return end;
    },
  };
}

/** Spans, log records and points in its store. */
export async function storedRows({ explorer }: TestCollector): Promise<number> {
  const { spans, logRecords, metricPoints } = (await (await fetch(`${explorer}/api/v1/status`)).json()) as Status;
  return spans + logRecords + metricPoints;
}

/** What a process says, as it says it, and how it ends. */
export function listenTo(child: ChildProcess) {
  const ended = ending(child);
  let output = '';
  const listeners = new Set<() => void>();
  const hear = (chunk: string): void => {
    output += chunk;
    for (const listener of [...listeners]) listener();
  };
  child.stdout?.setEncoding('utf8').on('data', hear);
  child.stderr?.setEncoding('utf8').on('data', hear);
  const said = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!output.includes(text)) return;
        listeners.delete(look);
        resolve(output);
      };
      listeners.add(look);
      look();
      void ended.then((end) =>
        reject(new Error(`ended with ${end.code} before it said "${text}":\n${end.stdout}${end.stderr}`)),
      );
    });
  return { ended, output: () => output, said };
}

export function spawnCli(args: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [commandLine(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
}

function ending(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Asks until the answer is right; the collector's tables fill a moment after it has acknowledged. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  limitMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(`after ${limitMs} ms still: ${JSON.stringify(answer)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
