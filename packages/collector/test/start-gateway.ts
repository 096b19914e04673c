import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, listenTo, spawnCli } from './start-collector.js';

export interface TestGateway {
  readonly process: ChildProcess;
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  readonly status: string;
  readonly data: string;
  /** Everything it has said so far. */
  output(): string;
  /** Resolves with all it said once that contains `text`. */
  said(text: string): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** A gateway in a process of its own, on free ports and, unless a directory is given, with new data that goes with it. */
export async function startGateway(
  to: readonly string[],
  args: readonly string[] = [],
  { data, environment = {} }: { data?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<TestGateway> {
  const directory = data ?? mkdtempSync(join(tmpdir(), 'throughline-gateway-'));
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'status-port'].flatMap((name) => [`--${name}`, '0']);
  const destinations = to.flatMap((url) => ['--to', url]);
  const child = spawnCli(['gateway', ...destinations, '--data', directory, ...ports, ...args], environment);
  const { ended, output, said } = listenTo(child);
  const address = (name: string): string => new RegExp(`  ${name}\\s+(https?://\\S+)`).exec(output())?.[1] ?? '';
  await said('  status');
  await said('\n\n');
  return {
    process: child,
    otlpHttp: address('OTLP/HTTP'),
    otlpGrpc: address('OTLP/gRPC'),
    status: address('status'),
    data: directory,
    output,
    said,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const end = await ended;
      if (data === undefined) rmSync(directory, { recursive: true, force: true });
      return end;
    },
  };
}
