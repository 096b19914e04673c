import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import type { SeenSpan } from './support/decode-traces.js';
import { openPage } from './support/open-page.js';
import type { OtlpSink } from './support/otlp-sink.js';

/** The workspace has React 19; the testkit has 18 for itself. */
const folderOf = (name: string, from: string): string => dirname(createRequire(from).resolve(`${name}/package.json`));
const reacts = [
  ['19', import.meta.url],
  ['18', new URL('../../../testkit/package.json', import.meta.url).href],
].map(([version, from]) => ({
  version: version!,
  alias: { react: folderOf('react', from!), 'react-dom': folderOf('react-dom', from!) },
}));

const head = `
  import { createRoot } from 'react-dom/client';
  import { StrictMode, startTransition, Suspense, use, useEffect, useState } from 'react';
  import { ErrorBoundary, useSpan, useTracedCallback } from '@throughline/sdk/react';
  import { start } from '@throughline/sdk/web';
  const started = () => { window.telemetry = start({ endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 20 }, fetch: false, xhr: false }); };
  const show = (element) => createRoot(document.getElementById('root')).render(element);
  const Part = ({ of }) => { const span = useSpan(of, { attributes: { part: of } }); useEffect(() => { span.addEvent('used'); }, []); return <p>{of}</p>; };`;
const body = '<div id="root"></div>';

const named = (sink: OtlpSink, name: string): SeenSpan[] => sink.spans.filter((span) => span.name === name);
/** What a page has sent when it says that all is sent. */
async function settled(opened: Awaited<ReturnType<typeof openPage>>): Promise<OtlpSink> {
  await opened.page.evaluate(
    "new Promise((next) => setTimeout(next)).then(() => { telemetry.measure('settled', () => {}); return telemetry.flush(); })",
  );
  await opened.sink.span('settled');
  return opened.sink;
}

describe.skipIf(!chromiumPath)('React in a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  for (const { version, alias } of reacts) {
    const open = (script: string, mode: 'development' | 'production' = 'production') =>
      openPage(browser, { script: `${head}${script}`, body, bundle: { alias, mode } });

    describe(`React ${version}`, () => {
      test('it is the version that it says', async () => {
        await using opened = await open(
          `import { version } from 'react'; import { version as dom } from 'react-dom'; window.versions = [version, dom];`,
        );
        for (const each of (await opened.page.evaluate('versions')) as string[])
          expect(each.startsWith(`${version}.`)).toBe(true);
      });

      test('a component has a span from its first rendering until it is shown, below what led to it [B9]', async () => {
        await using opened = await open(`
          started();
          const Slow = () => {
            useSpan('Slow', { attributes: { lines: 3 } });
            const end = performance.now() + 60; while (performance.now() < end);
            return <Part of="Inside"/>;
          };
          const App = () => {
            const [on, turn] = useState(false);
            return <><button id="go" onClick={() => turn(true)}>Go</button>{on && <Slow/>}<Part of="First"/></>;
          };
          show(<App/>);`);
        const first = await opened.sink.span('First');
        const load = await opened.sink.span('documentLoad');
        expect(first.parentSpanId).toBe(load.spanId);
        await opened.page.click('#go');
        const click = await opened.sink.span('click #go');
        const slow = await opened.sink.span('Slow');
        const inside = await opened.sink.span('Inside');
        for (const span of [slow, inside])
          expect(span).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId });
        expect(slow.attributes).toEqual({ lines: 3 });
        expect(Number(slow.endNano - slow.startNano) / 1e6).toBeGreaterThanOrEqual(60);
        // It is rendered when what is above it has been.
        expect(inside.startNano).toBeGreaterThanOrEqual(slow.startNano + 60_000_000n);
        expect(opened.pageErrors).toEqual([]);
      });

      test('what React renders or mounts twice to check it, as StrictMode does, has one span [B9]', async () => {
        await using opened = await open(
          `
          started();
          window.renders = 0;
          const Twice = ({ name, until }) => { renders++; const span = useSpan(name, { until, attributes: { name } });
            useEffect(() => { span.setAttribute('seen', true); }, []); return null; };
          const App = () => {
            const [on, turn] = useState(true);
            return <><button id="away" onClick={() => turn(false)}>Away</button>{on && <><Twice name="shown"/><Twice name="there" until="unmounted"/></>}</>;
          };
          show(<StrictMode><App/></StrictMode>);`,
          'development',
        );
        await opened.sink.span('shown');
        expect(await opened.page.evaluate('renders')).toBe(4);
        expect(named(await settled(opened), 'there')).toEqual([]);
        await opened.page.click('#away');
        await opened.sink.span('there');
        const sink = await settled(opened);
        expect(named(sink, 'shown')).toHaveLength(1);
        const [there, ...more] = named(sink, 'there');
        expect(more).toEqual([]);
        // Until it was taken away by the click.
        const click = await sink.span('click #away');
        expect(there!.endNano).toBeGreaterThanOrEqual(click.startNano);
        expect(there!.attributes).toEqual({ name: 'there', seen: true });
      });

      test('what React begins to render and throws away has no span [B9]', async () => {
        await using opened = await open(`
          started();
          let arrive; const arrived = new Promise((resolve) => { arrive = resolve; }); let there = false;
          window.arrive = () => { there = true; arrive(); };
          window.renders = 0;
          const Waits = () => { renders++; useSpan('Waits'); if (!there) throw arrived; return <p id="there">there</p>; };
          show(<Suspense fallback={<Part of="Fallback"/>}><Waits/></Suspense>);`);
        await opened.sink.span('Fallback');
        expect(named(await settled(opened), 'Waits')).toEqual([]);
        await opened.page.evaluate('arrive()');
        await opened.page.waitForSelector('#there');
        await opened.sink.span('Waits');
        expect(named(await settled(opened), 'Waits')).toHaveLength(1);
        expect(await opened.page.evaluate('renders')).toBeGreaterThan(1);
      });

      test('what a component says about its span is in it, before it begins and while it is open [B9]', async () => {
        await using opened = await open(`
          started();
          const Dialog = () => {
            const [lines, setLines] = useState(1);
            const span = useSpan('Dialog', { attributes: { lines }, until: 'unmounted' });
            useEffect(() => { span.addEvent('opened', { how: 'quickly' }); }, []);
            return <button id="add" onClick={() => { setLines(2); span.addEvent('added'); }}>Add</button>;
          };
          const App = () => { const [on, turn] = useState(true); window.close = () => turn(false); return on && <Dialog/>; };
          show(<App/>);`);
        await opened.page.click('#add');
        await opened.page.evaluate('close()');
        const dialog = await opened.sink.span('Dialog');
        expect(dialog.attributes).toEqual({ lines: 2 });
        expect(dialog.events.map(({ name }) => name)).toEqual(['opened', 'added']);
        expect(dialog.events[0]!.attributes).toEqual({ how: 'quickly' });
      });

      test('an error is a span with the stack of components, in the trace of the click, and the fallback is shown [B9]', async () => {
        await using opened = await open(`
          started();
          window.told = [];
          const Price = ({ broken }) => { if (broken) throw new RangeError('no price'); return <p id="price">7</p>; };
          const Product = (props) => <Price {...props}/>;
          const App = () => {
            const [broken, breakIt] = useState(false);
            return <>
              <button id="break" onClick={() => breakIt(true)}>Break</button><button id="mend" onClick={() => breakIt(false)}>Mend</button>
              <ErrorBoundary name="product" onError={(error, stack) => told.push([error.message, stack])}
                fallback={(error, reset) => <button id="again" onClick={reset}>{error.message}</button>}>
                <Product broken={broken}/>
              </ErrorBoundary>
              <p id="beside">beside</p>
            </>;
          };
          show(<App/>);`);
        await opened.page.click('#break');
        expect(await opened.page.textContent('#again')).toBe('no price');
        expect(await opened.page.textContent('#beside')).toBe('beside');
        const error = await opened.sink.span('component error');
        const click = await opened.sink.span('click #break');
        expect(error).toMatchObject({
          traceId: click.traceId,
          parentSpanId: click.spanId,
          status: { code: 2, message: 'no price' },
          attributes: { 'error.type': 'RangeError', 'react.error_boundary': 'product' },
        });
        expect(error.events).toMatchObject([
          {
            name: 'exception',
            attributes: {
              'exception.type': 'RangeError',
              'exception.message': 'no price',
              'exception.stacktrace': expect.stringContaining('/page.js'),
            },
          },
        ]);
        // Two components of ours and the boundary itself, innermost first.
        const stack = String(error.attributes['react.component_stack']).trim().split('\n');
        expect(stack.length).toBeGreaterThanOrEqual(4);
        expect(await opened.page.evaluate('told')).toEqual([['no price', expect.stringContaining('at ')]]);
        await opened.page.click('#mend');
        await opened.page.click('#again');
        expect(await opened.page.textContent('#price')).toBe('7');
        expect(named(await settled(opened), 'component error')).toHaveLength(1);
        // React does not tell the window of an error that a boundary took.
        expect(opened.pageErrors).toEqual([]);
        expect(named(opened.sink, 'uncaught error')).toEqual([]);
      });

      test('in development the stack names the components [B9]', async () => {
        await using opened = await open(
          `
          started();
          function Price() { throw 'no price'; }
          function Product() { return <Price/>; }
          show(<ErrorBoundary><Product/></ErrorBoundary>);`,
          'development',
        );
        const error = await opened.sink.span('component error');
        expect(error.status).toEqual({ code: 2, message: 'no price' });
        expect(error.attributes['error.type']).toBe('string');
        expect(error.attributes['react.component_stack']).toMatch(/Price[\s\S]*Product[\s\S]*ErrorBoundary/);
      });

      test('a traced callback is a span of each call, keeps result and identity, and its errors [B9]', async () => {
        await using opened = await open(`
          started();
          window.seen = new Set();
          const App = () => {
            const [count, setCount] = useState(0);
            const add = useTracedCallback(async (by) => {
              if (by > 1) throw new Error('too many');
              await new Promise((later) => setTimeout(later, 20));
              setCount((before) => before + by);
              return by + 1;
            }, [], 'cart.add', { attributes: { where: 'app' } });
            seen.add(add);
            window.add = add;
            return <button id="add" onClick={() => add(1)}>{count}</button>;
          };
          show(<App/>);`);
        await opened.page.click('#add');
        await opened.page.waitForFunction("document.getElementById('add').textContent === '1'");
        const call = await opened.sink.span('cart.add');
        const click = await opened.sink.span('click #add');
        expect(call).toMatchObject({ parentSpanId: click.spanId, attributes: { where: 'app' } });
        expect(Number(call.endNano - call.startNano) / 1e6).toBeGreaterThanOrEqual(19);
        expect(await opened.page.evaluate('seen.size')).toBe(1);
        expect(await opened.page.evaluate('add(1)')).toBe(2);
        await expect(opened.page.evaluate('add(2)')).rejects.toThrow('too many');
        await opened.sink.until(() => named(opened.sink, 'cart.add').some(({ status }) => status.code === 2));
      });

      test('without telemetry, and before it has started, everything works and nothing is thrown [B9]', async () => {
        await using opened = await open(`
          const App = () => {
            useSpan('App').setAttribute('a', 1);
            const add = useTracedCallback((a, b) => a + b, [], 'add');
            const [broken, breakIt] = useState(false);
            if (broken) throw new Error('broken');
            window.add = add; window.breakIt = () => breakIt(true);
            return <p id="sum">{add(1, 2)}</p>;
          };
          window.started = started;
          show(<ErrorBoundary fallback={<p id="fallback">broken</p>}><App/></ErrorBoundary>);`);
        expect(await opened.page.textContent('#sum')).toBe('3');
        await opened.page.evaluate('started()');
        expect(await opened.page.evaluate('add(3, 4)')).toBe(7);
        await opened.sink.span('add');
        await opened.page.evaluate('breakIt()');
        await opened.sink.span('component error');
        expect(await opened.page.textContent('#fallback')).toBe('broken');
        expect(named(opened.sink, 'App')).toEqual([]);
      });
    });
  }
});
