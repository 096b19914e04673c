import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everySignal } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { arrivalsAt, namesOnTheWire } from './support/arrivals.js';
import { bundlePage } from './support/bundle-page.js';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { contextWith, evaluate, isStored, offlineScript, saidBeside } from './support/offline-page.js';
import { openPage } from './support/open-page.js';
import type { OtlpSink } from './support/otlp-sink.js';

/** Once each of these has arrived as a span, a log record and a point, and none of them twice. */
async function arrivedOnce(sink: OtlpSink, ...names: readonly string[]): Promise<void> {
  const arrived = arrivalsAt(sink, namesOnTheWire);
  await sink.until(() => everySignal.every((signal) => names.every((name) => arrived(signal).includes(name))));
  for (const signal of everySignal) expect([...arrived(signal)].sort(), signal).toEqual([...names].sort());
}

describe.skipIf(!chromiumPath)('a page whose storage is not as it should be', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium([], ['--disable-back-forward-cache']);
  });
  afterAll(() => browser?.close());

  test('a database that another tab deletes while it is in use is made anew, and spans, log records and points go on to arrive [B14 F2 S7]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink, origin } = opened;
    await evaluate(page, `record('before'), telemetry.flush()`);
    await arrivedOnce(sink, 'before');
    sink.away = true;
    await evaluate(page, `record('waits'), telemetry.flush({ timeoutMs: 200 })`);
    const other = await context.newPage();
    await other.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await other.goto(`${origin}/?other`);
    await evaluate(
      other,
      `new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('throughline');
        deleting.onsuccess = resolve;
        deleting.onerror = reject;
        deleting.onblocked = () => reject(new Error('the page has kept it open'));
      }).then(() => {})`,
    );
    sink.away = false;
    await evaluate(page, `record('after'), telemetry.flush({ timeoutMs: 2_000 })`);
    // What had waited in it may be gone.
    const arrived = arrivalsAt(sink, namesOnTheWire);
    await sink.until(() => everySignal.every((signal) => arrived(signal).includes('after')));
    for (const signal of everySignal) expect(arrived(signal).length, signal).toBe(new Set(arrived(signal)).size);
    expect(await evaluate(page, `end('kept'), (${isStored})('kept')`)).toBe(true);
    expect(opened.pageErrors).toEqual([]);
  });

  test('a database that another program keeps from being opened is done without, and spans, log records and points arrive [B14 F2 S7]', async () => {
    await using opened = await openPage(browser, { script: `window.opened = true;` });
    const { page, context, origin, sink } = opened;
    // Who listens to nothing holds up whoever wants to delete it, and that one whoever comes behind.
    await evaluate(
      page,
      `new Promise((resolve) => {
        const opening = indexedDB.open('throughline', 7);
        opening.onsuccess = () => {
          const deleting = indexedDB.deleteDatabase('throughline');
          deleting.onblocked = resolve;
          window.held = opening.result;
        };
      }).then(() => {})`,
    );
    const { code } = await bundlePage(offlineScript.replaceAll('COLLECTOR', sink.url));
    const next = await context.newPage();
    await next.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript', body: code }));
    await next.goto(`${origin}/?next`);
    await evaluate(next, `record('held up')`);
    await next.waitForFunction(`said.some((each) => each.startsWith('no-database'))`);
    await evaluate(next, `telemetry.flush()`);
    await arrivedOnce(sink, 'held up');
    expect(await evaluate(next, 'said')).toEqual([
      expect.stringMatching(/^no-database: .*not open after 5000 ms.*they wait in localStorage$/),
    ]);
    sink.away = true;
    await evaluate(next, `record('kept'), telemetry.flush({ timeoutMs: 200 })`);
    expect(await evaluate(next, 'telemetry.status().stored')).toMatchObject({ items: 3, durability: 'process-crash' });
  });

  test('where the browser stores nothing at all, batches wait in memory, it is said once, and nothing is thrown [B14 F2 S7]', async () => {
    // A sandbox has nobody's origin, and asking it for storage throws.
    await using opened = await openPage(browser, {
      script: offlineScript,
      headers: { 'content-security-policy': 'sandbox allow-scripts' },
    });
    const { page, sink } = opened;
    expect(
      await evaluate(page, `(() => { try { localStorage; return 'there'; } catch (error) { return error.name; } })()`),
    ).toBe('SecurityError');
    sink.away = true;
    await evaluate(page, `record('kept'), telemetry.flush({ timeoutMs: 200 })`);
    const { stored } = await evaluate<{ stored: object }>(page, 'telemetry.status()');
    expect(stored).toMatchObject({ items: 3, durability: 'memory' });
    sink.away = false;
    await evaluate(page, `dispatchEvent(new Event('online'))`);
    await arrivedOnce(sink, 'kept');
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([
      expect.stringMatching(
        /^no-database: There is no database for batches \(SecurityError.*\): they wait in memory only$/,
      ),
    ]);
    expect(opened.pageErrors).toEqual([]);
  });

  test('without a database, as in some private windows, localStorage is where batches wait [B14 S7]', async () => {
    await using context = await contextWith(browser, () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('not in this window', 'InvalidStateError');
      };
    });
    await using opened = await openPage(browser, { script: offlineScript, in: context.context });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `record('first'), telemetry.flush({ timeoutMs: 200 })`);
    const { stored } = await evaluate<{ stored: object }>(page, 'telemetry.status()');
    expect(stored).toMatchObject({ items: 3, durability: 'process-crash' });
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([
      expect.stringContaining('they wait in localStorage'),
    ]);
    await evaluate(page, `record('second')`);
    await page.goto('about:blank');
    sink.away = false;
    await page.goto(`${origin}/?again`);
    await arrivedOnce(sink, 'first', 'second');
    await page.waitForFunction(
      "Object.keys(localStorage).filter((key) => key.startsWith('throughline:')).length === 0",
    );
  });

  test('parts of a batch that was sent, which a killed browser brings back in localStorage, are not sent again [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `${offlineScript}
        window.parts = {};
        const set = Storage.prototype.setItem;
        Storage.prototype.setItem = function (key, value) { if (key.includes('/')) parts[key] = value; set.call(this, key, value); };`,
    });
    const { page, sink, origin } = opened;
    await evaluate(page, `end('one'), new Promise((resolve) => setTimeout(resolve)).then(() => end('two'))`);
    await evaluate(page, `telemetry.flush()`);
    await sink.until((spans) => spans.length >= 2);
    await page.waitForFunction('telemetry.status().stored.items === 0');
    const parts = await evaluate<Record<string, string>>(page, 'parts');
    expect(Object.keys(parts)).toHaveLength(2);
    // As if the browser had been killed after the first part.
    const [first] = Object.entries(parts);
    await evaluate(page, `telemetry.shutdown().then(() => localStorage.setItem(...${JSON.stringify(first)}))`);
    await page.goto(`${origin}/?again`);
    await evaluate(page, `end('three'), telemetry.flush()`);
    await sink.span('three');
    await page.waitForFunction("!Object.keys(localStorage).some((key) => key.includes('/'))");
    await evaluate(page, `telemetry.flush()`);
    expect(sink.spans.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  });

  test('what is torn or foreign where batches wait is skipped, and the rest is sent [B14 S7]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `record('whole'), telemetry.flush({ timeoutMs: 200 })`);
    await evaluate(
      page,
      `new Promise((resolve) => {
        localStorage.setItem('throughline:torn', '{"head":{"v":1,"id":"torn"');
        localStorage.setItem('throughline:short', JSON.stringify({ head: { v: 1 } }) + '\\nQUJD');
        localStorage.setItem('of the page', 'its own');
        const opening = indexedDB.open('throughline');
        opening.onsuccess = () => {
          const transaction = opening.result.transaction(['entries', 'bytes', 'open'], 'readwrite');
          transaction.objectStore('entries').put({ key: [0, 0], id: 'foreign' });
          transaction.objectStore('open').put({ id: 'foreign', at: 0, by: 'nobody' });
          transaction.oncomplete = () => { opening.result.close(); resolve(); };
        };
      })`,
    );
    await page.goto('about:blank');
    sink.away = false;
    await page.goto(`${origin}/?again`);
    await arrivedOnce(sink, 'whole');
    await page.waitForFunction('telemetry.status().stored.items === 0');
    await arrivedOnce(sink, 'whole');
    expect(await evaluate(page, 'Object.entries(localStorage)')).toEqual([['of the page', 'its own']]);
    expect(opened.pageErrors).toEqual([]);
  });

  test('a batch that the browser cannot read any more stands in nobody’s way [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `
        // A request that fails in earnest: it adds what is there already.
        const get = IDBObjectStore.prototype.get;
        IDBObjectStore.prototype.get = function (key) {
          return this.name === 'bytes' && key === localStorage.unreadable ? this.add(new Uint8Array(0), key) : get.call(this, key);
        };
        ${offlineScript}`,
    });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('unreadable'), telemetry.flush({ timeoutMs: 200 })`);
    await evaluate(
      page,
      `new Promise((resolve) => {
        const opening = indexedDB.open('throughline');
        opening.onsuccess = () => {
          const reading = opening.result.transaction('bytes').objectStore('bytes').getAllKeys();
          reading.onsuccess = () => { localStorage.unreadable = reading.result[0]; opening.result.close(); resolve(); };
        };
      })`,
    );
    await evaluate(page, `end('readable'), telemetry.flush({ timeoutMs: 200 })`);
    await page.goto('about:blank');
    sink.away = false;
    await page.goto(`${origin}/?again`);
    await sink.span('readable');
    await page.waitForFunction('telemetry.status().stored.items === 0');
    expect(sink.spans).toHaveLength(1);
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([]);
  });

  test('where storage is full, the page’s and the browser’s, spans, log records and points arrive all the same and nothing is thrown [B14 F2 S7]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink, origin } = opened;
    await evaluate(
      page,
      `(() => {
        for (let size = 4e6; size >= 1; size = Math.floor(size / 2))
          try { for (let n = 0; n < 9; n++) localStorage.setItem(size + ' ' + n, 'x'.repeat(size)); } catch {}
      })()`,
    );
    const session = await context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    const refused = await evaluate<string[]>(
      page,
      `Promise.all([
        new Promise((_, reject) => { localStorage.setItem('more', 'xxxx'); reject(); }),
        new Promise((_, reject) => {
          const opening = indexedDB.open('more');
          opening.onupgradeneeded = () => {
            opening.result.createObjectStore('more').add(new Uint8Array(100_000), 1);
            const { transaction } = opening;
            transaction.onabort = () => reject(transaction.error);
          };
        }),
      ].map((each) => each.catch((error) => error?.name)))`,
    );
    expect(refused).toEqual(['QuotaExceededError', 'QuotaExceededError']);
    await evaluate(page, `record('one'), telemetry.flush()`);
    await arrivedOnce(sink, 'one');
    await evaluate(page, `record('two')`);
    await page.goto('about:blank');
    await arrivedOnce(sink, 'one', 'two');
    expect(opened.pageErrors).toEqual([]);
  });

  test('a clock that was a day ahead while a batch was taken holds it from nobody [B14]', async () => {
    await using context = await contextWith(browser, () => {
      const now = Date.now;
      if (!location.search) Date.now = () => now() + 86_400_000;
    });
    await using opened = await openPage(browser, { script: offlineScript, in: context.context });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('ahead'), telemetry.flush({ timeoutMs: 200 })`);
    await page.goto('about:blank');
    sink.away = false;
    await page.goto(`${origin}/?now`);
    await sink.span('ahead');
    expect(sink.spans).toHaveLength(1);
  });
});
