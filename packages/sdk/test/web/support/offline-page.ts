import type { Browser, Page } from 'playwright-core';

/*
 * A page that keeps what it cannot send, and what a test asks of it.
 */

/** Nothing is sent by itself for an hour, but at the first attempt, and when something happens. `record` makes a span, a log record and a point of a name. */
export const offlineScript = `
  import { logging, metering, offline, start } from '@throughline/sdk/web';
  window.said = [];
  window.telemetry = start({
    endpoint: 'COLLECTOR', plainText: true, pageLoad: false, onDiagnostic: ({ code, message }) => said.push(code + ': ' + message),
    batch: { maxAgeMs: 3_600_000, firstRetryMs: 3_600_000, maxRetryMs: 3_600_000 },
    metricTemporality: 'delta',
  }, { ...offline(), logging, metering });
  window.end = (name) => telemetry.tracer.startSpan(name).end();
  const counter = telemetry.meter.createCounter('work');
  window.record = (name) => {
    end(name);
    telemetry.logger.emit({ body: name });
    counter.add(1, { name });
  };`;
export const evaluate = <R>(page: Page, code: string): Promise<R> => page.evaluate(code) as Promise<R>;
export const saidBeside = async (page: Page, code: string) =>
  (await evaluate<string[]>(page, 'said')).filter((each) => !each.startsWith(code));

/** Whether the database has committed something that holds this text: asked until it has, or for a while. */
export const isStored = `async (text) => {
  // Who opens it first would make it.
  while (!(await indexedDB.databases()).some(({ name }) => name === 'throughline'));
  const opening = indexedDB.open('throughline');
  const db = await new Promise((resolve, reject) => { opening.onsuccess = () => resolve(opening.result); opening.onerror = reject; });
  for (let n = 0; n < 50; n++) {
    const transaction = db.transaction(['open', 'bytes'], 'readonly');
    const all = ['open', 'bytes'].map((name) => transaction.objectStore(name).getAll());
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    const found = all.flatMap(({ result }) => result).some((value) => new TextDecoder('latin1').decode(value.bytes ?? value).includes(text));
    if (found) { db.close(); return true; }
  }
  db.close();
  return false;
}`;

/** In it, `before` has run before anything of a page does. */
export async function contextWith(browser: Browser, before: () => void) {
  const context = await browser.newContext();
  await context.addInitScript(before);
  return { context, [Symbol.asyncDispose]: () => context.close() };
}
