import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { getQuickJS, type QuickJSDeferredPromise, type QuickJSHandle } from 'quickjs-emscripten';
import { receiversServer } from '../../../testkit/src/receivers-server.js';
import type { SuiteRequest } from '../../../testkit/src/requested-suite.js';
import type { CaseResult } from '../../../testkit/src/suite.js';
import { compileSdk } from '../node/compile-sdk.js';

/** What the engine may take: the suites and what they hold are many times the program of a device (quickjs.test.ts has 256 KiB). */
const MEMORY_BYTES = 8 * 1024 * 1024;

/** Runs a suite inside QuickJS: `tiny-program.ts` in a bundle, and the package's file for devices beside it, twice. */
export async function runInQuickJs(asked: Omit<SuiteRequest, 'control'>): Promise<readonly CaseResult[]> {
  const [program, tiny] = await Promise.all([bundleProgram(), fileForDevices()]);
  const modules: Readonly<Record<string, string>> = {
    '@throughline/sdk/tiny': tiny,
    'second-copy-of-the-sdk/tiny': tiny,
  };
  await using control = await receiversServer();
  const tell = async (command: string): Promise<string> => {
    const answer = await fetch(control.url, { method: 'POST', body: command });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the control said ${answer.status}: ${text}`);
    return text;
  };

  const quickJs = await getQuickJS();
  using runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(MEMORY_BYTES);
  runtime.setModuleLoader((name) => modules[name] ?? { error: new Error(`there is no module ${name}`) });
  using context = runtime.newContext();
  const timers = new Map<number, { readonly run: QuickJSHandle; readonly timer: NodeJS.Timeout }>();
  const promises = new Set<QuickJSDeferredPromise>();
  let timersMade = 0;

  const fail = (reason: string) => void tell(JSON.stringify({ do: 'fail', reason }));
  const runJobs = (): void => {
    const jobs = runtime.executePendingJobs();
    if (jobs.error) fail(JSON.stringify(jobs.error.consume((error) => context.dump(error))));
  };
  const cancel = (number: number): void => {
    const found = timers.get(number);
    timers.delete(number);
    clearTimeout(found?.timer);
    found?.run.dispose();
  };
  const promised = (work: Promise<string>): QuickJSHandle => {
    const deferred = context.newPromise();
    promises.add(deferred);
    const settle = (how: 'resolve' | 'reject', value: () => QuickJSHandle): void => {
      if (!promises.delete(deferred)) return;
      value().consume((each) => deferred[how](each));
      runJobs();
    };
    work.then(
      (text) => settle('resolve', () => context.newString(text)),
      (error: Error) => settle('reject', () => context.newError(error.message)),
    );
    return deferred.handle;
  };
  const calls: Record<string, (...handles: QuickJSHandle[]) => QuickJSHandle | undefined> = {
    nowMs: () => context.newNumber(performance.timeOrigin + performance.now()),
    random: (length) => context.newArrayBuffer(new Uint8Array(randomBytes(context.getNumber(length!))).buffer),
    after(delayMs, given) {
      const number = ++timersMade;
      const run = given!.dup();
      const timer = setTimeout(() => {
        timers.delete(number);
        context.unwrapResult(context.callFunction(run, context.undefined)).dispose();
        run.dispose();
        runJobs();
      }, context.getNumber(delayMs!));
      timers.set(number, { run, timer });
      return context.newNumber(number);
    },
    cancel: (number) => void cancel(context.getNumber(number!)),
    publish(url, bytes, batchId) {
      using view = context.getArrayBuffer(bytes!);
      return promised(publish(context.getString(url!), Uint8Array.from(view.value), context.getString(batchId!)));
    },
    ask: (command) => promised(tell(context.getString(command!))),
    fail: (reason) => void fail(context.getString(reason!)),
  };
  const host = context.newObject();
  context.newString(JSON.stringify(asked)).consume((request) => context.setProp(host, 'request', request));
  for (const [name, call] of Object.entries(calls))
    context.newFunction(name, call).consume((each) => context.setProp(host, name, each));
  context.setProp(context.global, 'host', host);
  host.dispose();

  try {
    context.unwrapResult(context.evalCode(program, 'suites.js', { type: 'module' })).dispose();
    runJobs();
    return await control.reported;
  } finally {
    for (const deferred of promises) deferred.dispose();
    promises.clear();
    for (const number of [...timers.keys()]) cancel(number);
  }
}

/** Where a broker would stand: the receiver of the case. */
async function publish(url: string, body: Uint8Array<ArrayBuffer>, batchId: string): Promise<string> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`${url}?tl-batch=${batchId}`, { method: 'POST', headers, body }).catch((error) => {
    throw new Error(`${url}: ${error}`);
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return '';
}

async function bundleProgram(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./tiny-program.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2020',
    external: ['@throughline/sdk/tiny', 'second-copy-of-the-sdk/tiny'],
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

async function fileForDevices(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-tiny-'));
  try {
    await compileSdk(join(folder, 'dist'));
    return readFileSync(join(folder, 'dist/for-devices/tiny.js'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
