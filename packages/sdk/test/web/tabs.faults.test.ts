import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { driveChromium } from '../../../testkit/src/browsers/chromium.js';
import type { DrivenBrowser, DrivenPage } from '../../../testkit/src/browsers/driven-browser.js';
import { driveFirefox } from '../../../testkit/src/browsers/firefox.js';
import { driveWebKit } from '../../../testkit/src/browsers/webkit.js';
import { faultProxy } from '../../../testkit/src/fault-proxy.js';
import { faultSize, isFullFaultRun, nothingLostOfAny } from '../../../testkit/src/faults/fault-run.js';
import { SERIAL, tallySerials } from '../../../testkit/src/faults/serials.js';
import { everySignal, serialsOnTheWire } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { arrivalsAt } from './support/arrivals.js';
import { bundlePage } from './support/bundle-page.js';
import { startOtlpSink } from './support/otlp-sink.js';
import { serve } from './support/serve.js';

const TABS = 6;
/** Spans, and as many log records and points. */
const ITEMS = 60;
const rounds = faultSize({ brief: 2, full: 40 });

/** What a round is about: a collector that is some way off; answers that are lost; nobody there; requests that are cut. */
const faults = [
  { delayMs: 30 },
  { delayMs: 5, cutAnswer: true },
  { refuse: true },
  { delayMs: 5, cutRequestAfter: 3_000 },
];

const program = `
  if (location.hash === '#no-locks') Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
  const { logging, metering, offline, start } = await import('@throughline/sdk/web');
  window.telemetry = start({
    endpoint: 'COLLECTOR', plainText: true, pageLoad: false, fetch: false, xhr: false, clicks: false, errors: false, onDiagnostic: () => {},
    batch: { maxAgeMs: 150, firstRetryMs: 100, maxRetryMs: 400 },
    // Then each point is told once, and each serial is a series.
    metricTemporality: 'delta', metricIntervalMs: 150, cardinalityLimit: 1e6,
  }, { ...offline(), logging, metering });
  const counter = telemetry.meter.createCounter('work');
  const show = (hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  };
  window.work = async (from, count, hides) => {
    for (let n = 0; n < count; n++) {
      const attributes = { '${SERIAL}': from + n, filler: 'x'.repeat(200) };
      telemetry.tracer.startSpan('work', { attributes }).end();
      telemetry.logger.emit({ body: 'work', attributes });
      counter.add(1, attributes);
      if (hides && Math.random() < 0.1) { show(true); setTimeout(show, 20, false); }
      if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
`;

async function shareOneStore(browser: DrivenBrowser, name: string, locks: boolean): Promise<void> {
  const sink = await startOtlpSink();
  const proxy = await faultProxy(sink.url);
  const { code } = await bundlePage(program.replaceAll('COLLECTOR', proxy.url));
  const site = await serve((request, response) => {
    if (request.url === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>');
  });
  const tabs: DrivenPage[] = [];
  try {
    for (let n = 0; n < TABS; n++) tabs.push(await browser.visit(`${site.origin}/?${n}${locks ? '' : '#no-locks'}`));
    let sent = 0;
    const arrived = arrivalsAt(sink, serialsOnTheWire);
    const sends = () =>
      sink.requests
        .filter(({ method }) => method === 'POST')
        .map(({ url }) => new URL(url, sink.url).searchParams.get('tl-batch'));
    const settled = async () => {
      await sink.until(() => everySignal.every((signal) => new Set(arrived(signal)).size >= sent));
      for (const tab of tabs) while ((await tab.evaluate('telemetry.status().queued.items')) !== 0);
    };
    for (let round = 0; round < rounds; round++) {
      const fault = faults[round % faults.length]!;
      const before = sends().length;
      const quiet = round % faults.length === 0;
      proxy.set(fault);
      await Promise.all(tabs.map((tab, at) => tab.evaluate(`work(${sent + at * ITEMS}, ${ITEMS}, ${!quiet})`)));
      sent += TABS * ITEMS;
      proxy.set({});
      await settled();
      if (!quiet) continue;
      // Where every answer came, nothing was sent again: neither by who had sent it nor by another tab.
      const healthy = sends().slice(before);
      expect(healthy.length - new Set(healthy).size, `${name}: batches that two sent`).toBe(0);
    }
    const all = Array.from({ length: sent }, (_, n) => n);
    nothingLostOfAny(
      name,
      everySignal.map((signal) => [signal, tallySerials(all, arrived(signal))]),
    );
  } finally {
    await Promise.all(tabs.map((tab) => tab.close()));
    await Promise.all([proxy, sink, site].map((each) => each.close()));
  }
}

function inEngine(drive: (() => Promise<DrivenBrowser>) | undefined) {
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (drive) browser = await drive();
  });
  afterAll(() => browser?.close());
  return (name: string, locks = true) => shareOneStore(browser, name, locks);
}

// What this machine lacks of these engines is skipped, by the engine's name; CI installs all three.
describe.skipIf(!driveChromium)('tabs of Chromium that share a store', () => {
  const share = inEngine(driveChromium);
  test('six tabs of Chromium share one store while answers are lost: each span, log record and point arrives once [B14 S7]', () =>
    share('tabs share a store: Chromium'));
  test('six tabs of Chromium without Web Locks share one store while answers are lost: each span, log record and point arrives once [B14 S7]', () =>
    share('tabs share a store: Chromium without Web Locks', false));
});

// Minutes of browser each, for the same code: at full size only.
describe.skipIf(!driveFirefox || !isFullFaultRun)('tabs of Firefox that share a store', () => {
  const share = inEngine(isFullFaultRun ? driveFirefox : undefined);
  test('six tabs of Firefox share one store while answers are lost: each span, log record and point arrives once [B14 S7]', () =>
    share('tabs share a store: Firefox'));
});

describe.skipIf(!driveWebKit || !isFullFaultRun)('tabs of WebKitGTK that share a store', () => {
  const share = inEngine(isFullFaultRun ? driveWebKit : undefined);
  test('six tabs of WebKitGTK share one store while answers are lost: each span, log record and point arrives once [B14 S7]', () =>
    share('tabs share a store: WebKitGTK'));
});
