import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { pathOnMachine } from './on-this-machine.js';

export interface VictoriaMetrics {
  readonly url: string;
  /** An `ExportMetricsServiceRequest` in protobuf; afterwards it can be asked about. */
  send(body: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A real VictoriaMetrics with an empty store, which names metrics as Prometheus does and takes what is years old. */
export async function startVictoriaMetrics(): Promise<VictoriaMetrics> {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-victoria-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    pathOnMachine('victoriaMetrics')!,
    [
      `-storageDataPath=${folder}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-opentelemetry.usePrometheusNaming',
      '-retentionPeriod=100y',
      '-search.latencyOffset=0s',
      '-search.disableCache',
      '-memory.allowedBytes=128MB',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (/started VictoriaMetrics|started server at/.test(said)) break;
  }
  child.stderr.resume();
  const answer = async (path: string, options?: RequestInit): Promise<void> => {
    const response = await fetch(`${url}${path}`, options);
    if (!response.ok) throw new Error(`VictoriaMetrics answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  };
  return {
    url,
    async send(body) {
      await answer('/opentelemetry/v1/metrics', {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: Buffer.from(body),
      });
      await answer('/internal/force_flush');
    },
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
