import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { receiversServer } from '../../../testkit/src/receivers-server.js';
import type { SuiteRequest } from '../../../testkit/src/requested-suite.js';
import type { CaseResult } from '../../../testkit/src/suite.js';
import { bundlePage, sdkFromSource } from '../web/support/bundle-page.js';
import { serve } from '../web/support/serve.js';

/** Opens an address in a browser, in a page of its own. Resolves with how to close that. */
export type OpenInBrowser = (url: string) => Promise<() => Promise<void>>;

/** What differs between browsers, as the suites' harnesses have it. */
export interface BrowserTraits {
  /** The smallest step of its clock, in milliseconds. */
  readonly resolutionMs: number;
  readonly resends: boolean;
}

/** What is loaded, by file beside this one. */
export interface PagePrograms {
  readonly page: string;
  /** Where a worker of the page has its script: `/worker.js`. */
  readonly worker?: string | undefined;
  /** The entry of the package whose second copy the page can load. */
  readonly entry: string;
}

export interface PageRequest extends Omit<SuiteRequest, 'control'>, BrowserTraits {}

const pagePrograms: PagePrograms = { page: 'page-program.ts', entry: '@throughline/sdk/web' };

/** Runs a suite in a page: `page-program.ts` in a bundle, or what else is named, from a server of its own. */
export async function runInPage(
  open: OpenInBrowser,
  asked: PageRequest,
  { page, worker, entry }: PagePrograms = pagePrograms,
): Promise<readonly CaseResult[]> {
  const scripts: Readonly<Record<string, string>> = {
    '/page.js': await bundleProgram(page),
    '/second-copy.js': (await bundlePage(`export { start } from '${entry}';`)).code,
    ...(worker !== undefined && { '/worker.js': await bundleProgram(worker) }),
  };
  await using control = await receiversServer();
  const site = await serve((request, response) => {
    const script = scripts[request.url!];
    if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(script);
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html(control.url));
  });
  const request: SuiteRequest & PageRequest = { ...asked, control: control.url };
  const close = await open(`${site.origin}/#${encodeURIComponent(JSON.stringify(request))}`);
  try {
    return await control.reported;
  } finally {
    await close();
    await site.close();
  }
}

async function bundleProgram(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    plugins: [sdkFromSource],
  });
  return outputFiles[0]!.text;
}

/** A program that breaks before it can report says so. */
const html = (control: string) => `<!doctype html><link rel="icon" href="data:,"><script>
  const fail = (reason) =>
    fetch('${control}', { method: 'POST', body: JSON.stringify({ do: 'fail', reason: String(reason?.stack ?? reason) }) });
  addEventListener('error', ({ error, message }) => fail(error ?? message));
  addEventListener('unhandledrejection', ({ reason }) => fail(reason));
</script><script type="module" src="/page.js"></script>`;
