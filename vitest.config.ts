import { defineConfig } from 'vitest/config';

// One project per package; a test runs where its code runs, so browser and engine tests are programs these tests start.
export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
