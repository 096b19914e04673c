import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlePage } from './support/bundle-page.js';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { type KillableChromium, killableChromium } from './support/killable-chromium.js';
import { openPage } from './support/open-page.js';
import { type OtlpSink, startOtlpSink } from './support/otlp-sink.js';
import { serve } from './support/serve.js';

/** Nothing is sent by itself for an hour, but at the first attempt, and when something happens. */
const script = `
  import { offline, start } from '@throughline/sdk/web';
  window.said = [];
  window.telemetry = start({
    endpoint: 'COLLECTOR', plainText: true, pageLoad: false, onDiagnostic: ({ code, message }) => said.push(code + ': ' + message),
    batch: { maxAgeMs: 3_600_000, firstRetryMs: 3_600_000, maxRetryMs: 3_600_000 },
  }, offline());
  window.end = (name) => telemetry.tracer.startSpan(name).end();`;
const evaluate = <R>(page: Page, code: string): Promise<R> => page.evaluate(code) as Promise<R>;
const saidBeside = async (page: Page, code: string) =>
  (await evaluate<string[]>(page, 'said')).filter((each) => !each.startsWith(code));

/** Whether the database has committed something that holds this text: asked until it has, or for a while. */
const isStored = `async (text) => {
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

describe.skipIf(!chromiumPath)('a page without a network', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium([], ['--disable-back-forward-cache']);
  });
  afterAll(() => browser?.close());

  test('what could not be sent waits in the browser and leaves when the network is back, without a further span [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, context, sink } = opened;
    await context.setOffline(true);
    await evaluate(page, `end('away'), telemetry.flush({ timeoutMs: 300 })`);
    const { stored } = await evaluate<{ stored: object }>(page, 'telemetry.status()');
    expect(stored).toMatchObject({ items: 1, durability: 'process-crash' });
    expect(sink.spans).toEqual([]);
    // The browser says `online`; the next attempt would be in an hour.
    await context.setOffline(false);
    await sink.span('away');
    await page.waitForFunction('telemetry.status().stored.items === 0');
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([]);
  });

  test('the next visit sends what an earlier one could not, whether it was a batch already or not [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('sealed'), telemetry.flush({ timeoutMs: 200 })`);
    await evaluate(page, `end('open')`);
    await page.goto('about:blank');
    expect(sink.spans).toEqual([]);
    sink.away = false;
    await page.goto(`${origin}/?again`);
    await sink.until((spans) => spans.length >= 2);
    expect(sink.spans.map(({ name }) => name).sort()).toEqual(['open', 'sealed']);
  });

  test('a span is in the browser when the task in which it ended is over, long before its batch is full or old [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, context, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `for (const name of ['one', 'two', 'three']) end(name)`);
    // No event, no last words.
    const session = await context.newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    session.send('Page.crash').catch(() => {});
    await crashed;
    sink.away = false;
    const next = await context.newPage();
    await next.goto(`${origin}/`);
    await sink.until((spans) => spans.length >= 3);
    expect(sink.spans.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  });

  test('a tab that is open sends what a closed one left, and two that share what waits send nothing twice [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, context, sink, origin } = opened;
    sink.away = true;
    const other = await context.newPage();
    await other.goto(`${origin}/?other`);
    for (const [tab, name] of [
      [page, 'mine'],
      [other, 'other'],
    ] as const)
      await evaluate(
        tab,
        `Promise.all([1, 2, 3].map(async (n) => { end('${name} ' + n); await telemetry.flush({ timeoutMs: 200 }); }))`,
      );
    await other.close();
    expect(sink.spans).toEqual([]);
    sink.away = false;
    await evaluate(page, `dispatchEvent(new Event('online'))`);
    await sink.until((spans) => spans.length >= 6);
    await page.waitForFunction('telemetry.status().stored.items === 0');
    const names = sink.spans.map(({ name }) => name);
    expect(names.sort()).toEqual(['mine 1', 'mine 2', 'mine 3', 'other 1', 'other 2', 'other 3']);
    expect(new Set(sink.requests.map(({ url }) => url)).size).toBe(sink.requests.length);
  });

  test('what a tab sends because it was hidden is left to it by the other tabs, which share what waits [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, context, sink, origin } = opened;
    const other = await context.newPage();
    await other.goto(`${origin}/?other`);
    await evaluate(other, `end('ready'), telemetry.flush()`);
    // Nobody hears of an answer until both have asked.
    let answer = (): void => {};
    sink.hold = new Promise((resolve) => {
      answer = resolve;
    });
    await evaluate(
      page,
      `end('hidden'), Object.defineProperty(document, 'hidden', { value: true, configurable: true }),
       document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`,
    );
    await sink.span('hidden');
    expect(await evaluate(page, `(${isStored})('hidden')`)).toBe(true);
    await evaluate(other, `end('theirs'), void telemetry.flush()`);
    await sink.span('theirs');
    answer();
    await page.waitForFunction('telemetry.status().queued.items === 0');
    await other.waitForFunction('telemetry.status().queued.items === 0');
    await evaluate(other, `telemetry.flush()`);
    expect(sink.requests).toHaveLength(3);
  });

  test('a tab that is frozen and woken goes on, and sends nothing that another tab has sent [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, context, sink, origin } = opened;
    const other = await context.newPage();
    await other.goto(`${origin}/?other`);
    const show = (hidden: boolean) =>
      evaluate(
        page,
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }),
         document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`,
      );
    await evaluate(page, `end('visible')`);
    await show(true);
    await sink.span('visible');
    // A browser freezes a tab that was hidden for minutes.
    await page.waitForFunction('telemetry.status().queued.items === 0');
    expect(await evaluate(page, `end('hidden'), (${isStored})('hidden')`)).toBe(true);
    const session = await context.newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await evaluate(other, `end('other'), telemetry.flush()`);
    await sink.span('other');
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await show(false);
    await evaluate(page, `end('awake'), telemetry.flush()`);
    await sink.span('awake');
    await evaluate(other, `telemetry.flush()`);
    const names = sink.spans.map(({ name }) => name);
    expect(names.sort()).toEqual(['awake', 'hidden', 'other', 'visible']);
    const batches = sink.requests.map(({ url }) => url);
    expect(new Set(batches).size).toBe(batches.length);
  });

  test('a database that another tab deletes while it is in use is made anew, and spans go on to arrive [B14 F2]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, context, sink, origin } = opened;
    await evaluate(page, `end('before'), telemetry.flush()`);
    await sink.span('before');
    sink.away = true;
    await evaluate(page, `end('waits'), telemetry.flush({ timeoutMs: 200 })`);
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
    await evaluate(page, `end('after'), telemetry.flush({ timeoutMs: 2_000 })`);
    await sink.span('after');
    expect(await evaluate(page, `end('kept'), (${isStored})('kept')`)).toBe(true);
    expect(opened.pageErrors).toEqual([]);
  });

  test('a database that another program keeps from being opened is done without, and spans arrive [B14 F2]', async () => {
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
    const { code } = await bundlePage(script.replaceAll('COLLECTOR', sink.url));
    const next = await context.newPage();
    await next.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript', body: code }));
    await next.goto(`${origin}/?next`);
    await evaluate(next, `end('held up')`);
    await next.waitForFunction(`said.some((each) => each.startsWith('no-database'))`);
    await evaluate(next, `telemetry.flush()`);
    await sink.span('held up');
    expect(await evaluate(next, 'said')).toEqual([
      expect.stringMatching(/^no-database: .*not open after 5000 ms.*they wait in localStorage$/),
    ]);
    sink.away = true;
    await evaluate(next, `end('kept'), telemetry.flush({ timeoutMs: 200 })`);
    expect(await evaluate(next, 'telemetry.status().stored')).toMatchObject({ items: 1, durability: 'process-crash' });
  });

  test('a page that waits for the way back is kept by the browser all the same, and goes on [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `${script}
        addEventListener('pageshow', ({ persisted }) => { if (persisted) { end('back'); telemetry.flush(); } });`,
      routes: (_, response) =>
        void response
          .writeHead(200, { 'content-type': 'text/html' })
          .end('<script>onpageshow = () => setTimeout(() => history.back());</script>'),
    });
    const { page, sink } = opened;
    expect(await evaluate(page, `end('before'), (${isStored})('before')`)).toBe(true);
    await evaluate(page, `location.href = '/elsewhere'`);
    await sink.span('before');
    await sink.span('back');
    expect(sink.spans).toHaveLength(2);
  });

  test('where the browser stores nothing at all, batches wait in memory, it is said once, and nothing is thrown [B14 F2]', async () => {
    // A sandbox has nobody's origin, and asking it for storage throws.
    await using opened = await openPage(browser, {
      script,
      headers: { 'content-security-policy': 'sandbox allow-scripts' },
    });
    const { page, sink } = opened;
    expect(
      await evaluate(page, `(() => { try { localStorage; return 'there'; } catch (error) { return error.name; } })()`),
    ).toBe('SecurityError');
    sink.away = true;
    await evaluate(page, `end('kept'), telemetry.flush({ timeoutMs: 200 })`);
    const { stored } = await evaluate<{ stored: object }>(page, 'telemetry.status()');
    expect(stored).toMatchObject({ items: 1, durability: 'memory' });
    sink.away = false;
    await evaluate(page, `dispatchEvent(new Event('online'))`);
    await sink.span('kept');
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([
      expect.stringMatching(
        /^no-database: There is no database for batches \(SecurityError.*\): they wait in memory only$/,
      ),
    ]);
    expect(opened.pageErrors).toEqual([]);
  });

  test('without a database, as in some private windows, localStorage is where batches wait [B14]', async () => {
    await using context = await contextWith(browser, () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('not in this window', 'InvalidStateError');
      };
    });
    await using opened = await openPage(browser, { script, in: context.context });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('first'), telemetry.flush({ timeoutMs: 200 })`);
    const { stored } = await evaluate<{ stored: object }>(page, 'telemetry.status()');
    expect(stored).toMatchObject({ items: 1, durability: 'process-crash' });
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([
      expect.stringContaining('they wait in localStorage'),
    ]);
    await evaluate(page, `end('second')`);
    await page.goto('about:blank');
    sink.away = false;
    await page.goto(`${origin}/?again`);
    await sink.until((spans) => spans.length >= 2);
    expect(sink.spans.map(({ name }) => name).sort()).toEqual(['first', 'second']);
    await page.waitForFunction(
      "Object.keys(localStorage).filter((key) => key.startsWith('throughline:')).length === 0",
    );
  });

  test('parts of a batch that was sent, which a killed browser brings back in localStorage, are not sent again [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `${script}
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

  test('what is torn or foreign where batches wait is skipped, and the rest is sent [B14]', async () => {
    await using opened = await openPage(browser, { script });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('whole'), telemetry.flush({ timeoutMs: 200 })`);
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
    await sink.span('whole');
    await page.waitForFunction('telemetry.status().stored.items === 0');
    expect(sink.spans).toHaveLength(1);
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
        ${script}`,
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

  test('where storage is full, the page’s and the browser’s, spans arrive all the same and nothing is thrown [B14 F2]', async () => {
    await using opened = await openPage(browser, { script });
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
    await evaluate(page, `end('one'), telemetry.flush()`);
    await sink.span('one');
    await evaluate(page, `end('two')`);
    await page.goto('about:blank');
    await sink.span('two');
    expect(sink.spans).toHaveLength(2);
    expect(opened.pageErrors).toEqual([]);
  });

  test('a clock that was a day ahead while a batch was taken holds it from nobody [B14]', async () => {
    await using context = await contextWith(browser, () => {
      const now = Date.now;
      if (!location.search) Date.now = () => now() + 86_400_000;
    });
    await using opened = await openPage(browser, { script, in: context.context });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('ahead'), telemetry.flush({ timeoutMs: 200 })`);
    await page.goto('about:blank');
    sink.away = false;
    await page.goto(`${origin}/?now`);
    await sink.span('ahead');
    expect(sink.spans).toHaveLength(1);
  });

  test('log records and data points wait with the spans [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { logging, metering, offline, start } from '@throughline/sdk/web';
        window.telemetry = start({
          endpoint: 'COLLECTOR', plainText: true, pageLoad: false,
          batch: { maxAgeMs: 3_600_000, firstRetryMs: 3_600_000, maxRetryMs: 3_600_000 },
        }, { ...offline(), logging, metering });`,
    });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(
      page,
      `telemetry.meter.createCounter('orders').add(1), telemetry.logger.emit({ body: 'ordered' }), telemetry.flush({ timeoutMs: 200 })`,
    );
    await page.goto('about:blank');
    expect(sink.requests).toEqual([]);
    sink.away = false;
    await page.goto(`${origin}/?again`);
    expect((await sink.request('/v1/logs')).bytes.includes('ordered')).toBe(true);
    expect((await sink.request('/v1/metrics')).bytes.includes('orders')).toBe(true);
  });

  test(
    'fifty cuts at any moment (closed, left, loaded again, crashed, the browser killed) lose nothing, and nothing arrives twice [B14]',
    {
      timeout: 400_000,
    },
    () =>
      story('the page is cut', async (at, { sink, chromium, visit }) => {
        const cut = cuts[at % 10]!;
        const page = await visit(`${at}`, cut.says);
        const offline = sink.away && random(2) === 0;
        if (offline) await page.context().setOffline(true);
        await page.waitForTimeout(random(250));
        await cut.run(page, chromium);
        if (offline && cut.says !== 'stored') await (await chromium.context()).setOffline(false);
        return cut.name;
      }),
  );

  test(
    'a browser that is killed at fifty random moments, most of them without a network, sends what was stored at its next visits, once [B14]',
    {
      timeout: 500_000,
    },
    () =>
      story('the browser is killed', async (at, { sink, chromium, visit }) => {
        const page = await visit(`${at}`, 'stored');
        const offline = sink.away && random(2) === 0;
        if (offline) await page.context().setOffline(true);
        await page.waitForTimeout(random(1500));
        await chromium.kill();
        return offline ? 'offline' : sink.away ? 'no collector' : 'online';
      }),
  );
});

const random = (below: number): number => Math.floor(Math.random() * below);

interface Stage {
  readonly sink: OtlpSink;
  readonly chromium: KillableChromium;
  /** A page that ends spans without a pause, and says of which they are over. */
  visit(name: string, says: Cut['says'] | 'nothing'): Promise<Page>;
}

/**
 * Fifty visits that end badly, and a last one, at which all has arrived that a page said was over. Chromium, killed while it opens its databases, was seen
 * to throw them away, in some 700 kills once for certain and probably once more. A page asks for them before it starts anything; what they held is then counted apart.
 */
async function story(title: string, cut: (at: number, stage: Stage) => Promise<string>): Promise<void> {
  await using chromium = killableChromium();
  const sink = await startOtlpSink();
  const { code } = await bundlePage(offlineProgram.replaceAll('COLLECTOR', sink.url));
  const site = await serve((request, response) => {
    const isScript = request.url === '/page.js';
    response
      .writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
      .end(
        isScript
          ? code
          : '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
      );
  });
  const over = new Set<string>();
  const thrownAway: number[] = [];
  let wasThere = false;
  const missing = () => {
    const names = new Set(sink.spans.map(({ name }) => name));
    return [...over].filter((name) => !names.has(name));
  };
  const find = (isThere: boolean): void => {
    if (wasThere && !isThere) {
      const held = missing();
      thrownAway.push(held.length);
      for (const name of held) over.delete(name);
    }
    wasThere = isThere;
  };
  const errors: unknown[] = [];
  const told = new WeakSet<BrowserContext>();
  const visit: Stage['visit'] = async (name, says) => {
    const context = await chromium.context();
    if (!told.has(context)) {
      told.add(context);
      await context.exposeBinding('found', (_, isThere: boolean) => find(isThere));
      await context.exposeBinding('over', (_, span: string) => void over.add(span));
    }
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error));
    await page.goto(`${site.origin}/?${name}#${says}`);
    return page;
  };
  const counts: Record<string, number> = {};
  for (let at = 0; at < 50; at++) {
    sink.away = random(10) < 7;
    const kind = await cut(at, { sink, chromium, visit });
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  sink.away = false;
  await visit('last', 'nothing');
  await Promise.race([sink.until(() => missing().length === 0), new Promise((resolve) => setTimeout(resolve, 60_000))]);
  const names = sink.spans.map(({ name }) => name);
  // A receiver drops the second copy of a batch by its id, and only where it is the same batch.
  const contents = new Map<string, Set<string>>();
  for (const { method, url, bytes } of sink.requests) {
    if (method !== 'POST') continue;
    const id = new URL(url, sink.url).searchParams.get('tl-batch')!;
    contents.set(id, (contents.get(id) ?? new Set()).add(bytes.toString('base64')));
  }
  const twoContents = [...contents].filter(([, each]) => each.size > 1).map(([id]) => id);
  console.info(title, {
    over: over.size,
    thrownAway,
    arrived: names.length,
    twice: names.length - new Set(names).size,
    batches: contents.size,
    sends: sink.requests.filter(({ method }) => method === 'POST').length,
    twoContents,
    counts,
    lost: missing().length,
  });
  expect(over.size).toBeGreaterThan(50);
  expect(thrownAway.length, 'databases that the browser threw away').toBeLessThan(4);
  expect(missing().slice(0, 9)).toEqual([]);
  expect(new Set(names).size, 'each once').toBe(names.length);
  expect(twoContents, 'batches with two contents under one id').toEqual([]);
  expect(errors).toEqual([]);
  await site.close();
  await sink.close();
}

interface Cut {
  readonly name: string;
  /** When a span is over: the task in which it ended is; the browser's database has it. */
  readonly says: 'task' | 'stored';
  run(page: Page, chromium: ReturnType<typeof killableChromium>): Promise<unknown>;
}

const close: Cut = { name: 'the tab is closed', says: 'task', run: (page) => page.close() };
const crashes: Cut = { name: 'the page crashes', says: 'task', run: crash };
const elsewhere: Cut = {
  name: 'the person goes elsewhere',
  says: 'task',
  run: (page) => page.goto('about:blank').then(() => page.close()),
};
const again: Cut = {
  name: 'the page is loaded again',
  says: 'task',
  run: async (page) => {
    await page.reload().catch(() => {});
    await page.close();
  },
};
const killed: Cut = { name: 'the browser is killed', says: 'stored', run: kill };
const cuts = [close, crashes, elsewhere, again, crashes, close, elsewhere, crashes, again, killed];

/**
 * What passed through `localStorage` is in the database by then, but for this page's own: a browser that is killed has its `localStorage` as it was some
 * time ago.
 */
async function kill(page: Page, chromium: ReturnType<typeof killableChromium>): Promise<void> {
  await page.waitForFunction(async () => {
    const living = (await navigator.locks.query()).held!.map(({ name }) => name);
    return Object.values(localStorage).every((value: string) => {
      const { by } = JSON.parse(value.split('\n')[0]!) as { by: string };
      return living.includes(`throughline:${by}`);
    });
  });
  await chromium.kill();
}

async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => {});
  await crashed;
  await page.close();
}

const offlineProgram = `
  import { offline, start } from '@throughline/sdk/web';
  await found((await indexedDB.databases()).some(({ name }) => name === 'throughline'));
  const telemetry = window.telemetry = start({ endpoint: 'COLLECTOR', plainText: true, pageLoad: false, batch: { maxAgeMs: 100, firstRetryMs: 100 }, onDiagnostic: () => {} }, offline());
  // Loaded again, it is another page.
  const visit = location.search.slice(1) + ' ' + Math.random().toString(36).slice(2);
  const says = location.hash.slice(1);
  const isStored = ${isStored};
  let count = 0;
  function work() {
    const names = [];
    for (let n = Math.floor(Math.random() * 3); n >= 0; n--) {
      const name = visit + ' ' + count++ + ' ';
      telemetry.tracer.startSpan(name, { attributes: { filler: 'x'.repeat(Math.random() * 400) } }).end();
      names.push(name);
    }
    const tell = () => names.forEach((name) => over(name));
    if (says === 'task') setTimeout(tell);
    if (says === 'stored') for (const name of names) isStored(name).then((found) => found && over(name));
    setTimeout(work, Math.random() * 20);
  }
  work();`;

async function contextWith(browser: Browser, before: () => void) {
  const context = await browser.newContext();
  await context.addInitScript(before);
  return { context, [Symbol.asyncDispose]: () => context.close() };
}
