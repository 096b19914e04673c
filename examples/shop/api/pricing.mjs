import { readFile } from 'node:fs/promises';
import { trace } from '@opentelemetry/api';
import { loadPricing } from '../pricing/load-pricing.mjs';

const file = new URL('../pricing/dist/pricing.wasm', import.meta.url);

/** The same module that the page shows its prices with. */
export const pricing = await loadPricing(
  { tracer: trace.getTracer('shop-api') },
  await WebAssembly.compile(await readFile(file)),
);
