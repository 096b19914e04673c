import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  MetricExemplarsAnswer,
  MetricsAnswer,
  SpanDetail,
  TraceAnswer,
  TraceLogsAnswer,
  TracesAnswer,
} from '../../../packages/collector/src/shapes/api.js';
import { hasWorkerd } from '../../../packages/sdk/test/cloudflare/support/workerd.js';
import { pathOnMachine } from '../../../packages/testkit/src/on-this-machine.js';
import { processBelow } from './process-below.js';
import { askServiceBySql, readServicePage } from './service-page.js';

/*
 * The first promise of the README, as a newcomer meets it: `npm start`, a person buys something in a real browser, and the
 * explorer in the same browser shows what happened from the click to the rows.
 */

const root = fileURLToPath(new URL('../../../', import.meta.url));
const POLL = { timeout: 30_000, interval: 10 };
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const flags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

describe.skipIf(!existsSync(executablePath))('npm start and a person who buys (needs Chromium)', () => {
  let started: ChildProcess;
  let browser: Browser;
  let dataDir: string;
  let shopUrl: string;
  let explorerUrl: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'throughline-story-'));
    // As root, PostgreSQL runs as another user, who has to get there.
    chmodSync(dataDir, 0o755);
    const anyPorts = ['--otlp-http-port', '0', '--otlp-grpc-port', '0', '--explorer-port', '0'];
    started = spawn(
      process.execPath,
      [join(root, 'tools/start.mjs'), '--data', dataDir, '--port', '0', '--', ...anyPorts],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said = await saysUntil(started, /Ctrl-C stops both/);
    shopUrl = said.match(/shop\s+(http:\S+)/)![1]!;
    explorerUrl = said.match(/explorer\s+(http:\S+)/)![1]!;
    browser = await chromium.launch({ executablePath, args: flags.split(' ') });
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    if (started?.exitCode === null) {
      const ended = new Promise((resolve) => started.once('exit', resolve));
      started.kill('SIGTERM');
      await ended;
    }
    if (dataDir) rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  /** What the explorer's own API says of a trace, once `ready` or after `withinMs`. */
  async function traceWithin(traceId: string, withinMs: number, ready: (spans: readonly SpanDetail[]) => boolean) {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const answer = await fetch(new URL(`api/v1/traces/${traceId}`, `${explorerUrl}/`));
      const trace = answer.ok ? ((await answer.json()) as TraceAnswer) : undefined;
      if ((trace && ready(trace.spans)) || Date.now() > deadline) return trace;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function buy(productId: string) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(shopUrl);
    await page.locator(`#add-${productId}`).click();
    await page.locator('#open-cart', { hasText: '1' }).click();
    await page.locator('#buy').click();
    const traceId = await page.locator('#trace-id').innerText();
    return { context, page, traceId };
  }

  test('until somebody is in the shop the explorer’s empty page holds the tour [B13]', async () => {
    const context = await browser.newContext();
    const explorer = await context.newPage();
    await explorer.goto(explorerUrl);
    await explorer.getByRole('heading', { name: 'Send the first span' }).waitFor();
    const tour = explorer.getByRole('region', { name: 'Tour' });
    await tour.getByText('Waiting for the first purchase.').waitFor();
    // How each neighbour comes about that is not there.
    for (const how of ['apt-get install mosquitto', 'cargo run -p people']) await tour.getByText(how).first().waitFor();
    await context.close();
  });

  test('one trace from the click over two services to the rows, within three seconds [B5 B6 B13 F6 F9 F19 S2 W1]', async () => {
    const { context, traceId } = await buy('mug');
    const trace = await traceWithin(
      traceId,
      3_000,
      (spans) => named(spans, 'click').length === 1 && sqlOf(spans).some(isCommit) && spans.every(hasParentIn(spans)),
    );
    const spans = trace!.spans;
    const service = (span: SpanDetail) => trace!.resources[span.resource]!.service;
    const parentOf = (span: SpanDetail) => spans.find((one) => one.spanId === span.parentSpanId);
    const ancestors = (span: SpanDetail): string[] => {
      const parent = parentOf(span);
      return parent ? [`${service(parent)} ${parent.name}`, ...ancestors(parent)] : [];
    };

    // Every parent is there, and one span has none: the click.
    expect(spans.filter((span) => !parentOf(span)).map((span) => span.name)).toEqual(['click #buy']);
    const before = hasWorkerd ? ['shop-edge'] : [];
    expect(new Set(spans.map(service))).toEqual(new Set(['shop-page', ...before, 'shop-api', 'shop-payment']));
    if (hasWorkerd) {
      // Each request of the page goes through the Worker: its own span is between, and another for what it asks the API.
      const served = spans.filter((span) => service(span) === 'shop-api' && parentOf(span)?.kind === 'client');
      const ways = served.map((span) => ancestors(span).slice(0, 3).join(' < '));
      expect(ways.sort()).toEqual([
        'shop-edge GET < shop-edge GET /api/carts/:id < shop-page GET',
        'shop-edge POST < shop-edge POST /api/carts/:id/checkout < shop-page POST',
      ]);
    }

    const paid = spans.find((span) => service(span) === 'shop-payment' && span.kind === 'server')!;
    const above = ancestors(paid);
    expect(above.map((name) => name.split(' ')[0])).toEqual(expect.arrayContaining(['shop-api', 'shop-page']));
    for (const step of ['shop-api process_payment', 'shop-api checkout.process', 'shop-page click #buy'])
      expect(above).toContain(step);
    expect(above.indexOf('shop-api process_payment')).toBeLessThan(above.indexOf('shop-api checkout.process'));

    for (const text of ['INSERT INTO shop.orders', 'INSERT INTO shop.order_lines', 'COMMIT']) {
      const statement = sqlOf(spans).find((span) => String(span.attributes['db.query.text']).startsWith(text));
      expect(statement, text).toBeDefined();
      const chain = ancestors(statement!);
      expect(chain).toContain('shop-api create_order');
      expect(chain.at(-1)).toBe('shop-page click #buy');
    }

    // The order is scored in a thread of the API, and the answer comes back from there.
    const scored = spans.find((span) => span.name === 'score_order')!;
    expect(ancestors(scored).slice(0, 4)).toEqual([
      'shop-api process risk',
      'shop-api send risk',
      'shop-api assess_risk',
      'shop-api checkout.process',
    ]);
    expect(scored.attributes['thread.id']).toBeGreaterThan(0);

    // The module that prices a cart says so itself, in the API and, the same file, in the page.
    for (const host of ['shop-api', 'shop-page']) {
      for (const step of ['quantity_discount', 'tax']) {
        const ways = spans.filter((one) => one.name === step && service(one) === host).map(ancestors);
        const way = [`${host} priceCart`, `${host} validate_cart`, `${host} checkout.process`];
        expect(
          ways.map((names) => names.slice(0, 3)),
          `${host} ${step}`,
        ).toContainEqual(way);
      }
    }

    // Clocks in order: nothing on this machine begins before what caused it.
    for (const span of spans) {
      const parent = parentOf(span);
      if (parent) expect(BigInt(span.startUnixNano) + 1_000_000n).toBeGreaterThan(BigInt(parent.startUnixNano));
    }

    // And the page shows it, in the same browser.
    const explorer = await context.newPage();
    // Rows below the edge of the window are not drawn.
    await explorer.setViewportSize({ width: 1440, height: 2400 });
    await explorer.goto(new URL(`trace/${traceId}`, `${explorerUrl}/`).href);
    for (const name of ['click #buy', 'checkout.process', 'process_payment', 'create_order'])
      await explorer.getByText(name, { exact: false }).first().waitFor();
    await context.close();
  });

  test('the tour in the explorer fills in: a purchase has passed every wall of the shop [B13 W1 W2 F6]', async () => {
    const { context, traceId } = await buy('mug');
    const explorer = await context.newPage();
    await explorer.goto(new URL('tour', `${explorerUrl}/`).href);
    // An earlier purchase may be shown until this one has arrived.
    const thread = explorer.locator(`a[href*="${traceId}"]`, { hasText: 'A worker thread' });
    await thread.waitFor();
    await explorer.getByText(`${hasWorkerd ? 7 : 6} of 7 in`).waitFor();
    await thread.click();
    await explorer.waitForURL((url) => url.pathname === `/trace/${traceId}` && url.searchParams.has('span'));
    await explorer.getByText('thread', { exact: false }).first().waitFor();
    await context.close();
  });

  test.skipIf(!pathOnMachine('mosquitto'))(
    'the sensor station stands beside the tour, and the desktop program with how to start it (needs mosquitto) [B13 S10 S11]',
    async () => {
      const context = await browser.newContext();
      const explorer = await context.newPage();
      await explorer.goto(new URL('tour', `${explorerUrl}/`).href);
      const desktop = explorer.locator('li', { hasText: 'A desktop program' });
      await desktop.getByText('libwebkit2gtk-4.1-dev').waitFor();
      await desktop.getByText('cargo run -p people', { exact: true }).waitFor();
      await explorer.locator('li', { hasText: 'A sensor station' }).getByRole('link').click();
      await explorer.getByText('wake', { exact: true }).first().waitFor();
      await context.close();
      const { traces } = (await (
        await fetch(new URL(`api/v1/traces?q=${encodeURIComponent('service = "sensor-station"')}`, explorerUrl))
      ).json()) as TracesAnswer;
      const { spans } = (await (
        await fetch(new URL(`api/v1/traces/${traces[0]!.traceId}`, explorerUrl))
      ).json()) as TraceAnswer;
      const wake = spans.find(({ name }) => name === 'wake')!;
      const readings = spans.filter(({ name }) => name === 'reading');
      expect(readings.map(({ attributes }) => attributes['sensor.name']).sort()).toEqual([
        'humidity',
        'pressure',
        'temperature',
      ]);
      for (const { parentSpanId } of readings) expect(parentSpanId).toBe(wake.spanId);
    },
  );

  test.skipIf(!hasWorkerd)(
    'a product comes from the API, through the Worker before it, and the next time out of its cache (needs workerd) [W2 F9]',
    async () => {
      /** The trace of a look at the lamp, once the page's part of it has arrived: names by service, in order of their start. */
      async function look(complete: (spans: readonly SpanDetail[]) => boolean) {
        const context = await browser.newContext();
        const page = await context.newPage();
        await page.goto(shopUrl);
        const asked = page.waitForRequest((request) => request.url().endsWith('/api/products/lamp'));
        await page.locator('#view-lamp').click();
        const traceId = (await (await asked).allHeaders()).traceparent!.split('-')[1]!;
        await page.locator('.stock', { hasText: 'in the warehouse' }).waitFor();
        const trace = await traceWithin(
          traceId,
          10_000,
          (spans) => named(spans, 'product.view').length > 0 && complete(spans) && spans.every(hasParentIn(spans)),
        );
        await context.close();
        const service = (span: SpanDetail) => trace!.resources[span.resource]!.service;
        // A look while the page still loads belongs to its load, which is not what this is about.
        const request = trace!.spans.find((span) => span.name === 'GET /api/products/:id')!;
        const edge = trace!.spans.filter((span) => span === request || span.parentSpanId === request.spanId);
        const below = (span: SpanDetail): boolean => {
          const parent = trace!.spans.find(({ spanId }) => spanId === span.parentSpanId);
          return parent === request || (!!parent && below(parent));
        };
        const above = trace!.spans.find(({ spanId }) => spanId === request.parentSpanId)!;
        expect([service(above), above.kind]).toEqual(['shop-page', 'client']);
        expect(new Set(edge.map(service))).toEqual(new Set(['shop-edge']));
        const found = edge.find(({ name }) => name === 'get PRODUCTS')!;
        expect(found.attributes['cloudflare.kv.query.keys']).toBe('/api/products/lamp');
        return {
          edge: edge.map(({ name, kind }) => `${kind} ${name}`).sort(),
          found: found.attributes['cloudflare.kv.response.returned_rows'],
          asked: new Set(trace!.spans.filter(below).map(service)),
        };
      }

      const isOfLamp = ({ attributes }: SpanDetail) => attributes['cloudflare.kv.query.keys'] === '/api/products/lamp';
      const first = await look((spans) => named(spans, 'put PRODUCTS').some(isOfLamp) && sqlOf(spans).length > 0);
      expect(first).toEqual({
        edge: ['client GET', 'client get PRODUCTS', 'client put PRODUCTS', 'server GET /api/products/:id'],
        found: 0,
        asked: new Set(['shop-edge', 'shop-api']),
      });
      const second = await look((spans) => named(spans, 'GET /api/products/:id').length > 0);
      expect(second).toEqual({
        edge: ['client get PRODUCTS', 'server GET /api/products/:id'],
        found: 1,
        asked: new Set(['shop-edge']),
      });
    },
  );

  test('an order counts in the metrics of API and page, and each says it in a log record under its own span [S7 F12 F14]', async () => {
    const { context, traceId } = await buy('notebook');
    const whole = ['click', 'checkout.process', 'create_order'];
    const trace = (await traceWithin(traceId, 10_000, (spans) =>
      whole.every((name) => named(spans, name).length > 0),
    ))!;
    // Leaving is when a page sends its metrics.
    await context.close();
    const ask = async <Answer>(path: string) =>
      (await (await fetch(new URL(path, `${explorerUrl}/`))).json()) as Answer;

    const lines = async () => {
      const { records, resources } = await ask<TraceLogsAnswer>(`api/v1/traces/${traceId}/logs`);
      return records.map(({ resource, spanId, body, eventName }) => ({
        service: resources[resource]!.service,
        below: trace.spans.find((span) => span.spanId === spanId)?.name,
        eventName,
        body,
      }));
    };
    const arrive = { timeout: 30_000, interval: 200 };
    await expect.poll(lines, arrive).toEqual([
      {
        service: 'shop-api',
        below: 'checkout.process',
        eventName: 'shop.order.placed',
        body: 'Order of 1 line(s) over 12.50 EUR placed',
      },
      { service: 'shop-page', below: 'create_order', eventName: 'shop.receipt.shown', body: 'The receipt is shown' },
    ]);

    const kinds = {
      'shop.orders': 'sum',
      'shop.order.value': 'histogram',
      'shop.order.last_value': 'gauge',
      'shop.checkout.duration': 'histogram',
      'shop.cart.additions': 'sum',
    };
    await expect
      .poll(async () => {
        const { metrics } = await ask<MetricsAnswer>('api/v1/metrics?q=shop.');
        return Object.fromEntries(metrics.map(({ name, kind }) => [name, kind]));
      }, arrive)
      .toEqual(kinds);
  });

  test("the failing product's trace is found by status = error [B13 F8]", async () => {
    const { context, traceId } = await buy('gold-keyboard');
    await traceWithin(traceId, 3_000, (spans) => named(spans, 'click').length === 1);
    const q = encodeURIComponent('status = error');
    const found = (await (await fetch(new URL(`api/v1/traces?q=${q}`, `${explorerUrl}/`))).json()) as TracesAnswer;
    expect(found.traces.map((trace) => trace.traceId)).toContain(traceId);
    const trace = await traceWithin(traceId, 0, () => true);
    const payment = trace!.spans.find((span) => span.name === 'process_payment')!;
    expect(payment.status).toBe('error');
    expect(payment.events.map((event) => event.name)).toContain('exception');

    const explorer = await context.newPage();
    await explorer.goto(new URL(`?q=${q}`, `${explorerUrl}/`).href);
    await explorer.getByText('click #buy').first().waitFor();
    await context.close();
  });

  test("a refused order's log record is found by its words, opens its trace, and stands under its span there [B13 S7]", async () => {
    const { context, traceId } = await buy('gold-keyboard');
    await traceWithin(traceId, 10_000, (spans) => named(spans, 'checkout.process').length === 1);
    const explorer = await context.newPage();
    const q = `"card was declined" severity>=warn event=shop.order.refused trace=${traceId}`;
    await explorer.goto(new URL(`logs?show=tail&q=${encodeURIComponent(q)}`, `${explorerUrl}/`).href);
    // As it is stored, or already there.
    const record = explorer.getByRole('listitem').filter({ hasText: 'Order refused: The card was declined' }).first();
    await record.getByRole('button').first().click();
    await explorer.getByRole('link', { name: /^Open its trace/ }).click();
    await explorer.getByRole('treegrid').waitFor();
    expect(new URL(explorer.url()).pathname).toBe(`/trace/${traceId}`);
    const panel = explorer.getByRole('complementary', { name: 'Details' });
    await panel.getByText('Order refused: The card was declined').first().waitFor();
    await context.close();
  });

  test('a dot in the chart of checkouts opens the trace of the slow one [S7 F12]', async () => {
    const fromMs = Date.now() - 60_000;
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(shopUrl);
    await page.locator('#add-lamp').click();
    await page.locator('#open-cart', { hasText: '1' }).click();
    // Whoever takes the money does not move for a while.
    const payment = processBelow(started.pid!, 'payment/server.mjs');
    process.kill(payment, 'SIGSTOP');
    try {
      const asked = page.waitForRequest((request) => request.url().endsWith('/checkout'));
      await page.locator('#buy').click();
      await asked;
      await new Promise((later) => setTimeout(later, 1_500));
    } finally {
      process.kill(payment, 'SIGCONT');
    }
    const traceId = await page.locator('#trace-id').innerText();
    const path = 'api/v1/metrics/shop.checkout.duration/exemplars?kind=histogram&start=-5m';
    const measured = async () =>
      ((await (await fetch(new URL(path, `${explorerUrl}/`))).json()) as MetricExemplarsAnswer).exemplars.find(
        (exemplar) => exemplar.traceId === traceId,
      );
    await expect.poll(measured, { timeout: 30_000, interval: 200 }).toMatchObject({ service: 'shop-api' });
    const { value, timeUnixNano } = (await measured())!;
    expect(value).toBeGreaterThan(1.4);

    const explorer = await context.newPage();
    const toMs = Date.now() + 1_000;
    const range = `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
    await explorer.goto(
      new URL(`metrics?q=shop.checkout&open=histogram:shop.checkout.duration&${range}`, `${explorerUrl}/`).href,
    );
    await explorer.getByText('Measured in traces').waitFor();
    const plot = explorer.getByRole('img', { name: /^shop\.checkout\.duration, p95/ }).locator('.u-over');
    const box = (await plot.boundingBox())!;
    // Along the moment that it was measured at, until the pointer says that something can be opened.
    const x = box.x + (box.width * (Number(BigInt(timeUnixNano) / 1_000_000n) - fromMs)) / (toMs - fromMs);
    let y = box.y;
    await expect
      .poll(async () => {
        y = y + 6 < box.y + box.height ? y + 6 : box.y;
        await explorer.mouse.move(x, y);
        return plot.evaluate((element) => (element as HTMLElement).style.cursor);
      }, POLL)
      .toBe('pointer');
    await explorer.mouse.click(x, y);
    await explorer.getByRole('treegrid').waitFor();
    expect(new URL(explorer.url()).pathname).toBe(`/trace/${traceId}`);
    const details = explorer.getByRole('complementary', { name: 'Details' });
    await details.getByText('checkout.process').first().waitFor();
    await details
      .getByText(/^1\.[4-9]\d s|^[2-9]\.\d\d s/)
      .first()
      .waitFor();
    await context.close();
  }, 180_000);

  test('the numbers on the page of a service are those that SQL finds over the same spans [F12 S7]', async () => {
    // Something that went well, and something that did not.
    for (const product of ['mug', 'gold-keyboard']) await (await buy(product)).context.close();
    const toMs = Date.now();
    const range = { fromMs: toMs - 3_600_000, toMs };
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const explorer = await context.newPage();
    const during = `from=${new Date(range.fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
    for (const service of ['shop-api', 'shop-payment', 'shop-page']) {
      const settled = async () => JSON.stringify(await askServiceBySql(explorerUrl, service, range));
      // Nothing of before is under way any more.
      let before = '';
      await expect
        .poll(
          async () => {
            const last = before;
            before = await settled();
            return before === last;
          },
          { timeout: 30_000, interval: 1_000 },
        )
        .toBe(true);
      await explorer.goto(new URL(`service/${service}?${during}`, `${explorerUrl}/`).href);
      await explorer.getByRole('region', { name: 'Operations' }).locator('tbody tr').first().waitFor();
      const bySql = await askServiceBySql(explorerUrl, service, range);
      await expect.poll(() => readServicePage(explorer), { timeout: 15_000 }).toEqual(bySql);
      expect(Number(bySql.whole.requests)).toBeGreaterThan(1);
      if (service === 'shop-api') expect(bySql.failures).toBeGreaterThan(0);
    }
    await context.close();
  }, 180_000);

  test('an error in the log opens the trace of the purchase that failed, and stands under its span there [S7 B13]', async () => {
    // The last story: who takes the money is gone, and stays away.
    process.kill(processBelow(started.pid!, 'payment/server.mjs'), 'SIGKILL');
    const { context, traceId } = await buy('mug');
    const explorer = await context.newPage();
    await explorer.goto(new URL('logs?last=5m', `${explorerUrl}/`).href);
    const said = 'Order refused: The payment service does not answer';
    const record = explorer
      .getByRole('list', { name: 'Log records', exact: true })
      .getByRole('listitem')
      .filter({ hasText: said })
      .first();
    // As a person does who has just heard of it: look at errors, again until it is there.
    await explorer.getByLabel('Severity').selectOption('error');
    await expect
      .poll(
        async () => {
          if ((await record.count()) === 0) await explorer.reload();
          return record
            .first()
            .waitFor({ timeout: 1_000 })
            .then(
              () => true,
              () => false,
            );
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    expect(await record.locator('time + span').textContent()).toBe('ERROR');
    await record.getByRole('button').first().click();
    await explorer.getByRole('link', { name: /^Open its trace/ }).click();
    await explorer.getByRole('treegrid').waitFor();
    expect(new URL(explorer.url()).pathname).toBe(`/trace/${traceId}`);
    const details = explorer.getByRole('complementary', { name: 'Details' });
    await details.getByText('checkout.process').first().waitFor();
    await details.getByText(said).first().waitFor();
    await context.close();
  }, 180_000);
});

const named = (spans: readonly SpanDetail[], start: string) => spans.filter((span) => span.name.startsWith(start));
const isCommit = ({ attributes }: SpanDetail) => String(attributes['db.query.text']).startsWith('COMMIT');
const hasParentIn =
  (spans: readonly SpanDetail[]) =>
  ({ parentSpanId }: SpanDetail) =>
    parentSpanId === '' || spans.some(({ spanId }) => spanId === parentSpanId);
const sqlOf = (spans: readonly SpanDetail[]) => spans.filter((span) => 'db.query.text' in span.attributes);

/** Everything a program said until `pattern`; an early end is an error with what it said. */
function saysUntil(program: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer) => {
      said += chunk;
      if (pattern.test(said)) resolve(said);
    };
    program.stdout!.on('data', hear);
    program.stderr!.on('data', hear);
    program.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)));
  });
}
