import { instrument } from '@throughline/sdk/cloudflare';

export default instrument({ fetch: () => new Response('hello') }, (env) => ({
  serviceName: 'edge',
  endpoint: env.COLLECTOR,
}));
