import { afterAll, beforeAll, describe, test } from 'vitest';
import { driveChromium } from '../../../testkit/src/browsers/chromium.js';
import type { DrivenBrowser } from '../../../testkit/src/browsers/driven-browser.js';
import { driveFirefox } from '../../../testkit/src/browsers/firefox.js';
import { driveWebKit } from '../../../testkit/src/browsers/webkit.js';
import { faultSize, nothingLostOfAny, sayFault } from '../../../testkit/src/faults/fault-run.js';
import { SERIAL, tallySerials } from '../../../testkit/src/faults/serials.js';
import { everySignal, serialsOnTheWire } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { arrivalsAt } from './support/arrivals.js';
import { bundlePage } from './support/bundle-page.js';
import { startOtlpSink } from './support/otlp-sink.js';
import { serve } from './support/serve.js';

const rounds = faultSize({ brief: 4, full: 200 });
/** Spans, and as many log records and points. */
const ITEMS = 20;
/** What has not arrived by then is missing. */
const LONGEST_MS = 60_000;

/** It goes elsewhere and is come back to, again and again, kept by the browser or loaded anew; nobody drives it meanwhile. */
const program = `
  import { logging, metering, offline, start } from '@throughline/sdk/web';
  const telemetry = start({
    endpoint: 'COLLECTOR', plainText: true, pageLoad: false, fetch: false, xhr: false, clicks: false, errors: false, onDiagnostic: () => {},
    metricTemporality: 'delta', cardinalityLimit: 1e6,
  }, { ...offline(), logging, metering });
  const counter = telemetry.meter.createCounter('work');
  addEventListener('pageshow', async ({ persisted }) => {
    const from = Number(await (await fetch('/round?' + persisted, { cache: 'no-store' })).text());
    if (from < 0) return;
    for (let n = 0; n < ${ITEMS}; n++) {
      const attributes = { '${SERIAL}': from + n };
      telemetry.tracer.startSpan('work', { attributes }).end();
      telemetry.logger.emit({ body: 'work', attributes });
      counter.add(1, attributes);
      if (n % 5 === 0) await 0;
    }
    location.href = 'ELSEWHERE';
  });`;

async function goAndComeBack(browser: DrivenBrowser, name: string): Promise<void> {
  const sink = await startOtlpSink();
  const elsewhere = await serve((_, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><script>onpageshow = () => setTimeout(() => history.back());</script>elsewhere'),
  );
  const { code } = await bundlePage(
    program.replaceAll('COLLECTOR', sink.url).replaceAll('ELSEWHERE', elsewhere.origin),
  );
  let round = 0;
  let kept = 0;
  let end: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const site = await serve((request, response) => {
    const [path, query] = request.url!.split('?');
    if (path === '/round') {
      if (query === 'true') kept++;
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`${round < rounds ? round++ * ITEMS : -1}`);
      if (round === rounds) end();
    } else if (path === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>');
  });
  try {
    const page = await browser.visit(site.origin);
    await ended;
    const arrived = arrivalsAt(sink, serialsOnTheWire);
    const all = Array.from({ length: rounds * ITEMS }, (_, n) => n);
    const isThere = () => everySignal.every((signal) => new Set(arrived(signal)).size >= all.length);
    await Promise.race([sink.until(isThere), new Promise((resolve) => setTimeout(resolve, LONGEST_MS))]);
    await page.close().catch(() => {});
    sayFault(`${name}: kept by the browser ${kept} times`);
    nothingLostOfAny(
      name,
      everySignal.map((signal) => [signal, tallySerials(all, arrived(signal))]),
    );
  } finally {
    await Promise.all([sink, elsewhere, site].map((each) => each.close()));
  }
}

function inEngine(drive: (() => Promise<DrivenBrowser>) | undefined) {
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (drive) browser = await drive();
  });
  afterAll(() => browser?.close());
  return (name: string) => goAndComeBack(browser, name);
}

// What this machine lacks of these engines is skipped, by the engine's name; CI installs all three.
describe.skipIf(!driveChromium)('the way back in Chromium', () => {
  const come = inEngine(driveChromium);
  test('a page of Chromium that is left and come back to loses nothing of any signal and sends nothing twice [B14 S7]', () =>
    come('the way back: Chromium'));
});

describe.skipIf(!driveFirefox)('the way back in Firefox', () => {
  const come = inEngine(driveFirefox);
  test('a page of Firefox that is left and come back to loses nothing of any signal and sends nothing twice [B14 S7]', () =>
    come('the way back: Firefox'));
});

describe.skipIf(!driveWebKit)('the way back in WebKitGTK', () => {
  const come = inEngine(driveWebKit);
  test('a page of WebKitGTK that is left and come back to loses nothing of any signal and sends nothing twice [B14 S7]', () =>
    come('the way back: WebKitGTK'));
});
