import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import type { SeenSpan } from './support/decode-traces.js';
import { type OpenPage, openPage } from './support/open-page.js';

const page = (options: string) => ({
  script: `
    import { observeKeys, start } from '@throughline/sdk/web';
    window.telemetry = start({
      endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 20 }, pageLoad: false, clicks: false,
      instruments: [(host) => observeKeys(host, ${options})],
    });
    addEventListener('keydown', (event) => {
      if (event.ctrlKey && event.key === 's') { event.preventDefault(); fetch('/save', { method: 'POST' }); }
    });`,
  body: `<form onsubmit="return false"><input id="search"><input type="password" id="secret"></form>
    <textarea id="note"></textarea><div id="rich" contenteditable>rich</div><button id="plain">Plain</button>`,
  routes: (_: unknown, response: import('node:http').ServerResponse) => void response.end('ok'),
});
/** In the order in which they were pressed: batches that are on their way at once arrive in any. */
const keys = (spans: readonly SeenSpan[]) =>
  spans
    .filter(({ name }) => name.startsWith('keydown'))
    .sort((a, b) => Number(a.startNano - b.startNano))
    .map(({ name, attributes }) => [
      name,
      ...(attributes['app.keyboard.modifiers'] as string[]),
      ...(attributes['app.keyboard.key'] ? [attributes['app.keyboard.key']] : []),
    ]);

/** Every command until `last` has ended and has arrived, whichever came first. */
async function allUntil(last: string, { page, sink }: OpenPage): Promise<void> {
  await sink.until((spans) => keys(spans).some((each) => each.includes(last)));
  expect(await page.evaluate('telemetry.shutdown()')).toBe(true);
}

describe.skipIf(!chromiumPath)('keys', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('a shortcut is a span with its modifiers, and what it starts is below it [B5]', async () => {
    await using opened = await openPage(browser, page('{}'));
    await opened.page.focus('#search');
    await opened.page.keyboard.press('Control+s');
    const key = await opened.sink.span('keydown #search');
    const request = await opened.sink.span('POST');
    expect(request).toMatchObject({ traceId: key.traceId, parentSpanId: key.spanId });
    expect(key.parentSpanId).toBe('');
    expect(key.endNano).toBeGreaterThanOrEqual(request.endNano);
    // Which key it was is said only on request.
    expect(key.attributes).toEqual({
      'app.widget.tag': 'input',
      'app.widget.id': 'search',
      'app.keyboard.modifiers': ['Control'],
    });
  });

  test('commands are named on request, each once however long it is held, and further ones can be added [B5]', async () => {
    await using opened = await openPage(browser, page("{ key: true, commands: ['ArrowDown'] }"));
    const { keyboard } = opened.page;
    for (const key of ['Escape', 'F2', 'Delete', 'ArrowDown', 'ArrowUp', 'Tab', 'Enter']) await keyboard.press(key);
    await opened.page.focus('#note');
    await keyboard.press('Control+Shift+k');
    await keyboard.press('Meta+Enter');
    await keyboard.down('Escape');
    await keyboard.down('Escape');
    await keyboard.up('Escape');
    await keyboard.press('F9');
    await allUntil('F9', opened);
    expect(keys(opened.sink.spans)).toEqual([
      ['keydown body', 'Escape'],
      ['keydown body', 'F2'],
      ['keydown body', 'Delete'],
      ['keydown body', 'ArrowDown'],
      // Tab went to the first field.
      ['keydown #search', 'Enter'],
      ['keydown #note', 'Control', 'Shift', 'K'],
      ['keydown #note', 'Meta', 'Enter'],
      ['keydown #note', 'Escape'],
      ['keydown #note', 'F9'],
    ]);
  });

  test('what a person writes is never recorded, in whatever field and by whatever means [B5]', async () => {
    await using opened = await openPage(browser, page('{ key: true }'));
    const { keyboard } = opened.page;
    const secret = 'Hunter2 ÄÖ@€~';
    for (const field of ['#plain', '#search', '#secret', '#note', '#rich']) {
      await opened.page.focus(field);
      await keyboard.type(secret);
      for (const key of ['Backspace', 'ArrowLeft', 'Shift+A', 'Alt+l']) await keyboard.press(key);
      if (field !== '#plain') await keyboard.press('Delete');
      if (field === '#note' || field === '#rich') await keyboard.press('Enter');
    }
    // Keys of other layouts, input methods and password managers, which this keyboard does not have.
    const before = await opened.page.evaluate(() => {
      const field = document.getElementById('search')!;
      const press = (init: KeyboardEventInit & { modifierAltGraph?: boolean }) =>
        field.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, composed: true, ...init }));
      press({ key: '@', ctrlKey: true, altKey: true, modifierAltGraph: true });
      press({ key: '@', ctrlKey: true, altKey: true });
      press({ key: 'ł', altKey: true });
      press({ key: 'Dead', altKey: true });
      press({ key: 'Process', isComposing: true });
      press({ key: 'Unidentified' });
      press({ key: '😀' });
      field.dispatchEvent(new Event('keydown', { bubbles: true }));
      return (field as HTMLInputElement).value;
    });
    expect(before).toContain('Hunter2');
    await opened.page.focus('#note');
    await keyboard.press('F8');
    await allUntil('F8', opened);
    expect(keys(opened.sink.spans)).toEqual([['keydown #note', 'F8']]);
    expect(opened.pageErrors).toEqual([]);
  });
});
