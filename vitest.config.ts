import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// One project per package; a test runs where its code runs, so browser and engine tests are programs these tests start.
export default defineConfig({
  // The explorer's name for the shapes it shares with the collector, as in its own vite.config.ts.
  resolve: { alias: { '#shapes': fileURLToPath(new URL('./packages/collector/src/shapes', import.meta.url)) } },
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
