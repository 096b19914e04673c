import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from '../web/support/chromium.js';
import type { SeenSpan } from '../web/support/decode-traces.js';
import { openPage } from '../web/support/open-page.js';
import { compileGuest } from './compile-guest.js';

describe.skipIf(!chromiumPath)('a module in a real page (needs Chromium)', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'throughline-wasm-page-'));
    await compileGuest('everything', folder, ['--bindings', 'raw']);
    browser = await launchChromium();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const script = `
    import { start } from '@throughline/sdk/web';
    import { traceWasm } from '@throughline/sdk/wasm';

    const telemetry = start({ serviceName: 'page', endpoint: 'COLLECTOR', preset: 'development' });
    const wasm = traceWasm(telemetry, { name: 'everything' });
    const host = { note: (value) => telemetry.measure('host', () => value) };
    const bindings = await import(/* @vite-ignore */ location.origin + '/everything.js');
    const module = await WebAssembly.compileStreaming(fetch('/everything.wasm'));
    const guest = wasm.exports(await bindings.instantiate(module, wasm.imports({ host })));
    document.querySelector('#work').addEventListener('click', () => {
      window.answers = [guest.describe('Grüße 🌍'), guest.nest()];
      try {
        guest.trap(0);
      } catch (error) {
        window.answers.push(error instanceof WebAssembly.RuntimeError, error.message);
      }
      window.problems = wasm.status();
    });
    document.body.dataset.ready = 'yes';
  `;

  test('its calls and its own spans lie below the click, a trap is an error span [W1]', async () => {
    const types = { js: 'text/javascript', wasm: 'application/wasm' } as Record<string, string>;
    await using opened = await openPage(browser, {
      script,
      body: '<button id="work">Work</button>',
      routes(request, response) {
        const file = request.url!.slice(1);
        response
          .writeHead(200, { 'content-type': types[file.split('.').at(-1)!]! })
          .end(readFileSync(join(folder, file)));
      },
    });
    const { page, sink, pageErrors } = opened;
    await page.locator('body[data-ready]').waitFor();
    await page.click('#work');
    const spans = await sink.until((seen) => seen.some(({ name }) => name === 'click #work'));
    const span = (name: string): SeenSpan => spans.find((one) => one.name === name)!;
    const above = (one: SeenSpan | undefined): string[] => {
      const parent = spans.find(({ spanId }) => spanId === one?.parentSpanId);
      return parent ? [parent.name, ...above(parent)] : [];
    };

    const answers = await page.evaluate(() => (window as unknown as { answers: unknown[] }).answers);
    const inner = span('inner');
    expect(answers.slice(0, 3)).toEqual(['Grüße 🌍!', `00-${inner.traceId}-${inner.spanId}-03`, true]);
    expect(above(span('describe it'))).toEqual(['describe', 'click #work']);
    expect(span('describe it').attributes).toMatchObject({
      text: 'Grüße 🌍',
      flag: true,
      large: '9223372036854775807',
      texts: ['a', 'Grüße 🌍'],
      ratios: [0.5, 1.5],
    });
    expect(above(span('host'))).toEqual(['inner', 'outer', 'nest', 'click #work']);
    expect(above(span('elsewhere'))).toEqual([]);
    expect(span('trap').status).toEqual({ code: 2, message: answers[3] });
    expect(span('trap').events[0]!.attributes).toMatchObject({ 'exception.type': 'RuntimeError' });
    expect(await page.evaluate(() => (window as unknown as { problems: object }).problems)).toMatchObject({
      openHandles: 0,
      problems: { 'bad-handle': 0, 'bad-pointer': 0, 'left-open': 0 },
    });
    expect(pageErrors).toEqual([]);
  });
});
