import { instrument } from '@throughline/sdk/cloudflare';

/**
 * Stands before the shop's API, as near to its visitors as Cloudflare gets: what many look at is kept in KV for a minute, everything else is
 * passed on. A stock may be a minute old; what counts is looked at again when somebody buys.
 */
const edge = {
  async fetch(request, env, ctx) {
    const { pathname, search } = new URL(request.url);
    if (request.method !== 'GET' || !isKept(pathname)) return ask(request, env, pathname + search);

    const kept = await env.PRODUCTS.get(pathname);
    if (kept !== null) return new Response(kept, { headers: { 'content-type': json, 'x-edge': 'kept' } });
    const answer = await ask(request, env, pathname);
    if (answer.ok) ctx.waitUntil(keep(env, pathname, answer.clone()));
    return answer;
  },
};

const json = 'application/json; charset=utf-8';
/** The shortest that KV keeps anything. */
const keptSeconds = 60;

const isKept = (pathname) => /^\/api\/products(\/[^/]+)?$/.test(pathname);

async function keep(env, pathname, answer) {
  await env.PRODUCTS.put(pathname, await answer.text(), { expirationTtl: keptSeconds });
}

async function ask(request, env, path) {
  try {
    return await fetch(new Request(new URL(path, env.API_URL), request));
  } catch (error) {
    console.error(`shop-edge: the API does not answer: ${error.message}`);
    return Response.json({ error: 'api-unavailable', message: 'The shop is closed at the moment.' }, { status: 502 });
  }
}

const routes = [
  [/^\/api\/products\/[^/]+$/, '/api/products/:id'],
  [/^\/api\/carts\/[^/]+$/, '/api/carts/:id'],
  [/^\/api\/carts\/[^/]+\/(items|checkout)$/, '/api/carts/:id/$1'],
  [/^(\/api\/(?:products|carts)|\/config\.json|\/)$/, '$1'],
];

export default instrument(edge, (env) => ({
  serviceName: 'shop-edge',
  endpoint: env.COLLECTOR_URL,
  route(request) {
    const { pathname } = new URL(request.url);
    const found = routes.find(([pattern]) => pattern.test(pathname));
    return found && pathname.replace(...found);
  },
  ignoreRequest: ({ url }) => /^\/(assets|health)\//.test(new URL(url).pathname),
  // They are paths of products: nobody's secret.
  kvKeys: true,
}));
