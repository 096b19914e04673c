// The measurements that need a page: a Chromium, the page's bundles, and a collector of the page's own origin.

import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { bundleSize, sdkFromSource } from '../size/bundle-size.mjs';
import { countSpans } from './count-spans.mjs';

/**
 * Lists of one figure per run, each of a page of its own: `start` ms from `import()` of a bundle nobody has seen to the end of `start()`,
 * `span` ns, `send` `{ hold, answered }` ms, `json` ms.
 */
export async function inChromium({ browserPath, root, runs }) {
  const scripts = {};
  for (const name of ['page', 'start-bare', 'start-web']) {
    const entry = join(root, `bench/claims/${name}.ts`);
    scripts[`/${name}.js`] = (await bundleSize(entry, { root, plugins: [sdkFromSource(root)] })).code;
  }
  let spans = 0;
  const server = createServer((request, answer) => {
    const path = request.url.split('?')[0];
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.once('end', () => {
      if (path === '/v1/traces') {
        spans += countSpans(Buffer.concat(chunks));
        answer.setHeader('content-type', 'application/x-protobuf').end();
      } else if (scripts[path]) {
        answer.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' }).end(scripts[path]);
      } else answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>claims</title>');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({
    executablePath: browserPath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  const inPage = async (measure, argument) => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(address);
      return await page.evaluate(measure, argument);
    } finally {
      await context.close();
    }
  };
  const measured = {
    version: browser.version(),
    start: { bare: [], web: [] },
    span: { bare: [], full: [] },
    send: [],
    json: [],
  };
  try {
    for (let run = 0; run < runs; run++) {
      for (const name of ['bare', 'web']) measured.start[name].push(await inPage(coldStart, `/start-${name}.js`));
      for (const engine of ['bare', 'full'])
        measured.span[engine].push(await inPage((given) => import('/page.js').then(() => claims.span(given)), engine));
      const before = spans;
      measured.send.push(await inPage(() => import('/page.js').then(() => claims.send())));
      if (spans - before !== 60 * 512) throw new Error(`${spans - before} of ${60 * 512} spans came`);
      measured.json.push(await inPage(() => import('/page.js').then(() => claims.json())));
    }
  } finally {
    await browser.close();
    server.close();
  }
  return measured;
}

async function coldStart(path) {
  const before = performance.now();
  const { start } = await import(path);
  start({ serviceName: 'claims', endpoint: location.origin });
  return performance.now() - before;
}
