import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import LongestFirst from './tools/test-run/longest-first.mjs';

// One project per package; a test runs where its code runs, so browser and engine tests are programs these tests start.
export default defineConfig({
  // The explorer's name for the shapes it shares with the collector, as in its own vite.config.ts.
  resolve: { alias: { '#shapes': fileURLToPath(new URL('./packages/collector/src/shapes', import.meta.url)) } },
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    // Only what surely hangs: real browsers, engines and registries take as long as the machine's other work lets them.
    testTimeout: 60_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['tools/test-run/note-worker.mjs'],
    // In CI a test that fails gets a second try, and `npm test` names it: a failure twice is the program's, once may be the machine's.
    retry: process.env.CI ? 1 : 0,
  },
});
