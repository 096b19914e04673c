import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/* A collector that is asked, and how long its answers take. */

export function startCollector(data) {
  const program = fileURLToPath(new URL('../../packages/collector/dist/cli/main.js', import.meta.url));
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'explorer-port'].flatMap((name) => [`--${name}`, '0']);
  const child = spawn(process.execPath, [program, 'up', '--data', data, ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const said = (what) =>
    new Promise((resolve, reject) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        const found = new RegExp(`${what}\\s+(http\\S+)`).exec(text)?.[1];
        if (found) resolve(found.replace(/\/$/, ''));
      });
      child.once('exit', (code) => reject(new Error(`the collector ended with ${code}`)));
    });
  return {
    origin: said('explorer'),
    otlpHttp: said('OTLP/HTTP'),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export async function get(origin, path, signal) {
  const response = await fetch(`${origin}/api/v1${path}`, { signal });
  const body = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${body.slice(0, 300)}`);
  return JSON.parse(body);
}

export async function untilOpen(origin) {
  for (;;) {
    const status = await get(origin, '/status');
    if (status.store.healthy) return status;
    await new Promise((later) => setTimeout(later, 50));
  }
}

/** Repeatable numbers: the same questions in every run. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

/** The p95 of `rounds` questions, one after the other, each about something else. */
export async function measure({ origin, name, rounds, ask, check }) {
  const random = randomOf(7);
  const times = [];
  let rowsRead = 0;
  for (let round = -5; round < rounds; round++) {
    const path = ask(random);
    const began = performance.now();
    const answer = await get(origin, path);
    const took = performance.now() - began;
    if (!check(answer)) throw new Error(`${name} found nothing: ${path}`);
    if (round >= 0) {
      times.push(took);
      rowsRead += answer.stats.rowsRead;
    }
  }
  times.sort((a, b) => a - b);
  const p95 = quantile(times, 0.95);
  const shown = [quantile(times, 0.5), p95, times.at(-1)].map((time) => time.toFixed(1)).join(' / ');
  console.log(
    `  ${name.padEnd(24)} p50 / p95 / max ${shown} ms, ${Math.round(rowsRead / rounds).toLocaleString('en')} rows read`,
  );
  return p95;
}
