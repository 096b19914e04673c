import { traceWasm } from '@throughline/sdk/wasm';
import { instantiate } from './dist/pricing.js';

/**
 * The pricing module (assembly/pricing.ts) with its spans in the traces of whoever asks it.
 *
 * @param {{ tracer: import('@opentelemetry/api').Tracer }} telemetry
 * @param {WebAssembly.Module} module  `dist/pricing.wasm`, compiled.
 */
export async function loadPricing(telemetry, module) {
  // Asked for every line that is drawn: not worth a span.
  const wasm = traceWasm(telemetry, { name: 'pricing', except: ['piecesToNextDiscount'] });
  const { priceCart, piecesToNextDiscount } = wasm.exports(await instantiate(module, wasm.imports()));
  return {
    /** @param {readonly { quantity: number, priceCents: number }[]} lines */
    priceCart: (lines) =>
      priceCart(
        Int32Array.from(lines, ({ quantity }) => quantity),
        Int32Array.from(lines, ({ priceCents }) => priceCents),
      ),
    piecesToNextDiscount,
  };
}
