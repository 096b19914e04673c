// A thread of the API. Node hands it the same --import, so telemetry runs here too, and sends through the API's outbox.
import { parentPort } from 'node:worker_threads';
import { traceMessages } from '@throughline/sdk/messages';
import { telemetry } from './telemetry.mjs';

traceMessages(telemetry, parentPort, { name: 'risk' });

const score = telemetry.traced('score_order', (lines) => {
  const totalCents = lines.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0);
  const most = Math.max(0, ...lines.map(({ quantity }) => quantity));
  // Large sums and many of one thing are what stolen cards buy.
  return Math.min(100, Math.round(20 * Math.log10(1 + totalCents / 1000) + 2 * most));
});

parentPort.on('message', ({ id, lines }) => parentPort.postMessage({ id, score: score(lines) }));
