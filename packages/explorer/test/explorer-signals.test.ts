import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { KNOWN } from '../dev/fixtures/server.js';
import { examinePage } from './examine-page.js';
import { CHROMIUM, useExplorerPage } from './explorer-page.js';

/* Logs and metrics in the built page, in a real browser, over the API of the fixture server. */

describe.skipIf(!existsSync(CHROMIUM))(`logs and metrics in Chromium (needs ${CHROMIUM})`, { timeout: 90_000 }, () => {
  const explorer = useExplorerPage({ traces: 60, spansOfBig: 100 });
  let page: Page;
  let base: string;
  beforeEach(() => {
    ({ page, base } = explorer);
  });

  const examine = (name: string) => examinePage(page, name);
  const records = () => page.getByRole('list', { name: 'Log records' }).getByRole('listitem');
  const search = () => new URL(page.url()).searchParams;

  test('log records are listed, filtered by severity and text, unfolded, and lead to their trace [S7]', async () => {
    await page.goto(base);
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Logs' }).click();
    await records().first().waitFor();
    await page.getByLabel('Severity').selectOption('error');
    await expect.poll(() => search().get('severity')).toBe('error');
    await expect
      .poll(async () => new Set(await records().locator('time + span').allTextContents()))
      .toEqual(new Set(['ERROR']));
    await page.getByLabel('Filter log records').fill('DECLINED');
    await page.keyboard.press('Enter');
    await expect.poll(() => search().get('q')).toBe('DECLINED');
    const declined = records().filter({ hasText: 'declined' }).first();
    await declined.getByRole('button').first().click();
    await declined.getByText('operation.failed').waitFor();
    await declined.getByRole('region', { name: 'Attributes' }).waitFor();
    await examine('logs');
    // The address is the state: the same is open after a reload.
    await page.reload();
    await page.getByText('operation.failed').waitFor();
    await page.getByRole('link', { name: /^Open its trace/ }).click();
    await page.getByRole('treegrid').waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/trace\/[0-9a-f]{32}$/);
    expect(search().get('span')).toMatch(/^[0-9a-f]{16}$/);
  });

  test('a span shows the log records it wrote, and they stand in the waterfall [S7]', async () => {
    await page.goto(`${base}/trace/${KNOWN.declined}`);
    const failed = page.getByRole('treegrid').getByRole('row').filter({ hasText: 'POST /api/orders' }).first();
    await failed.waitFor();
    await failed.click();
    const panel = page.getByRole('complementary', { name: 'Details' });
    await panel.getByText(/^Logs/).waitFor();
    await panel.getByText('begins').first().waitFor();
    await examine('trace-logs');
    await panel.getByRole('link', { name: 'Show in the list of logs' }).click();
    await expect.poll(() => search().get('trace')).toBe(KNOWN.declined);
    await records().first().waitFor();
    expect(await records().count()).toBeGreaterThan(0);
  });

  test('metrics are listed with their newest value and a chart each, one opens larger and as a table [F12]', async () => {
    await page.goto(`${base}/metrics`);
    const metrics = page.getByRole('list', { name: 'Metrics' }).getByRole('listitem');
    await metrics.filter({ hasText: 'process.memory.usage' }).locator('canvas').waitFor();
    await expect.poll(() => metrics.count()).toBe(5);
    expect(await metrics.filter({ hasText: 'orders.placed' }).textContent()).toContain('counter');
    const duration = metrics.filter({ hasText: 'http.server.request.duration' });
    expect(await duration.textContent()).toMatch(/histogram, s, 12 series.*\d ms.*mean of 40/);
    await duration.getByRole('button').first().click();
    await expect.poll(() => search().get('open')).toBe('histogram:http.server.request.duration');
    await expect.poll(() => duration.locator('canvas').count()).toBe(2);
    await examine('metrics');
    await duration.getByRole('button', { name: 'Show as a table' }).click();
    await duration.getByRole('table').waitFor();
    expect(await duration.getByRole('columnheader').allTextContents()).toEqual(['From', 'payment', 'shop-api']);
    await page.getByLabel('Name').fill('queue');
    await page.keyboard.press('Enter');
    await expect.poll(() => metrics.count()).toBe(1);
  });

  test('a metric is charted by a function and groups, beside the period before, and the link keeps it; a measurement opens its trace [F12 S7]', async () => {
    await page.goto(`${base}/metrics?open=histogram:http.server.request.duration`);
    const metric = page
      .getByRole('list', { name: 'Metrics' })
      .getByRole('listitem')
      .filter({ hasText: 'http.server.request.duration' });
    const chart = metric.getByRole('img', { name: /duration, / });
    await expect.poll(() => chart.getAttribute('aria-label')).toMatch(/p95: payment last \d+(\.\d)? ms, shop-api last/);
    await metric.getByLabel('Function').selectOption('rate');
    await expect.poll(() => search().get('fn')).toBe('rate');
    await expect.poll(() => chart.getAttribute('aria-label')).toMatch(/rate a second: .*\/s/);
    await metric.getByLabel('Group by another attribute').selectOption('http.route');
    await metric.getByRole('button', { name: 'service.name ×' }).click();
    await expect.poll(() => search().get('by')).toBe('http.route');
    await expect.poll(() => chart.getAttribute('aria-label')).toMatch(/http\.route 1 last/);
    await metric.getByRole('button', { name: 'Period before' }).click();
    await metric.getByText('dashed: the period before').waitFor();
    await metric.getByLabel('Function').selectOption('p99');
    await examine('metric-explorer');
    await page.reload();
    await expect.poll(() => chart.getAttribute('aria-label')).toMatch(/p99: http\.route 1 last/);
    await metric
      .getByRole('button', { name: /^Open the trace/ })
      .or(metric.locator('p', { hasText: 'Measured in traces' }).getByRole('button'))
      .first()
      .click();
    await page.getByRole('treegrid').waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/trace\/[0-9a-f]{32}$/);
  });

  test('the page of a service shows rate, errors, duration, its errors and operations, runtime metrics and versions [F12 S7]', async () => {
    await page.goto(base);
    await page.getByRole('button', { name: /^shop-payment/ }).click();
    await page.getByRole('link', { name: 'Rate, errors, duration of shop-payment' }).click();
    await page.getByRole('heading', { name: 'shop-payment' }).waitFor();
    for (const title of ['Requests a second', 'Failed', 'Duration, p50 and p95']) {
      const plot = page.getByRole('region', { name: title }).getByRole('img');
      await expect.poll(() => plot.getAttribute('aria-label')).toMatch(/last .*; first seen: 2\.4\.1$/);
    }
    const numbers = page.getByLabel('In this time');
    const red = (await (
      await fetch(
        `${base}/api/v1/red?service=shop-payment&start=${Date.now() - 3_600_000}000000&end=${Date.now()}000000&step=60000ms`,
      )
    ).json()) as { count: number[] };
    expect(red.count.length).toBeGreaterThan(0);
    await expect.poll(() => numbers.textContent()).toMatch(/requests\d.*a second.*failed.*p50/);
    const failures = page.getByRole('region', { name: 'Errors' }).getByRole('listitem');
    await failures.first().waitFor();
    await page.getByRole('region', { name: 'Runtime' }).getByRole('link', { name: 'process.memory.usage' }).waitFor();
    await page.getByRole('button', { name: 'Period before' }).click();
    await expect.poll(() => search().get('compare')).toBe('1');
    await examine('service');
    await failures.first().getByRole('link').click();
    await page.getByRole('treegrid').waitFor();
    expect(search().get('span')).toMatch(/^[0-9a-f]{16}$/);
  });

  test('without any log record or metric the views say what to paste, and turn into data by themselves', async () => {
    const empty = await explorer.startServer({ empty: true });
    await page.goto(`${empty}/metrics`);
    await page.getByRole('heading', { name: 'Send the first metric' }).waitFor();
    await page.goto(`${empty}/logs`);
    await page.getByRole('heading', { name: 'Send the first log record' }).waitFor();
    await page.getByText('curl http://127.0.0.1:4318/v1/logs').waitFor();
    await examine('logs-empty');
    await fetch(`${empty}/fixture/fill`, { method: 'POST' });
    await records().first().waitFor();
  });

  test('the time range stays with the view it was chosen in', async () => {
    await page.goto(`${base}/logs?severity=warn`);
    await records().first().waitFor();
    await page.getByRole('button', { name: /Last hour/ }).click();
    await page.getByRole('button', { name: 'Last 15 minutes' }).click();
    await expect.poll(() => search().get('last')).toBe('15m');
    expect(new URL(page.url()).pathname).toBe('/logs');
    expect(search().get('severity')).toBe('warn');
  });
});
