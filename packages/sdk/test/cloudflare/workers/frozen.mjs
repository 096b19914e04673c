import { instrument, measure } from '@throughline/sdk/cloudflare';

/*
 * The clock as Cloudflare has it in production, which workerd on a developer's machine has not: zero at global scope, in a request the moment of
 * its last I/O, and standing still between.
 */
let now = 0;
Date.now = () => now;
Object.defineProperty(performance, 'now', { value: () => now });

const busy = () => {
  let sum = 0;
  for (let at = 0; at < 1e6; at++) sum += at;
  return sum;
};

const worker = instrument(
  {
    async fetch(_request, { PRODUCTS }) {
      measure('computes', busy);
      await PRODUCTS.get('mug');
      await measure('computes and reads', async () => {
        busy();
        await PRODUCTS.get('desk');
      });
      return new Response('ok');
    },
  },
  (env) => ({ serviceName: 'frozen', endpoint: env.COLLECTOR }),
);

let get;
export default {
  fetch(request, env, ctx) {
    now = Number(request.headers.get('x-now'));
    // The I/O of this program: 7 ms each.
    if (!get) {
      get = env.PRODUCTS.get;
      env.PRODUCTS.get = async function (...args) {
        const value = await get.apply(this, args);
        now += 7;
        return value;
      };
    }
    return worker.fetch(request, env, ctx);
  },
};
