import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { pathOnMachine } from './on-this-machine.js';

export interface Prometheus {
  readonly url: string;
  close(): Promise<void>;
}

/** A real Prometheus that scrapes nothing and has what an exposition in OpenMetrics says, with its times: Debian's takes no OTLP. */
export async function startPrometheus(openMetrics: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-prometheus-'));
  writeFileSync(join(folder, 'prometheus.yml'), '');
  writeFileSync(join(folder, 'samples.txt'), openMetrics);
  const data = join(folder, 'data');
  await promtool('tsdb', 'create-blocks-from', 'openmetrics', '--quiet', join(folder, 'samples.txt'), data);
  const port = await freePort();
  const child = spawn(
    pathOnMachine('prometheus')!,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (/Server is ready to receive web requests/.test(said)) break;
  }
  child.stderr.resume();
  if (child.exitCode !== null) throw new Error(`Prometheus did not start: ${said}`);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `promtool`, whose questions go through Prometheus' own client library, prints. */
export async function promtool(...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(pathOnMachine('promtool')!, args)).stdout;
}
