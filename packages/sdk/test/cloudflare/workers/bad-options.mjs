import { instrument } from '@throughline/sdk/cloudflare';

class Handler {
  greeting = 'hello';
  async fetch(_request, _env, ctx) {
    ctx.waitUntil(Promise.resolve());
    return new Response(this.greeting);
  }
}

export default instrument(new Handler(), (env) => {
  if (env.THROWS) throw new Error('no such binding');
  return { endpoint: env.COLLECTOR, resource: 1, spanProcessors: 5 };
});
