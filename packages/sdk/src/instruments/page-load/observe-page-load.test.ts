import type { Context, SpanOptions } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { rootContext } from '../../core/context/context.js';
import { getSpan } from '../../core/context/span-in-context.js';
import { createStackContextStore } from '../../core/context/stack-context-store.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { observePageLoad } from './observe-page-load.js';

afterEach(() => vi.unstubAllGlobals());

interface Seen {
  readonly name: string;
  readonly parent: string | undefined;
  readonly startMs: number;
  endMs?: number;
  readonly attributes: object | undefined;
}

/** A page whose load took these times, in milliseconds from its navigation, and what was recorded of it. */
function loadPage(timing: object) {
  const seen: Seen[] = [];
  const listeners = new Map<string, () => void>();
  const leaving: (() => void)[] = [];
  vi.stubGlobal('performance', {
    now: () => 900,
    getEntriesByType: () => [{ name: 'https://shop.example/?sig=x', type: 'navigate', serverTiming: [], ...timing }],
  });
  vi.stubGlobal('document', { readyState: 'loading', querySelector: () => null });
  vi.stubGlobal('addEventListener', (name: string, run: () => void) => listeners.set(name, run));
  vi.stubGlobal('removeEventListener', (name: string) => listeners.delete(name));
  vi.stubGlobal('setTimeout', (run: () => void) => run());
  const tracer = {
    startSpan(name: string, { startTime, attributes }: SpanOptions, context: Context) {
      const parent = getSpan(context) as unknown as Seen | undefined;
      const span: Seen & { end(at: number): void } = {
        name,
        parent: parent?.name,
        startMs: startTime as number,
        attributes,
        end: (at) => {
          span.endMs = at;
        },
      };
      seen.push(span);
      return span;
    },
  };
  const host = {
    tracer,
    contextStore: createStackContextStore(),
    propagator: { extract: () => rootContext },
    onLeaving: (run: () => void) => {
      leaving.push(run);
      return () => {};
    },
  } as unknown as InstrumentHost;
  const stop = observePageLoad(host);
  return { seen, listeners, leave: () => leaving.forEach((run) => void run()), stop };
}

const whole = {
  fetchStart: 5,
  domainLookupStart: 10,
  domainLookupEnd: 30,
  connectStart: 30,
  secureConnectionStart: 45,
  connectEnd: 80,
  requestStart: 81,
  responseStart: 150,
  responseEnd: 170,
  responseStatus: 200,
  encodedBodySize: 512,
  domComplete: 300,
  loadEventStart: 301,
  loadEventEnd: 310,
};

test('DNS, TCP, TLS, request, response, DOM and load are spans with their times [B3]', () => {
  const { seen, listeners } = loadPage(whole);
  listeners.get('load')!();
  expect(seen.map(({ name, parent, startMs, endMs }) => [name, parent, startMs, endMs])).toEqual([
    ['documentLoad', undefined, 0, 310],
    ['documentFetch', 'documentLoad', 5, 170],
    ['dns', 'documentFetch', 10, 30],
    ['tcp', 'documentFetch', 30, 45],
    ['tls', 'documentFetch', 45, 80],
    ['request', 'documentFetch', 81, 150],
    ['response', 'documentFetch', 150, 170],
    ['dom', 'documentLoad', 170, 300],
    ['load', 'documentLoad', 301, 310],
  ]);
  expect(seen[0]!.attributes).toMatchObject({ 'url.full': 'https://shop.example/?sig=REDACTED' });
  expect(seen[1]!.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.response.body.size': 512 });
});

test('a phase that did not take place has no span [B3]', () => {
  const reused = { domainLookupStart: 5, domainLookupEnd: 5, connectStart: 5, connectEnd: 5, secureConnectionStart: 0 };
  const { seen, listeners } = loadPage({ ...whole, ...reused });
  listeners.get('load')!();
  expect(seen.map(({ name }) => name)).toEqual(['documentLoad', 'documentFetch', 'request', 'response', 'dom', 'load']);
});

test('a page that is left before it was loaded says how far it came, once [B3]', () => {
  const { seen, listeners, leave, stop } = loadPage({ ...whole, domComplete: 0, loadEventStart: 0, loadEventEnd: 0 });
  leave();
  stop();
  expect(listeners.size).toBe(0);
  expect(seen.filter(({ name }) => name === 'documentLoad')).toMatchObject([{ endMs: 900 }]);
  expect(seen.map(({ name }) => name)).not.toContain('load');
});
