import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../collector/test/open-test-store.js';
import { plantLogs } from '../../collector/test/plant-signals.js';
import { plantSpans, spanIdOf, traceIdOf } from '../../collector/test/plant-spans.js';
import { type ServedApi, serveApi } from '../../collector/test/serve-api.js';
import { examinePage, shoot } from './examine-page.js';
import { CHROMIUM, useExplorerPage } from './explorer-page.js';

/* Logs and SQL in the built page, in a real browser, over a real collector's API and engine. */

const MINUTE = 60_000_000_000n;

describe.skipIf(!existsSync(CHROMIUM))(`logs and SQL in Chromium (needs ${CHROMIUM})`, { timeout: 120_000 }, () => {
  const explorer = useExplorerPage({ traces: 1, spansOfBig: 10 });
  let opened: TestStore;
  let api: ServedApi;
  let page: Page;
  const nowNano = BigInt(Date.now()) * 1_000_000n;

  beforeAll(async () => {
    opened = await openTestStore();
    const records = Array.from({ length: 3_000 }, (_, index) => {
      const isError = index % 50 === 7;
      return {
        timeUnixNano: nowNano - 40n * MINUTE + BigInt(index) * 500_000_000n,
        severityNumber: isError ? 17 : index % 10 === 3 ? 13 : 9,
        severityText: isError ? 'ERROR' : index % 10 === 3 ? 'WARN' : 'INFO',
        body: {
          stringValue: isError
            ? `Payment of order ${index} declined by "bank ${index}" after ${index} ms`
            : `Order ${index} taken in ${index % 90} ms`,
        },
        attributes: [{ key: 'attempt', value: { intValue: BigInt(index % 3) } }],
        ...(isError
          ? { traceId: Buffer.from(traceIdOf(1), 'hex'), spanId: Buffer.from(spanIdOf(1), 'hex'), flags: 1 }
          : {}),
      };
    });
    await plantLogs(opened.store, 'shop', records);
    await plantSpans(opened.store, [
      {
        traceId: traceIdOf(1),
        spanId: spanIdOf(1),
        service: 'shop',
        name: 'POST /pay',
        atNano: nowNano - 40n * MINUTE,
        durationNano: 30n * MINUTE,
      },
    ]);
    api = await serveApi({ store: opened.store, explorerDir: explorer.site });
  }, 120_000);
  afterAll(async () => {
    await api?.close();
    await opened?.close();
  });
  beforeEach(() => {
    ({ page } = explorer);
  });

  const examine = (name: string) => examinePage(page, name);
  const search = () => new URL(page.url()).searchParams;
  const rows = (label: string) => page.getByRole('list', { name: label, exact: true }).getByRole('listitem');

  test('log records are filtered by words, or, not and attributes; a mistake is said where it stands [S7]', async () => {
    await page.goto(`${api.origin}/logs`);
    await rows('Log records').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('declined (attempt=1 or attempt=2) -"order 107"');
    await page.keyboard.press('Enter');
    await expect.poll(() => search().get('q')).toBe('declined (attempt=1 or attempt=2) -"order 107"');
    await rows('Log records').filter({ hasText: 'Payment' }).first().waitFor();
    const chart = page.getByRole('region', { name: 'Log records over time' });
    await expect.poll(() => chart.textContent()).toMatch(/^39 records39 errors/);
    await examine('logs-filter');
    await page.getByLabel('Filter log records').fill('declined (');
    await page.getByText('A clause is missing here').waitFor();
    await page.keyboard.press('Enter');
    expect(search().get('q')).toContain('order 107');
    await page.keyboard.press('Escape');
    await page.getByRole('list', { name: 'Log records' }).getByRole('button').first().click();
    await page.getByRole('link', { name: /^Open its trace/ }).click();
    await page.getByRole('treegrid').waitFor();
    expect(new URL(page.url()).pathname).toBe(`/trace/${traceIdOf(1)}`);
  });

  test('a part of the chart is marked by dragging, and by key in its table; the list is of that part [S7]', async () => {
    await page.goto(`${api.origin}/logs`);
    await rows('Log records').first().waitFor();
    const chart = page.getByRole('region', { name: 'Log records over time' });
    const box = (await chart.getByRole('img').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.45, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.55, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => search().get('sel')).toMatch(/^\d+-\d+$/);
    const [from, to] = search().get('sel')!.split('-').map(Number) as [number, number];
    expect((to - from) / 60_000).toBeCloseTo(6, 0);
    await shoot(page, 'logs-marked');
    await chart.getByRole('button', { name: /×$/ }).click();
    await expect.poll(() => search().get('sel')).toBeNull();
    await chart.getByRole('button', { name: 'Show as a table' }).click();
    await chart.getByRole('button', { name: 'Mark' }).first().press('Enter');
    await expect.poll(() => search().get('sel')).not.toBeNull();
  });

  test('thousands of records are scrolled to the first one with some dozens of rows in the page', async () => {
    await page.goto(`${api.origin}/logs?service=shop`);
    const list = page.getByRole('list', { name: 'Log records', exact: true });
    await list.getByRole('listitem').first().waitFor();
    const toEnd = () =>
      list.evaluate((element) => {
        const scroller = element.parentElement!;
        scroller.scrollTop = scroller.scrollHeight;
        return Math.round(element.getBoundingClientRect().height / 24);
      });
    await expect.poll(toEnd, { timeout: 60_000, interval: 100 }).toBe(3_000);
    await list.getByText('Order 0 taken in 0 ms', { exact: true }).waitFor();
    expect(await list.getByRole('listitem').count()).toBeLessThan(80);
  });

  test('patterns fold similar records; one click shows those of a pattern or leaves them out [S7]', async () => {
    await page.goto(`${api.origin}/logs`);
    await page.getByRole('button', { name: 'Patterns' }).click();
    const patterns = rows('Patterns of log records');
    await expect.poll(() => patterns.count()).toBe(2);
    expect(await patterns.first().textContent()).toMatch(/^2,940.*Order <n> taken in <n> ms/);
    expect(await patterns.nth(1).textContent()).toContain('Payment of order <n> declined by <text> after <n> ms');
    await examine('logs-patterns');
    await patterns
      .nth(1)
      .getByRole('button', { name: /^Show the records/ })
      .click();
    await rows('Log records').filter({ hasText: 'Payment' }).first().waitFor();
    const chart = page.getByRole('region', { name: 'Log records over time' });
    await expect.poll(() => chart.textContent()).toMatch(/^60 records/);
  });

  test('a live tail shows what is stored, holds it while it is paused, and then shows it, each record once [S7]', async () => {
    await page.goto(`${api.origin}/logs?service=tailed&show=tail`);
    await page.getByRole('heading', { name: 'No record matches so far' }).waitFor();
    const tail = rows('Log records, as they are stored');
    const plant = (name: string, count: number) =>
      plantLogs(
        opened.store,
        'tailed',
        Array.from({ length: count }, (_, index) => ({
          timeUnixNano: nowNano + BigInt(index),
          body: { stringValue: `${name} ${index}` },
        })),
      );
    await plant('first', 3);
    await expect.poll(() => tail.count()).toBe(3);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await plant('held', 2);
    await page.getByText('Paused, 2 more have come').waitFor();
    expect(await tail.count()).toBe(3);
    await examine('logs-tail');
    await page.getByRole('button', { name: 'Go on' }).click();
    await expect.poll(() => tail.count()).toBe(5);
    // The collector is away for a moment: nothing is lost, nothing comes twice.
    await page.route('**/api/v1/logs/tail*', (route) => route.abort());
    await plant('meanwhile', 2);
    await page
      .getByText(/does not answer/)
      .first()
      .waitFor();
    await page.unroute('**/api/v1/logs/tail*');
    await expect.poll(() => tail.count()).toBe(7);
    expect(await tail.locator('button > span:last-child').allTextContents()).toEqual([
      'meanwhile 1',
      'meanwhile 0',
      'held 1',
      'held 0',
      'first 2',
      'first 1',
      'first 0',
    ]);
  });

  test('a statement is completed, run, shown as table and chart, copied, and shared by its link [S7]', async () => {
    await explorer.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: api.origin });
    await page.goto(`${api.origin}/`);
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'SQL' }).click();
    const editor = page.getByLabel('SQL statement');
    await editor.fill('');
    await editor.pressSequentially('SELECT Sev');
    await page
      .getByRole('option', { name: /SeverityText|SeverityNumber/ })
      .first()
      .waitFor();
    await shoot(page, 'sql-completion');
    await editor.fill(
      'SELECT toStartOfMinute(Timestamp) AS minute, SeverityText, count() AS records FROM otel_logs GROUP BY minute, SeverityText ORDER BY minute, SeverityText',
    );
    await page.keyboard.press('Control+Enter');
    const result = page.getByRole('region', { name: 'Result' });
    await result.getByRole('columnheader', { name: 'minute' }).waitFor();
    expect(await result.getByRole('columnheader').allTextContents()).toEqual(['minute', 'SeverityText', 'records']);
    await examine('sql-table');
    await page.getByRole('button', { name: 'Copy the result as CSV' }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/^minute,SeverityText,records\r\n\d{4}-/);
    await page.getByRole('button', { name: 'Chart' }).click();
    await page.getByRole('img', { name: /INFO/ }).locator('canvas').waitFor();
    await examine('sql-chart');
    // The link shows the same.
    await page.goto(page.url());
    await page.getByRole('img', { name: /INFO/ }).locator('canvas').waitFor();
    expect(await page.getByLabel('SQL statement').inputValue()).toContain('toStartOfMinute');
    expect(await page.getByLabel('Earlier statements').locator('option').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('toStartOfMinute')]),
    );
    await page.getByLabel('SQL statement').fill("SELECT * FROM file('/etc/passwd')");
    await page.keyboard.press('Control+Enter');
    await page.getByText('There is no function file that may be used here.').waitFor();
    await examine('sql-refused');
  });

  test('a statement that takes long says how far it is, and can be stopped', async () => {
    await page.goto(
      `${api.origin}/sql?q=${encodeURIComponent('SELECT sum(sipHash64(number)) FROM numbers(100000000000)')}`,
    );
    await page.getByText(/rows read, .* of memory/).waitFor();
    await shoot(page, 'sql-running');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: /^Run/ }).waitFor();
    await expect
      .poll(
        async () =>
          (
            await opened.store.query<{ n: string }>(
              "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%system.processes%'",
            )
          ).rows[0]?.n,
        { timeout: 20_000 },
      )
      .toBe('0');
  });
});
