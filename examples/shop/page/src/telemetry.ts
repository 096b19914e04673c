import { start } from '@throughline/sdk/web';

const { collectorUrl } = (await fetch('/config.json').then((answer) => answer.json())) as { collectorUrl: string };

export const telemetry = start({
  serviceName: 'shop-page',
  endpoint: collectorUrl,
  preset: 'development',
  clicks: { dataset: ['productId'] },
});
