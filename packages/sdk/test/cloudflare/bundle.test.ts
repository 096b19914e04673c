import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundleWorker } from './support/run-worker.js';

/**
 * gzip -9, in kB of 1,000 bytes; the smallest plan takes Workers of 3,000 kB. Measured with `fullTracing` (24.7), which is some ten times quicker for each span, and
 * with the `smallTracing` of pages (17.6): seven kB are less than a Worker notices, and it is billed for its time. Raised only with the reason.
 */
const ceilingKB = 25.0;

test('what a Worker loads is under one percent of the smallest limit, and asks for nothing but fetch and AsyncLocalStorage', async () => {
  const code = await bundleWorker('smallest.mjs', { minify: true });
  const kB = gzipSync(code, { level: 9 }).length / 1000;
  console.log(`a Worker that only starts: ${kB.toFixed(2)} kB gzip`);
  expect(kB).toBeLessThan(ceilingKB);
  expect([...code.matchAll(/["'`](node:[\w/]+|cloudflare:[\w/]+)["'`]/g)].map(([, name]) => name)).toEqual([
    'node:async_hooks',
  ]);
  // What other runtimes have. Not as a matcher: it would print the whole program.
  const strangers = code.match(/(?<!["\w])(document|window|Buffer|process)\.|\beval\(|new Function/g);
  expect(strangers).toBeNull();
});
