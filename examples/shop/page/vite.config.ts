import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm start` serves the built page from the API. While changing the page: `npx vite examples/shop/page` beside it.
const api = 'http://127.0.0.1:4330';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { target: 'es2022', emptyOutDir: true, rolldownOptions: { checks: { bundlerTimings: false } } },
  server: { proxy: { '/api': api, '/config.json': api } },
});
