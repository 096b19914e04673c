import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { receiversServer } from './receivers-server.js';
import type { SuiteRequest } from './requested-suite.js';
import type { CaseResult } from './suite.js';

/**
 * Runs a suite in a program of its own: `command` with the request as its last argument. The program ends by itself behind its report (`runRequested`).
 */
export async function runInProcess(
  [program, ...args]: readonly [string, ...string[]],
  asked: Omit<SuiteRequest, 'control'>,
  { cwd }: { readonly cwd?: string | undefined } = {},
): Promise<readonly CaseResult[]> {
  await using server = await receiversServer();
  const request: SuiteRequest = { ...asked, control: server.url };
  const inherited = Object.entries(process.env).filter(([name]) => !/^(OTEL_|NODE_OPTIONS$|VITEST)/.test(name));
  const child = spawn(program, [...args, JSON.stringify(request)], {
    cwd,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = once(child, 'close').then(([code, signal]) => {
    throw new Error(`${program} ended with ${signal ?? code} before it reported:\n${output}`);
  });
  ended.catch(() => {});
  try {
    return await Promise.race([server.reported, ended]);
  } finally {
    child.kill('SIGKILL');
  }
}
