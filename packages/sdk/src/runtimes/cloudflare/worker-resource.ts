import type { Attributes } from '@opentelemetry/api';

/** Who a Worker is, as far as it can know: `cloud.*` in Cloudflare's own words, and one name for each isolate. */
export const workerResource = (): Attributes => ({
  'cloud.provider': 'cloudflare',
  'cloud.platform': 'cloudflare.workers',
  'process.runtime.name': 'workerd',
  'service.instance.id': crypto.randomUUID(),
});
