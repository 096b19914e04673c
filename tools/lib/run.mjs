import { spawn } from 'node:child_process';
import { root } from './root.mjs';
import { say } from './say.mjs';

/**
 * Runs a program with its output passed through; resolves its exit code (a signal counts as 1). One that takes longer than `limitMs`, as one may that
 * asks a network that is not there, is ended.
 */
export function run(command, args, { cwd = root, env = {}, quiet = false, limitMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      timeout: limitMs,
    });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (limitMs !== undefined && signal === 'SIGTERM') say(`✗ ${command} took more than ${limitMs / 60_000} minutes`);
      if (quiet && code !== 0) say(Buffer.concat(output).toString());
      resolve(code ?? 1);
    });
  });
}

/** The same, and the end of this program when it fails. */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) {
    say(`✗ ${command} ${args.join(' ')} ended with ${code}`);
    process.exit(code);
  }
}

/** A program of node_modules/.bin, run by this very Node. */
export const bin = (name) => new URL(`../../node_modules/.bin/${name}`, import.meta.url).pathname;
