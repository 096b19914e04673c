import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sdkFromSource } from '../../../../packages/sdk/test/web/support/bundle-page.js';
import { otlpSink } from '../../../../packages/testkit/src/otlp-sink.js';
import { receiversServer } from '../../../../packages/testkit/src/receivers-server.js';
import type { SuiteRequest } from '../../../../packages/testkit/src/requested-suite.js';
import type { CaseResult } from '../../../../packages/testkit/src/suite.js';
import type { Program } from './desktop.js';

export interface WebViewRequest extends Omit<SuiteRequest, 'control'> {
  /** The smallest step of the web view's clock, in milliseconds. */
  readonly resolutionMs: number;
}

export interface OpenedProgram {
  readonly program: Program;
  /** Whether all that the backend has been handed has been sent. */
  isIdle(): boolean;
}

/**
 * Runs a suite inside the page of a Tauri program: `tauri-program.ts` of the SDK, given to the page by its driver. `open` starts the program, which sends
 * to the address it is told; behind that stands the receiver of the case that runs.
 */
export async function runInWebView(
  open: (collector: string) => Promise<OpenedProgram>,
  { resolutionMs, ...asked }: WebViewRequest,
): Promise<readonly CaseResult[]> {
  await using control = await receiversServer();
  // Takes what is on its way between two cases, which may end before the backend has sent for them.
  const between = await otlpSink({ protocol: 'http1' });
  const way = await openWay(between.url);
  const { program, isIdle } = await open(way.url);
  try {
    await program.until(`document.querySelector('#create')`);
    await program.evaluate(await script('secondCopy', `export { start } from '@throughline/sdk/tauri';`));
    await program.evaluate(await script('suites', `export * from './tauri-program.js';`));
    await program.evaluate('suites.makeRoom()');
    await program.evaluate(`void suites.run(${JSON.stringify(asked)}, ${resolutionMs})`);

    let current = '';
    const answer = async (command: string): Promise<string> => {
      const { do: what, at } = JSON.parse(command);
      if (what === 'close' && at === current) way.leadTo(between.url);
      const response = await fetch(control.url, { method: 'POST', body: command });
      const text = await response.text();
      if (!response.ok) throw new Error(`the control said ${response.status}: ${text}`);
      if (what === 'open') {
        while (!isIdle()) await new Promise((again) => setTimeout(again, 10));
        current = JSON.parse(text);
        way.leadTo(current);
      }
      return text;
    };
    let results: readonly CaseResult[] | undefined;
    let failure: unknown;
    void control.reported.then((reported) => {
      results = reported;
    });
    let answers: [number, string][] = [];
    while (!results) {
      if (failure) throw failure;
      const given = answers;
      answers = [];
      const commands = await program.evaluate<[number, string][]>(`suites.exchange(${JSON.stringify(given)})`);
      for (const [number, command] of commands)
        answer(command).then(
          (text) => answers.push([number, text]),
          (error) => {
            failure = error;
          },
        );
    }
    return results;
  } finally {
    await program.kill();
    await way.close();
    await between.close();
  }
}

/** A module of the page's side as one expression that leaves its exports under a global name. */
async function script(name: string, contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents,
      loader: 'ts',
      resolveDir: fileURLToPath(new URL('../../../../packages/sdk/test/runtimes', import.meta.url)),
    },
    bundle: true,
    format: 'iife',
    globalName: name,
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    plugins: [sdkFromSource],
  });
  return `(() => { ${outputFiles[0]!.text}; globalThis.${name} = ${name}; })()`;
}

/** One address for a program that sends to the same all its life: connections made to it lead to wherever it was told last. */
async function openWay(first: string) {
  let port = Number(new URL(first).port);
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server = createServer((from) => {
    sockets.add(from);
    from.on('error', () => {});
    const to = connect(port, '127.0.0.1');
    sockets.add(to);
    to.on('error', () => from.destroy());
    from.on('close', () => to.destroy());
    to.on('close', () => from.destroy());
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    leadTo(url: string): void {
      port = Number(new URL(url).port);
      cut();
    },
    async close(): Promise<void> {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
