import { Worker } from 'node:worker_threads';
import { traceMessages } from '@throughline/sdk/messages';
import { telemetry } from './telemetry.mjs';
import { withSpan } from './with-span.mjs';

/** Asks what a cart's risk is, 0 to 100. The scoring is heavy work, so it has a thread of its own. */
export function createRiskDesk() {
  let thread;
  const waiting = new Map();
  let asked = 0;

  function open() {
    const worker = traceMessages(telemetry, new Worker(new URL('./risk-thread.mjs', import.meta.url)), {
      name: 'risk',
    });
    worker.on('message', ({ id, score }) => {
      waiting.get(id)?.resolve(score);
      waiting.delete(id);
    });
    const gone = (error) => {
      if (thread !== worker) return;
      thread = undefined;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on('error', gone);
    worker.on('exit', () => gone(new Error('the risk desk has closed')));
    // An idle desk keeps no shop open.
    worker.unref();
    return worker;
  }

  thread = open();
  return {
    assess: (cart) =>
      withSpan('assess_risk', { 'cart.id': cart.id }, async (span) => {
        thread ??= open();
        const id = asked++;
        const score = await new Promise((resolve, reject) => {
          waiting.set(id, { resolve, reject });
          thread.postMessage({ id, lines: cart.lines.map(({ quantity, priceCents }) => ({ quantity, priceCents })) });
        });
        span.setAttribute('risk.score', score);
        return score;
      }),
    close: () => thread?.terminate(),
  };
}
