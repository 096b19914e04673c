import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { target: 'es2022', emptyOutDir: true, rolldownOptions: { checks: { bundlerTimings: false } } },
  // Where `tauri.conf.json` looks for the page while it is being changed.
  server: { port: 4340, strictPort: true },
});
