import { afterAll, beforeAll, describe, test } from 'vitest';
import { driveChromium } from '../../../testkit/src/browsers/chromium.js';
import type { DrivenBrowser } from '../../../testkit/src/browsers/driven-browser.js';
import { driveFirefox } from '../../../testkit/src/browsers/firefox.js';
import { driveWebKit } from '../../../testkit/src/browsers/webkit.js';
import { showWebKit } from '../../../testkit/src/browsers/webkit-profile.js';
import { isFullFaultRun, nothingLost } from '../../../testkit/src/faults/fault-run.js';
import { keepLeavingCells } from '../../../testkit/src/faults/leaving-cells.js';
import { type FaultSignal, furtherSignals } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { type Cell, killPages, type LeftCell, leavePages, type Way } from './support/leaving.js';

const cells: readonly Cell[] = isFullFaultRun
  ? [20, 200, 1_000].flatMap((delayMs) => [20, 60, 100, 200, 600].map((spans) => ({ spans, delayMs })))
  : [
      { spans: 60, delayMs: 200 },
      { spans: 600, delayMs: 20 },
    ];

function inEngine(engine: string, drive: (() => Promise<DrivenBrowser>) | undefined) {
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (drive) browser = await drive();
  });
  afterAll(() => browser?.close());
  return async (way: Way, signal: FaultSignal = 'traces'): Promise<void> => {
    const left = await leavePages(browser, way, cells, signal);
    if (signal === 'traces') claim(engine, browser.version, way, left);
    else nothingLost(`page left: ${engine}, ${way}, ${signal}`, sum(left));
  };
}

function claim(engine: string, version: string, way: Way, left: readonly LeftCell[]): void {
  keepLeavingCells(left.map((cell) => ({ engine, version, way, ...cell })));
  nothingLost(`page left: ${engine}, ${way}`, sum(left));
}

function sum(left: readonly LeftCell[]) {
  const total = { sent: 0, stored: 0, missing: 0, duplicated: 0 };
  for (const cell of left)
    for (const key of ['sent', 'stored', 'missing', 'duplicated'] as const) total[key] += cell[key];
  return total;
}

/** A visit waits for a minute for what is missing: a test outlives it, so that it says what it was. */
const patience = { timeout: 180_000 };

// What this machine lacks of these engines is skipped, by the engine's name; CI installs all three.
describe.skipIf(!driveChromium)('leaving a page in Chromium', patience, () => {
  const leaving = inEngine('Chromium', driveChromium);
  test('Chromium: the tab is closed, and all arrives by then or at the next visit, each once [B2 B14]', () =>
    leaving('closed'));
  test('Chromium: the person goes elsewhere, and all arrives by then or at the next visit, each once [B2 B14]', () =>
    leaving('navigated'));
  test('Chromium: the renderer is killed, and all that was over a second ago arrives at the next visit, each once [B14]', () =>
    leaving('killed'));
  test('Chromium: away from the collector for a whole visit, and all arrives at the next one, each once [B14]', () =>
    leaving('offline'));
  test.each(furtherSignals)(
    'Chromium: the tab is closed, and all %s arrive by then or at the next visit, each once [B14 S7]',
    (signal) => leaving('closed', signal),
  );
  test.each(furtherSignals)(
    'Chromium: the person goes elsewhere, and all %s arrive by then or at the next visit, each once [B14 S7]',
    (signal) => leaving('navigated', signal),
  );
  test.each(furtherSignals)(
    'Chromium: away from the collector for a whole visit, and all %s arrive at the next one, each once [B14 S7]',
    (signal) => leaving('offline', signal),
  );
  test('Chromium: the renderer is killed, and all that was logged over a second ago arrives at the next visit, each once [B14 S7]', () =>
    leaving('killed', 'logs'));
});

describe.skipIf(!driveFirefox)('leaving a page in Firefox', patience, () => {
  const leaving = inEngine('Firefox', driveFirefox);
  test('Firefox: the tab is closed, and all arrives by then or at the next visit, each once [B2 B14]', () =>
    leaving('closed'));
  test('Firefox: the person goes elsewhere, and all arrives by then or at the next visit, each once [B2 B14]', () =>
    leaving('navigated'));
  test('Firefox: the renderer is killed, and all that was over a second ago arrives at the next visit, each once [B14]', () =>
    leaving('killed'));
  test('Firefox: away from the collector for a whole visit, and all arrives at the next one, each once [B14]', () =>
    leaving('offline'));
  test.each(furtherSignals)(
    'Firefox: the tab is closed, and all %s arrive by then or at the next visit, each once [B14 S7]',
    (signal) => leaving('closed', signal),
  );
  test.each(furtherSignals)(
    'Firefox: the person goes elsewhere, and all %s arrive by then or at the next visit, each once [B14 S7]',
    (signal) => leaving('navigated', signal),
  );
  test.each(furtherSignals)(
    'Firefox: away from the collector for a whole visit, and all %s arrive at the next one, each once [B14 S7]',
    (signal) => leaving('offline', signal),
  );
  test('Firefox: the renderer is killed, and all that was logged over a second ago arrives at the next visit, each once [B14 S7]', () =>
    leaving('killed', 'logs'));
});

describe.skipIf(!driveWebKit)('leaving a page in WebKitGTK', patience, () => {
  const leaving = inEngine('WebKitGTK', driveWebKit);
  test('WebKitGTK: the tab is closed, and all arrives by then or at the next visit, each once [B2 B14]', () =>
    leaving('closed'));
  test('WebKitGTK: the person goes elsewhere, and all arrives by then or at the next visit, each once [B2 B14]', () =>
    leaving('navigated'));
  test('WebKitGTK: away from the collector for a whole visit, and all arrives at the next one, each once [B14]', () =>
    leaving('offline'));
  test.each(furtherSignals)(
    'WebKitGTK: the tab is closed, and all %s arrive by then or at the next visit, each once [B14 S7]',
    (signal) => leaving('closed', signal),
  );
  test.each(furtherSignals)(
    'WebKitGTK: the person goes elsewhere, and all %s arrive by then or at the next visit, each once [B14 S7]',
    (signal) => leaving('navigated', signal),
  );
  test.each(furtherSignals)(
    'WebKitGTK: away from the collector for a whole visit, and all %s arrive at the next one, each once [B14 S7]',
    (signal) => leaving('offline', signal),
  );
});

// Needs a WebKitGTK that is not driven: an automated session ends with its renderer.
describe.skipIf(!showWebKit)('renderers of WebKitGTK that are killed', patience, () => {
  test('WebKitGTK: the renderer is killed, and all that was over a second ago arrives at the next visit, each once [B14]', async () => {
    const browser = await showWebKit!();
    try {
      claim('WebKitGTK', browser.version, 'killed', await killPages(browser, cells));
    } finally {
      await browser.close();
    }
  });
});
