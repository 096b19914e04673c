import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { KNOWN } from '../dev/fixtures/server.js';
import { faultsFor } from './examine-page.js';
import { CHROMIUM, useExplorerPage } from './explorer-page.js';

/* The built page in a real browser, over the API of the fixture server. */

describe.skipIf(!existsSync(CHROMIUM))(`the explorer in Chromium (needs ${CHROMIUM})`, () => {
  const explorer = useExplorerPage({ traces: 400, spansOfBig: 50_000 });
  let page: Page;
  let base: string;
  beforeEach(() => {
    ({ page, base } = explorer);
  });

  const rows = () => page.getByRole('grid', { name: 'Traces found' }).getByRole('row');
  const spanRow = (name: string) => page.getByRole('treegrid').getByRole('row').filter({ hasText: name }).first();
  const search = () => new URL(page.url()).searchParams;
  const waitForSearch = (name: string, value: RegExp | null) =>
    expect.poll(() => search().get(name) ?? '', { timeout: 10_000 }).toMatch(value ?? /^$/);

  test('a filter is completed from what is there, becomes a chip, is edited and removed', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('service=shop-a');
    await page.getByRole('option', { name: /^shop-api/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await waitForSearch('q', /^service=shop-api$/);
    await page.keyboard.type('status=error ');
    await waitForSearch('q', /^service=shop-api status=error$/);
    await expect.poll(async () => page.getByText(/^\d+\+? traces?$/).textContent()).not.toBe('100+ traces');

    await page.getByRole('button', { name: 'Edit the filter status=error' }).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('duration>1s');
    await page.keyboard.press('Enter');
    await waitForSearch('q', /^service=shop-api duration>1s$/);

    await page.reload();
    await page.getByRole('button', { name: 'Remove the filter duration>1s' }).click();
    await waitForSearch('q', /^service=shop-api$/);
    await page.goBack();
    await waitForSearch('q', /duration>1s/);
  });

  test('a filter that does not read says why and is kept for mending', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('duration>soon');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('A duration needs a number and its unit');
    expect(await page.getByRole('combobox').inputValue()).toBe('duration>soon');
    await waitForSearch('q', null);
  });

  test('a service in the rail is a filter, and shows its operations', async () => {
    await page.goto(base);
    await page.getByRole('button', { name: /^shop-payment/ }).click();
    await waitForSearch('q', /^service=shop-payment$/);
    await page.getByRole('button', { name: /^process_payment/ }).click();
    await waitForSearch('q', /name=process_payment/);
    await page.getByRole('button', { name: /^shop-payment/ }).click();
    await waitForSearch('q', /^name=process_payment$/);
  });

  test('a part of the chart is marked, compared with the rest, and zoomed into', async () => {
    await page.goto(base);
    const plot = page.locator('.u-over').nth(1);
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.75, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.83, box.y + 24, { steps: 5 });
    await page.mouse.up();
    await waitForSearch('sel', /^\d{13}-\d{13}$/);
    const panel = page.getByRole('complementary', { name: 'What differs in the marked time' });
    await panel.getByRole('listitem').first().waitFor();
    const [from, to] = search().get('sel')!.split('-').map(Number) as [number, number];
    await panel.getByRole('button', { name: 'Zoom in' }).click();
    await waitForSearch('sel', null);
    expect(Math.abs(Date.parse(search().get('from')!) - from)).toBeLessThan(2);
    expect(Math.abs(Date.parse(search().get('to')!) - to)).toBeLessThan(2);
  });

  test('a click on a duration in the chart opens the slowest trace behind it; the table of the chart does the same by key', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    const plot = page.locator('.u-over').nth(1);
    const box = (await plot.boundingBox())!;
    await page.mouse.click(box.x + box.width * 0.8, box.y + 20);
    await page.getByRole('treegrid').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.getByRole('button', { name: 'Mark', exact: true }).last().press('Enter');
    await waitForSearch('sel', /^\d{13}-\d{13}$/);
    await page.getByRole('button', { name: 'Slowest trace' }).last().press('Enter');
    await page.getByRole('treegrid').waitFor();
  });

  test('a copied link to a search holds the time as it stands, not "the last hour"', async () => {
    await explorer.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${base}/?q=status=error&last=30m`);
    await rows().first().waitFor();
    await page.getByRole('button', { name: /^Copy a link to this view/ }).click();
    await page.getByText('Copied').waitFor({ state: 'attached' });
    const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
    expect(link.searchParams.get('q')).toBe('status=error');
    expect(link.searchParams.get('last')).toBeNull();
    expect(Date.parse(link.searchParams.get('to')!) - Date.parse(link.searchParams.get('from')!)).toBe(30 * 60_000);
  });

  test('Home and End go to the first and the last span, also when none is selected', async () => {
    await page.goto(`${base}/trace/${KNOWN.declined}`);
    await page.getByRole('treegrid').getByRole('row').first().waitFor();
    const current = () => page.locator('[role=row][aria-selected=true]').getAttribute('aria-rowindex');
    await page.keyboard.press('Home');
    await expect.poll(current).toBe('1');
    await page.keyboard.press('End');
    await expect.poll(current).toBe(await page.getByRole('treegrid').getAttribute('aria-rowcount'));
  });

  test('who opens a trace by key stands in its tree', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('treegrid').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treegrid');
  });

  test('a trace id that is none says so, and leads on', async () => {
    await page.goto(`${base}/trace/xyz`);
    await page.getByRole('button', { name: 'Search traces' }).click();
    await rows().first().waitFor();
  });

  test('keys lead from the list into a trace and back to the same row', async () => {
    await page.goto(`${base}/?q=status=error`);
    await rows().first().waitFor();
    await page.getByRole('grid').focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    const chosen = await page.locator('[role=row][aria-selected=true]').textContent();
    await page.keyboard.press('Enter');
    await page.getByRole('treegrid').waitFor();
    await page.goBack();
    await page.locator('[role=row][aria-selected=true]').waitFor();
    // Past the time, which goes on.
    expect((await page.locator('[role=row][aria-selected=true]').textContent())?.replace(/^.*?ago/, '')).toBe(
      chosen?.replace(/^.*?ago/, ''),
    );
  });

  test('followed live, newer traces come in on top, but not under the hand of a reader further down', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    const live = page.getByRole('button', { name: /^Live/ });
    const newest = () => rows().first().getByRole('link').getAttribute('href');
    const before = await newest();
    await live.click();
    await expect.poll(newest, { timeout: 15_000 }).not.toBe(before);
    await page.getByRole('grid').evaluate((element) => element.scrollTo(0, 800));
    await expect.poll(() => live.textContent()).toBe('Live, waiting');
    await page.getByRole('grid').evaluate((element) => element.scrollTo(0, 0));
    await expect.poll(() => live.textContent()).toBe('Live');
  });

  test('the way back above a trace leads to the search as it was left', async () => {
    await page.goto(`${base}/?q=service=shop-api&last=30m&sort=slowest`);
    await rows().first().click();
    await page.getByRole('treegrid').waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Traces', exact: true }).click();
    await waitForSearch('q', /^service=shop-api$/);
    await waitForSearch('sort', /slowest/);
    await waitForSearch('last', /30m/);
  });

  test('the list goes on as it is scrolled', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    await page.getByRole('grid').evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect
      .poll(async () => Number.parseInt((await page.getByRole('heading', { name: /traces/ }).textContent())!, 10))
      .toBeGreaterThan(100);
  });

  test('the address is the trace view: selection, search, zoom and closed rows survive a reload', async () => {
    await page.goto(`${base}/trace/${KNOWN.declined}`);
    await spanRow('process_payment').click();
    await waitForSearch('span', /^[0-9a-f]{16}$/);
    await page.getByText('PaymentDeclined').first().waitFor();
    await page.keyboard.press('Shift+F');
    await waitForSearch('zoom', /^\d+-\d+$/);
    await page.keyboard.press('/');
    await page.keyboard.type('db.system.name=postgresql');
    await waitForSearch('find', /postgresql/);
    await page.getByRole('status').filter({ hasText: '2' }).waitFor();
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.locator('[role=row][aria-selected=true]').textContent())
      .toContain('SELECT shop.carts');
    await page.getByRole('button', { name: 'only' }).click();
    await waitForSearch('only', /1/);
    const shown = await page.getByRole('treegrid').getByRole('row').allTextContents();
    expect(shown.some((row) => row.includes('score risk'))).toBe(false);
    const before = page.url();
    await page.reload();
    await page.locator('[role=row][aria-selected=true]').waitFor();
    expect(page.url()).toBe(before);
    expect(await page.getByRole('treegrid').getByRole('row').allTextContents()).toEqual(shown);
  });

  test('a tree is walked, closed and opened by keys', async () => {
    await page.goto(`${base}/trace/${KNOWN.declined}`);
    await page.getByRole('treegrid').getByRole('row').first().waitFor();
    const count = await page.getByRole('treegrid').getByRole('row').count();
    await page.keyboard.press('f');
    await page.keyboard.press('.');
    await expect.poll(() => page.locator('[role=row][aria-selected=true]').textContent()).toContain('checkout.process');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.getByRole('treegrid').getByRole('row').count()).toBe(2);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.getByRole('treegrid').getByRole('row').count()).toBe(count);
    await page.keyboard.press('[');
    await expect.poll(() => page.getByRole('treegrid').getByRole('row').count()).toBe(2);
    await waitForSearch('closed', /./);
    await page.keyboard.press(']');
    await expect.poll(() => page.getByRole('treegrid').getByRole('row').count()).toBe(count);
    await page.keyboard.press('e');
    await expect.poll(() => page.locator('[role=row][aria-selected=true]').textContent()).toContain('POST bank-north');
    await page.keyboard.press('Escape');
    await waitForSearch('span', null);
  });

  test('many equal children are one row with their spread, and open on demand', async () => {
    await page.goto(`${base}/trace/${KNOWN.folded}`);
    await spanRow('×').click();
    await page.getByRole('heading', { name: /× UPDATE shop\.products/ }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: /× UPDATE shop\.products/ }).waitFor();
    await spanRow('×').getByRole('button', { name: /^Open/ }).click();
    await waitForSearch('open', /^(\*|[0-9a-f]{16})/);
    expect(await page.getByRole('treegrid').getAttribute('aria-rowcount').then(Number)).toBeGreaterThan(100);
  });

  test('damage is said: a missing parent and a clock that was wrong', async () => {
    await page.goto(`${base}/trace/${KNOWN.damaged}`);
    await spanRow('audit.write').getByText('parent missing').waitFor();
    await page.goto(`${base}/trace/${KNOWN.skewed}`);
    await page.getByText(/stock clock moved \+34\d ms/).waitFor();
  });

  test('a trace that is still arriving grows by itself, and what is selected stays', async () => {
    const address = await explorer.startServer();
    await page.goto(`${address}/trace/${KNOWN.growing}`);
    await spanRow('lock shelf').click();
    expect(await page.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('12');
    await page.request.post(`${address}/fixture/grow`);
    await expect.poll(() => page.getByRole('treegrid').getAttribute('aria-rowcount'), { timeout: 10_000 }).toBe('25');
    expect(await page.locator('[role=row][aria-selected=true]').textContent()).toContain('lock shelf');
    await page.getByText('stock.lock.waiters', { exact: true }).waitFor();
  });

  test('a marked area is summed', async () => {
    await page.goto(`${base}/trace/${KNOWN.slow}`);
    await spanRow('lock shelf').waitFor();
    const box = (await page.getByRole('treegrid').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 220, { steps: 4 });
    await page.mouse.up();
    await waitForSearch('area', /^\d+-\d+-2-9$/);
    await page.getByText('Marked area').waitFor();
    await page.getByText('own time in it').waitFor();
    await page.keyboard.press('Escape');
    await waitForSearch('area', null);
  });

  test('a value in a span leads to the search for it', async () => {
    await page.goto(`${base}/trace/${KNOWN.declined}`);
    await spanRow('process_payment').click();
    await page.getByText('method', { exact: true }).hover();
    await page.getByRole('button', { name: 'Search for payment.method = card' }).click();
    await waitForSearch('q', /^payment\.method=card$/);
    await rows().first().waitFor();
  });

  test('a trace that is not kept says so', async () => {
    await page.goto(`${base}/trace/${'0'.repeat(31)}1`);
    await page.getByRole('heading', { name: 'This trace is not here' }).waitFor();
  });

  test('an empty collector shows what to paste with its own address, and turns into data by itself', async () => {
    const empty = await explorer.startServer({ empty: true });
    await page.goto(empty);
    await page.getByRole('heading', { name: 'Send the first span' }).waitFor();
    await page.getByText('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318').waitFor();
    await page.getByRole('tab', { name: 'Browser' }).click();
    await page.getByText("endpoint: 'http://127.0.0.1:4318'").waitFor();
    await page.request.post(`${empty}/fixture/fill`);
    await rows().first().waitFor();
  });

  test('while the collector is away the old rows stay, and it says what to do', async () => {
    const address = await explorer.startServer();
    await page.goto(address);
    await rows().first().waitFor();
    await page.request.post(`${address}/fixture/away?for=4000`);
    await page.keyboard.press('r');
    const banner = page.getByRole('alert').filter({ hasText: 'does not answer' });
    await banner.waitFor({ timeout: 15_000 });
    expect(await rows().count()).toBeGreaterThan(5);
    await banner.waitFor({ state: 'detached', timeout: 20_000 });
  });

  test('a trace that could not be read is read by itself once the collector is back', async () => {
    const address = await explorer.startServer();
    await page.goto(address);
    await rows().first().waitFor();
    await page.request.post(`${address}/fixture/away?for=3000`);
    await rows().first().click();
    await page.getByRole('heading', { name: 'The collector does not answer.' }).waitFor();
    await page.getByRole('treegrid').waitFor({ timeout: 20_000 });
  });

  test('the palette opens a trace by its id, and the sheet shows the keys of the view', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Search commands/ }).fill(KNOWN.slow);
    await page.keyboard.press('Enter');
    await page.getByRole('treegrid').waitFor();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keys' });
    await sheet.getByText('Critical path on or off').waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  test.each(['dark', 'light'] as const)('nothing for axe to complain about, %s', async (theme) => {
    for (const path of ['/?q=status=error', `/trace/${KNOWN.declined}?span=`, `/trace/${KNOWN.damaged}`, '/connect']) {
      await page.goto(base + path);
      await page.locator('[role=row], [role=tab]').first().waitFor();
      if (path.includes('declined') || path.includes(KNOWN.declined)) await spanRow('process_payment').click();
      const found = await faultsFor(page, theme, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
      expect(found, path).toEqual([]);
    }
  });

  test('fifty thousand spans: first paint and scrolling', async () => {
    await page.goto(base);
    await rows().first().waitFor();
    await page.waitForTimeout(2_500); // The worker and the view are fetched when the page is idle, as for a reader.
    const paint = await openByAddress(page, KNOWN.big);
    await page.getByRole('button', { name: 'Open all' }).click();
    await expect
      .poll(() => page.getByRole('treegrid').getAttribute('aria-rowcount').then(Number))
      .toBeGreaterThan(50_000);
    const frames = await page.getByRole('treegrid').evaluate(scrollFrames);
    console.log(
      `50,000 spans: first paint ${paint.toFixed(0)} ms after the click; scrolling: median frame ${frames.median.toFixed(1)} ms, worst ${frames.worst.toFixed(1)} ms`,
    );
    // Far from what is printed: what this finds is a page that lays out or paints every row, not a slow machine.
    expect(paint).toBeLessThan(20_000);
    expect(frames.median).toBeLessThan(250);

    await page.goto(base);
    await rows().first().waitFor();
    await page.waitForTimeout(2_500);
    const small = await openByAddress(page, KNOWN.slow);
    console.log(`25 spans: first paint ${small.toFixed(0)} ms after the click`);
    expect(small).toBeLessThan(20_000);
  });
});

/** Opens a trace from within the page, as a click on a row does; resolves to the milliseconds until its rows are painted. */
async function openByAddress(page: Page, traceId: string): Promise<number> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /Search commands/ }).fill(traceId);
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const start = performance.now();
        const look = (): void => {
          if (document.querySelector('[role=treegrid] [role=row]') === null) requestAnimationFrame(look);
          else requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
        };
        document
          .querySelector('[role=dialog] input')
          ?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
        look();
      }),
  );
}

function scrollFrames(element: HTMLElement | SVGElement): Promise<{ median: number; worst: number }> {
  return new Promise((resolve) => {
    const times: number[] = [];
    let before = performance.now();
    const step = (): void => {
      const now = performance.now();
      times.push(now - before);
      before = now;
      element.scrollTop += 400;
      if (times.length < 90) requestAnimationFrame(step);
      else {
        const sorted = times.slice(1).sort((a, b) => a - b);
        resolve({ median: sorted[sorted.length >> 1]!, worst: sorted[sorted.length - 1]! });
      }
    };
    requestAnimationFrame(step);
  });
}
