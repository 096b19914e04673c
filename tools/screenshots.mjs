import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { findBrowser } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { fail, say } from './lib/say.mjs';

/*
 * The pictures of the README: npm start with data of its own, people who buy in the shop, then search and trace in the explorer, dark
 * and light. Look at them before they are committed.
 */

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'docs/images') },
    seconds: { type: 'string', default: '110' },
    all: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (options.help) {
  say(
    'node tools/screenshots.mjs [--out DIRECTORY] [--seconds N] [--all]   N: how long people buy, so that the chart has something to show; --all: the other views too, to look at',
  );
  process.exit(0);
}

const viewport = { width: 1440, height: 900 };
const executablePath = (await findBrowser({ install: false })) ?? fail('There is no Chromium here; set CHROMIUM_PATH.');
const flags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const dataDir = mkdtempSync(join(tmpdir(), 'throughline-pictures-'));
// As root, PostgreSQL runs as another user, who has to get there.
chmodSync(dataDir, 0o755);

const started = spawn(
  process.execPath,
  [
    ...[join(root, 'tools/start.mjs'), '--data', dataDir, '--port', '0'],
    ...['--', '--otlp-http-port', '0', '--otlp-grpc-port', '0', '--explorer-port', '0'],
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
let browser;
try {
  const said = await saysUntil(started, /Ctrl-C stops both/);
  const shopUrl = said.match(/shop\s+(http:\S+)/)[1];
  const explorerUrl = said.match(/explorer\s+(http:\S+)/)[1];
  browser = await chromium.launch({ executablePath, headless: true, args: flags.split(' ') });

  const basket = ['mug', 'notebook', 'lamp', 'headphones', 'desk', 'mug', 'gold-keyboard', 'notebook'];
  const until = Date.now() + 1000 * Number(options.seconds);
  for (let visit = 0; Date.now() < until; visit++) {
    await visitShop(shopUrl, basket[visit % basket.length]);
    // Not all at the same pace: people do not either.
    await pause(300 + ((visit * 7919) % 17) * 120);
  }
  // What the newest rows show: something slow, something that fails, and the purchase whose trace is pictured.
  await visitShop(shopUrl, 'desk');
  await visitShop(shopUrl, 'gold-keyboard');
  const pictured = await visitShop(shopUrl, 'lamp');
  await spansOf(explorerUrl, pictured, 10);

  mkdirSync(options.out, { recursive: true });
  for (const theme of ['dark', 'light']) {
    const context = await browser.newContext({ viewport, colorScheme: theme });
    const page = await context.newPage();
    const picture = async (name) => {
      const path = join(options.out, `${name}${theme === 'dark' ? '' : '-light'}.png`);
      await page.screenshot({ path, animations: 'disabled' });
      say(`· ${path}`);
    };
    await page.goto(
      new URL(`?last=2m&q=${encodeURIComponent('service=shop-api duration>2ms')}`, `${explorerUrl}/`).href,
    );
    await page.getByText('click #buy').first().waitFor();
    await page.waitForLoadState('networkidle');
    await picture('search');
    await page.goto(new URL(`trace/${pictured}`, `${explorerUrl}/`).href);
    const statement = page.getByText('pg.query:INSERT').first();
    await page.getByText('checkout.process').first().hover();
    // Rows below the fold are made when they are scrolled to.
    for (let turn = 0; turn < 40 && !(await statement.isVisible()); turn++) {
      await page.mouse.wheel(0, 200);
      await pause(50);
    }
    await statement.click();
    await page.waitForLoadState('networkidle');
    await picture('trace');
    for (const name of options.all ? ['logs', 'metrics', 'tour', 'connect'] : []) {
      await page.goto(new URL(name, `${explorerUrl}/`).href);
      await page.waitForLoadState('networkidle');
      await picture(name);
    }
    await context.close();
  }
} finally {
  await browser?.close();
  if (started.exitCode === null) {
    const ended = new Promise((resolve) => started.once('exit', resolve));
    started.kill('SIGTERM');
    await ended;
  }
  rmSync(dataDir, { recursive: true, force: true });
}

/** One person: looks at a product, takes it, buys. The trace of the purchase as the page names it. */
async function visitShop(url, product) {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  await page.goto(url);
  const details = page.waitForResponse((answer) => answer.url().endsWith(`/api/products/${product}`));
  await page.locator(`#view-${product}`).click();
  await (await details).finished();
  await page.locator(`#buy-${product}`).click();
  await page.keyboard.press('Escape');
  await page.locator('#open-cart', { hasText: '1' }).click();
  await page.locator('#buy').click();
  const traceId = await page.locator('#trace-id').innerText();
  // Leaving is what sends the rest.
  await page.goto('about:blank');
  await context.close();
  return traceId;
}

/** Waits until the explorer has so many spans of a trace. */
async function spansOf(explorerUrl, traceId, count) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(200)) {
    const answer = await fetch(new URL(`api/v1/traces/${traceId}`, `${explorerUrl}/`));
    if (answer.ok && (await answer.json()).spans.length >= count) return;
  }
  fail(`The trace ${traceId} did not arrive.`);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function saysUntil(program, pattern) {
  return new Promise((resolve, reject) => {
    let said = '';
    program.stdout.setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      if (pattern.test(said)) resolve(said);
    });
    program.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)));
  });
}
