import url from '../../pricing/dist/pricing.wasm?url&no-inline';
import { loadPricing } from '../../pricing/load-pricing.mjs';
import { telemetry } from './telemetry';

/** The very file that the API prices carts with. */
export const pricing = await loadPricing(telemetry, await WebAssembly.compileStreaming(fetch(url)));
