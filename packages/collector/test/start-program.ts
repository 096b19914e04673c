import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export interface StartedCollector {
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  readonly explorer: string;
  stop(): Promise<void>;
}

let program: string | undefined;

/** The command line as a program of its own, built from the sources as they are now. */
export function buildProgram(): string {
  if (program !== undefined) return program;
  // Below node_modules, so that the program finds what it depends on.
  const dir = fileURLToPath(
    new URL(`../../../node_modules/.cache/throughline/program-${process.pid}/`, import.meta.url),
  );
  const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"type":"module","version":"0.0.0-test"}');
  buildSync({
    entryPoints: { main: source('cli/main.ts'), 'engine-process': source('store/engine-process.ts') },
    outdir: join(dir, 'dist', 'cli'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  program = join(dir, 'dist', 'cli', 'main.js');
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  return program;
}

/** `throughline up` on free ports with a new data directory; resolves when all three ports answer. */
export async function startProgram(args: readonly string[] = []): Promise<StartedCollector> {
  const data = mkdtempSync(join(tmpdir(), 'throughline-data-'));
  const ports = ['--otlp-http-port', '0', '--otlp-grpc-port', '0', '--explorer-port', '0'];
  const child = spawn(process.execPath, [buildProgram(), 'up', '--data', data, ...ports, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const text = await addressesOf(child);
    const find = (label: string) => new RegExp(`${label}\\s+(\\S+)`).exec(text)![1]!;
    return {
      otlpHttp: find('OTLP/HTTP'),
      otlpGrpc: find('OTLP/gRPC'),
      explorer: find('explorer'),
      async stop() {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await exited;
        rmSync(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function addressesOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (/OTLP\/gRPC\s+\S+\s/.test(said)) resolve(said);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', (code) => reject(new Error(`The collector ended with ${code}: ${said}`)));
  });
}
