import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Clients of other languages are installed once per machine, outside of the repository. */
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'throughline-tests');

const telemetrygenVersion = 'v0.161.0';
const pythonPackages = [
  'opentelemetry-sdk==1.45.2',
  'opentelemetry-exporter-otlp-proto-http==1.45.1',
  'opentelemetry-exporter-otlp-proto-grpc==1.45.1',
];

const has = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Path of the OpenTelemetry project's load generator, built from its Go module; `undefined` without Go or a module proxy. */
export function telemetrygen(): string | undefined {
  const path = join(folder, `telemetrygen-${telemetrygenVersion}`, 'telemetrygen');
  if (existsSync(path)) return path;
  if (!has('go', 'version')) return undefined;
  try {
    execFileSync(
      'go',
      ['install', `github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@${telemetrygenVersion}`],
      { env: { ...process.env, GOBIN: join(path, '..') }, stdio: 'ignore', timeout: 600_000 },
    );
    return path;
  } catch {
    return undefined;
  }
}

/** A Python that has OpenTelemetry's SDK and OTLP exporters in an environment of its own; `undefined` where that cannot be had. */
export function pythonWithOpenTelemetry(): string | undefined {
  const environment = join(folder, 'python-1.45');
  const python = join(environment, 'bin/python');
  if (existsSync(join(environment, 'complete'))) return python;
  if (!has('python3', '--version')) return undefined;
  try {
    mkdirSync(folder, { recursive: true });
    execFileSync('python3', ['-m', 'venv', environment], { stdio: 'ignore', timeout: 120_000 });
    execFileSync(python, ['-m', 'pip', '-q', 'install', ...pythonPackages], { stdio: 'ignore', timeout: 300_000 });
    mkdirSync(join(environment, 'complete'));
    return python;
  } catch {
    return undefined;
  }
}
