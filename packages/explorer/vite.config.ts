import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const shapes = fileURLToPath(new URL('../collector/src/shapes', import.meta.url));
const collector = process.env.THROUGHLINE_API ?? 'http://127.0.0.1:4319';

/** What a first visit has to load: the entry and everything it imports statically. 1 kB = 1000 B. */
const FIRST_LOAD_LIMIT_KB = 200;

function firstLoadSize(): Plugin {
  return {
    name: 'first-load-size',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const seen = new Set<string>();
      const visit = (name: string): void => {
        if (seen.has(name)) return;
        seen.add(name);
        for (const next of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) visit(next);
      };
      for (const chunk of chunks) if (chunk.isEntry) visit(chunk.fileName);
      const bytes = chunks
        .filter((chunk) => seen.has(chunk.fileName))
        .reduce((sum, chunk) => sum + gzipSync(chunk.code, { level: 9 }).length, 0);
      const kb = bytes / 1000;
      this.info(`first load: ${kb.toFixed(1)} kB of script (gzip), limit ${FIRST_LOAD_LIMIT_KB}`);
      if (kb > FIRST_LOAD_LIMIT_KB) this.error(`first load is ${kb.toFixed(1)} kB gzip, over ${FIRST_LOAD_LIMIT_KB}`);
    },
  };
}

// Whoever has NODE_ENV=development in the shell, or builds from within a test, gets the same page: React's development build is a third larger.
if (process.argv.includes('build')) process.env.NODE_ENV = 'production';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [react(), firstLoadSize()],
  resolve: { alias: { '#shapes': shapes } },
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../collector/dist/explorer', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // Where the time of a build went is no concern of who runs `npm start`.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: { host: '127.0.0.1', proxy: { '/api': collector } },
});
