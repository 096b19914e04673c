import type { Attributes, Context } from '@opentelemetry/api';
import { getSpan } from '../../core/context/span-in-context.js';
import { httpClientAttributes } from '../../core/http-attributes.js';
import type { InstrumentHost } from '../../core/instrument.js';

export interface ResourceOptions {
  /** Resources that get no span: an address's beginning, or a pattern over it. */
  readonly ignoreUrls?: readonly (string | RegExp)[] | undefined;
  /** Takes out of addresses what only the program knows to be secret. User, password and signatures are taken out before. */
  readonly redactUrl?: ((url: string) => string) | undefined;
  /** Spans at most for the page's load, and for each click or key. Default 200. */
  readonly max?: number | undefined;
}

const CLIENT = 2;
const ERROR_STATUS = 2;
/** Something a person did is over when nothing has been loaded for so long; as for its span. */
const SETTLE_MS = 100;
const MAX_MS = 10_000;
/** They have spans of their own, or are the SDK's. */
const REQUESTS = /^(fetch|xmlhttprequest|beacon)$/;

/** Whatever resources are loaded for: the page's load, or something a person did. */
interface Owner {
  readonly context: Context;
  readonly startMs: number;
  /** What begins until then belongs to it. */
  untilMs: number;
  spans: number;
}

/**
 * Scripts, style sheets, images, fonts and whatever else the page loads, as the browser's Resource Timing tells it: each a client span
 * `resourceFetch` from its start to its last byte. What begins until the page is loaded is below its load; later, below the click or key
 * that it followed without a pause of 100 ms; else below the page's load again. Requests of `fetch` and `XMLHttpRequest` have spans of their own.
 *
 * Start it behind `observePageLoad`, `observeClicks` and `observeKeys`, in whose contexts it records.
 */
export function observeResources(host: InstrumentHost, options: ResourceOptions = {}): () => void {
  const { tracer, contextStore } = host;
  const { ignoreUrls = [], redactUrl, max = 200 } = options;
  if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes('resource')) return () => {};
  const page: Owner = { context: contextStore.active(), startMs: 0, untilMs: Infinity, spans: 0 };
  let person: Owner | undefined;

  function record(entry: PerformanceResourceTiming): void {
    const { name, startTime, responseEnd, initiatorType } = entry;
    const owner = person && startTime >= person.startMs && startTime <= person.untilMs ? person : page;
    // What was asked for on its behalf keeps it open, as it does its span.
    owner.untilMs = Math.min(owner.startMs + MAX_MS, Math.max(owner.untilMs, responseEnd + SETTLE_MS));
    if (REQUESTS.test(initiatorType) || !/^http/.test(name) || ++owner.spans > max) return;
    if (ignoreUrls.some((one) => (typeof one === 'string' ? name.startsWith(one) : one.test(name)))) return;

    const status = entry.responseStatus;
    const attributes: Attributes = {
      ...httpClientAttributes('GET', new URL(name), redactUrl),
      'browser.resource_timing.initiator_type': initiatorType,
      'browser.resource_timing.transfer_size': entry.transferSize,
      'http.response.body.size': entry.encodedBodySize,
    };
    // Another origin tells neither status nor sizes without `Timing-Allow-Origin`.
    if (status) attributes['http.response.status_code'] = status;
    const span = tracer.startSpan('resourceFetch', { kind: CLIENT, startTime, attributes }, owner.context);
    if (status >= 400) span.setAttribute('error.type', `${status}`).setStatus({ code: ERROR_STATUS });
    span.end(responseEnd);
  }
  const recordAll = (entries: PerformanceEntryList): void => {
    for (const entry of entries) {
      try {
        record(entry as PerformanceResourceTiming);
      } catch {
        // The program's `redactUrl` threw.
      }
    }
  };
  const observer = new PerformanceObserver((list) => recordAll(list.getEntries()));
  observer.observe({ type: 'resource', buffered: true });
  const recordRest = (): void => recordAll(observer.takeRecords());
  const stopLeaving = host.onLeaving(recordRest);

  function onInteraction({ timeStamp: startMs }: Event): void {
    const context = contextStore.active();
    // Nobody observes such events, or this one: what follows belongs to what it belonged to before.
    if (!getSpan(context) || context === page.context || context === person?.context) return;
    recordRest();
    person = { context, startMs, untilMs: startMs + SETTLE_MS, spans: 0 };
  }
  for (const type of ['click', 'keydown']) addEventListener(type, onInteraction, true);
  return () => {
    for (const type of ['click', 'keydown']) removeEventListener(type, onInteraction, true);
    stopLeaving();
    recordRest();
    observer.disconnect();
  };
}
