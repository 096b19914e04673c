import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { faultSize, nothingLostOfAny } from '../../../testkit/src/faults/fault-run.js';
import { everySignal } from '../../../testkit/src/faults/serials-on-the-wire.js';
import { arrivalsAt, namesOnTheWire } from './support/arrivals.js';
import { bundlePage } from './support/bundle-page.js';
import { chromiumPath } from './support/chromium.js';
import { type KillableChromium, killableChromium } from './support/killable-chromium.js';
import { isStored } from './support/offline-page.js';
import { type OtlpSink, startOtlpSink } from './support/otlp-sink.js';
import { serve } from './support/serve.js';

/** What has not arrived by then is missing. */
const LONGEST_MS = 60_000;
/** Of ten kinds of cuts each one at least. */
const TIMES = faultSize({ brief: 10, full: 50 });

describe.skipIf(!chromiumPath)('a page without a network that ends badly', () => {
  test(
    'cuts at any moment (closed, left, loaded again, crashed, the browser killed) lose nothing of any signal, and nothing arrives twice [B14 S7]',
    {
      timeout: 180_000,
    },
    () =>
      story('a page without a network is cut', async (at, { sink, chromium, visit }) => {
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
    'a browser that is killed at random moments, most of them without a network, sends what was stored of every signal at its next visits, once [B14 S7]',
    {
      timeout: 180_000,
    },
    () =>
      story('a browser without a network is killed', async (at, { sink, chromium, visit }) => {
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
  /** A page that makes spans, log records and points without a pause, and says of which they are over. */
  visit(name: string, says: Cut['says'] | 'nothing'): Promise<Page>;
}

/**
 * Visits that end badly, and a last one, at which all has arrived that a page said was over. Chromium, killed while it opens its databases, was seen
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
  const arrived = arrivalsAt(sink, namesOnTheWire);
  const missing = () => {
    const names = new Set(everySignal.flatMap(arrived));
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
  const errors: string[] = [];
  const told = new WeakSet<BrowserContext>();
  const visit: Stage['visit'] = async (name, says) => {
    const context = await chromium.context();
    if (!told.has(context)) {
      told.add(context);
      await context.exposeBinding('found', (_, isThere: boolean) => find(isThere));
      await context.exposeBinding('over', (_, item: string) => void over.add(item));
    }
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${site.origin}/?${name}#${says}`);
    return page;
  };
  const counts: Record<string, number> = {};
  for (let at = 0; at < TIMES; at++) {
    sink.away = random(10) < 7;
    const kind = await cut(at, { sink, chromium, visit });
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  sink.away = false;
  // It makes nothing, and sends what all the others have left.
  const last = await visit('last', 'nothing');
  await Promise.race([
    sink.until(() => missing().length === 0),
    new Promise((resolve) => setTimeout(resolve, LONGEST_MS)),
  ]);
  // A second copy may still be on its way.
  await last.waitForFunction('telemetry.status().queued.items + telemetry.status().stored.items === 0');
  const names = everySignal.flatMap(arrived);
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
  expect(over.size).toBeGreaterThan(TIMES);
  nothingLostOfAny(
    title,
    everySignal.map((signal) => {
      const found = arrived(signal);
      const stored = new Set(found);
      const sent = [...over].filter((name) => name.startsWith(`${signal} `));
      const lost = sent.filter((name) => !stored.has(name));
      return [
        signal,
        { sent: sent.length, stored: stored.size, missing: lost.length, duplicated: found.length - stored.size },
      ];
    }),
  );
  expect(thrownAway.length, 'databases that the browser threw away').toBeLessThanOrEqual(Math.ceil(TIMES / 15));
  expect(twoContents, 'batches with two contents under one id').toEqual([]);
  expect(errors).toEqual([]);
  await site.close();
  await sink.close();
}

interface Cut {
  readonly name: string;
  /** When an item is over: the task in which it ended is; the browser's database has it. */
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
  import { logging, metering, offline, start } from '@throughline/sdk/web';
  // A browser that was killed while it wrote may have to mend its databases first, and says that it cannot answer.
  for (;;)
    try {
      await found((await indexedDB.databases()).some(({ name }) => name === 'throughline'));
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  const telemetry = window.telemetry = start({ endpoint: 'COLLECTOR', plainText: true, pageLoad: false, batch: { maxAgeMs: 100, firstRetryMs: 100 }, metricTemporality: 'delta', metricIntervalMs: 20, cardinalityLimit: 1e6, onDiagnostic: () => {} }, { ...offline(), logging, metering });
  const counter = telemetry.meter.createCounter('work');
  const filler = () => 'x'.repeat(Math.random() * 400);
  const makes = {
    traces: (name) => telemetry.tracer.startSpan(name, { attributes: { filler: filler() } }).end(),
    logs: (name) => telemetry.logger.emit({ body: name, attributes: { filler: filler() } }),
    metrics: (name) => counter.add(1, { name, filler: filler() }),
  };
  // What is counted becomes bytes when it is collected; from then on it waits as the others do.
  const uncollected = [];
  // Loaded again, it is another page.
  const visit = location.search.slice(1) + ' ' + Math.random().toString(36).slice(2);
  const says = location.hash.slice(1);
  // Who could not look has not seen it.
  const isStored = ${isStored};
  let count = 0;
  function work() {
    const names = telemetry.status().uncollected ? [] : uncollected.splice(0);
    for (let n = Math.floor(Math.random() * 3); n >= 0; n--) {
      const signal = Object.keys(makes)[count % 3];
      const name = signal + ' ' + visit + ' ' + count++ + ' ';
      makes[signal](name);
      (signal === 'metrics' ? uncollected : names).push(name);
    }
    const tell = () => names.forEach((name) => over(name));
    if (says === 'task') setTimeout(tell);
    if (says === 'stored') for (const name of names) isStored(name).then((found) => found && over(name), () => {});
    setTimeout(work, Math.random() * 20);
  }
  if (says !== 'nothing') work();`;
