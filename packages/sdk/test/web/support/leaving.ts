import type { DrivenBrowser, DrivenPage } from '../../../../testkit/src/browsers/driven-browser.js';
import type { UndrivenBrowser } from '../../../../testkit/src/browsers/webkit-profile.js';
import { type FaultProxy, faultProxy } from '../../../../testkit/src/fault-proxy.js';
import type { FaultCount } from '../../../../testkit/src/faults/fault-run.js';
import { SERIAL, tallySerials } from '../../../../testkit/src/faults/serials.js';
import {
  type FaultSignal,
  serialsOnTheWire,
  signalOfPath,
} from '../../../../testkit/src/faults/serials-on-the-wire.js';
import { bundlePage } from './bundle-page.js';
import { type OtlpSink, startOtlpSink } from './otlp-sink.js';
import { type Served, serve } from './serve.js';

/** How a page ends; `offline`: closed, after a visit during which there was no way to the collector. */
export type Way = 'closed' | 'navigated' | 'killed' | 'offline';

export interface Cell {
  /** Or log records, or points of metrics. */
  readonly spans: number;
  /** How far away the collector is: bytes are so late in each direction. */
  readonly delayMs: number;
}

export interface LeftCell extends Cell, FaultCount {
  /** Of `stored`: those that the page that was left has sent itself. */
  readonly byTheClose: number;
}

/** A renderer that is killed may take with it what ended in the last second. */
const KEPT_AFTER_MS = 1_000;
/** What has not arrived by then is missing. */
const LONGEST_VISIT_MS = 60_000;

/** What a page makes so many of. */
const makes: Readonly<Record<FaultSignal, string>> = {
  traces: `
    const span = telemetry.tracer.startSpan('GET', { attributes: {
      '${SERIAL}': n, 'http.request.method': 'GET', 'url.full': 'https://shop.example/api/products/' + n, 'server.address': 'shop.example',
      'http.response.status_code': n % 20 ? 200 : 500,
    } });
    if (n % 20 === 0) span.setStatus({ code: 2 });
    span.end();`,
  logs: `
    telemetry.logger.emit({ severityNumber: n % 20 ? 9 : 17, body: 'product ' + n + ' was looked at', attributes: { '${SERIAL}': n, 'server.address': 'shop.example' } });`,
  metrics: `
    counter.add(1, { '${SERIAL}': n, 'server.address': 'shop.example' });`,
};

/** With the defaults of a page, but that nothing is observed: each item here is one that was counted. Pages without metrics and logs have no code for them. */
const programOf = (signal: FaultSignal): string => `
  import { offline, start${signal === 'logs' ? ', logging' : signal === 'metrics' ? ', metering' : ''} } from '@throughline/sdk/web';
  window.telemetry = start({
    endpoint: 'COLLECTOR', plainText: true, pageLoad: false, fetch: false, xhr: false, clicks: false, errors: false, onDiagnostic: () => {},
    ${signal === 'metrics' ? "metricTemporality: 'delta', cardinalityLimit: 1e6," : ''}
  }, ${signal === 'traces' ? 'offline()' : `{ ...offline(), ${signal === 'logs' ? 'logging' : 'metering'} }`});
  const counter = telemetry.meter.createCounter('products');
  let serial = 0;
  function end() {
    const n = serial++;${makes[signal]}
  }
  const { port1, port2 } = new MessageChannel();
  const nextTask = () => new Promise((resolve) => { port1.onmessage = resolve; port2.postMessage(0); });
  // As spans end in a page: a few in each of many tasks.
  window.record = async (count) => {
    for (let n = 0; n < count; n++) {
      if (n % 10 === 0) await nextTask();
      end();
    }
  };
  // Where nobody can tell it in the page.
  window.rest = () => { const { queued, stored } = telemetry.status(); return queued.items + stored.items; };
  const [, count] = location.hash.split('record=');
  if (count) record(Number(count)).then(() => fetch('/recorded'));
  if (location.hash === '#rest') setInterval(() => fetch('/rest?' + rest()), 100);`;

const bundled: Partial<Record<FaultSignal, Promise<string>>> = {};
function bundleOf(signal: FaultSignal): Promise<string> {
  bundled[signal] ??= bundlePage(programOf(signal)).then(({ code }) => code);
  return bundled[signal];
}

/**
 * Leaves pages in one browser, all at once, each with an origin and a collector of its own, when so many spans have ended in it. Then each is visited again.
 * What the collectors have in the end is counted; a batch that comes again under its id is taken once, as Throughline's collector does it.
 */
export async function leavePages(
  browser: DrivenBrowser,
  way: Way,
  cells: readonly Cell[],
  signal: FaultSignal = 'traces',
): Promise<LeftCell[]> {
  const code = await bundleOf(signal);
  const stages = await Promise.all(cells.map((cell) => setUp(cell, code)));
  try {
    if (way === 'offline') for (const { proxy } of stages) proxy.set({ refuse: true });
    const pages = await Promise.all(stages.map(({ site }) => browser.visit(`${site.origin}/?left`)));
    await Promise.all(pages.map((page, at) => leave(page, way, stages[at]!)));
    if (way === 'killed') {
      await new Promise((resolve) => setTimeout(resolve, KEPT_AFTER_MS));
      if (!(await browser.killRenderers?.())) throw new Error('no process of a page was found');
      // What is left of them on the screen; some drivers have forgotten them.
      await Promise.all(pages.map((page) => page.close().catch(() => {})));
    }
    for (const { proxy, cell } of stages) proxy.set({ delayMs: cell.delayMs });
    return await Promise.all(
      stages.map(async (stage, at) => {
        const address = `${stage.site.origin}/?again`;
        const page = pages[at]!;
        if (way === 'navigated') await page.goto(address);
        const next = way === 'navigated' ? page : await browser.visit(address);
        const found = await count(() => next.evaluate('rest()'), stage, signal);
        await next.close();
        return found;
      }),
    );
  } finally {
    await Promise.all(stages.map(({ close }) => close()));
  }
}

/** The same for renderers that are killed in a browser that nobody drives: each of its pages is told by its address what to do, and says to its server what it has done. */
export async function killPages(browser: UndrivenBrowser, cells: readonly Cell[]): Promise<LeftCell[]> {
  const code = await bundleOf('traces');
  const stages = await Promise.all(cells.map((cell) => setUp(cell, code)));
  try {
    await browser.show(stages.map(({ site, cell }) => `${site.origin}/?left#record=${cell.spans}`));
    await Promise.all(stages.map(({ recorded }) => recorded));
    await new Promise((resolve) => setTimeout(resolve, KEPT_AFTER_MS));
    if (!(await browser.killRenderers())) throw new Error('no process of a page was found');
    await browser.show(stages.map(({ site }) => `${site.origin}/?again#rest`));
    return await Promise.all(stages.map((stage) => count(async () => stage.rest(), stage)));
  } finally {
    await Promise.all(stages.map(({ close }) => close()));
  }
}

interface Stage {
  readonly cell: Cell;
  readonly sink: OtlpSink;
  readonly proxy: FaultProxy;
  readonly site: Served;
  /** Another origin, and when its page is there. */
  readonly elsewhere: Served;
  readonly gone: Promise<void>;
  /** A page says that all its spans have ended, and how many items the next one still has. */
  readonly recorded: Promise<void>;
  rest(): number | undefined;
  close(): Promise<void>;
}

async function setUp(cell: Cell, code: string): Promise<Stage> {
  const sink = await startOtlpSink();
  const proxy = await faultProxy(sink.url);
  proxy.set({ delayMs: cell.delayMs });
  const script = code.replaceAll('COLLECTOR', proxy.url);
  // The collector is told which of the visits has sent something.
  const headers = { 'content-type': 'text/html', 'referrer-policy': 'unsafe-url' };
  let recorded: () => void;
  const all = new Promise<void>((resolve) => {
    recorded = resolve;
  });
  let rest: number | undefined;
  const site = await serve((request, response) => {
    if (request.url === '/recorded') recorded();
    if (request.url!.startsWith('/rest?')) rest = Number(request.url!.split('?')[1]);
    if (request.url === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else response.writeHead(200, headers).end(html('<script type="module" src="/page.js"></script>'));
  });
  let arrive: () => void;
  const gone = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const elsewhere = await serve((request, response) => {
    response.writeHead(200, headers).end(html(`<script>fetch('/here')</script>`));
    if (request.url === '/here') arrive();
  });
  return {
    cell,
    sink,
    proxy,
    site,
    elsewhere,
    gone,
    recorded: all,
    rest: () => rest,
    close: async () => void (await Promise.all([proxy, sink, site, elsewhere].map((each) => each.close()))),
  };
}

const html = (body: string): string => `<!doctype html><link rel="icon" href="data:,"><body>${body}`;

async function leave(page: DrivenPage, way: Way, { cell, elsewhere, gone }: Stage): Promise<void> {
  if (way !== 'navigated') await page.evaluate(`record(${cell.spans})`);
  if (way === 'closed' || way === 'offline') await page.close();
  if (way !== 'navigated') return;
  // In the task in which the last of them ended.
  await page.evaluate(`void record(${cell.spans}).then(() => { location.href = '${elsewhere.origin}'; })`);
  await gone;
}

/** The serials that arrived; a batch that came again under its id is taken once, as Throughline's collector does it. */
function arrived(requests: OtlpSink['requests'], signal: FaultSignal): number[] {
  const batches = new Map<string, Buffer>();
  for (const { method, url, bytes } of requests) {
    if (method !== 'POST' || signalOfPath(url) !== signal) continue;
    const id = new URL(url, 'http://collector').searchParams.get('tl-batch');
    batches.set(id === null ? String(batches.size) : `${id} ${bytes.toString('latin1')}`, bytes);
  }
  return [...batches.values()].flatMap((bytes) => serialsOnTheWire(signal, bytes));
}

/** What has arrived when all has, or when the next visit has nothing left to send. */
async function count(
  rest: () => Promise<number | undefined>,
  { cell, sink }: Stage,
  signal: FaultSignal = 'traces',
): Promise<LeftCell> {
  const waits = { over: false };
  const late = new Promise<void>((resolve) => setTimeout(resolve, LONGEST_VISIT_MS)).then(() => {
    waits.over = true;
  });
  const breath = () => new Promise((again) => setTimeout(again, 20));
  let seen = 0;
  for (let all = 0; all < cell.spans && !waits.over; ) {
    await Promise.race([breath(), late]);
    if (sink.requests.length !== seen) all = new Set(arrived(sink.requests, signal)).size;
    seen = sink.requests.length;
  }
  // A second copy may still be on its way.
  while (!waits.over && (await rest()) !== 0) await breath();
  const ofTheFirst = sink.requests.filter(({ headers }) => headers.referer?.endsWith('?left'));
  return {
    ...cell,
    ...tallySerials(
      Array.from({ length: cell.spans }, (_, n) => n),
      arrived(sink.requests, signal),
    ),
    byTheClose: new Set(arrived(ofTheFirst, signal)).size,
  };
}
