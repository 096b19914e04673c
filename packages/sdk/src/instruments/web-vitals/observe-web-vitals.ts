import type { Attributes, Context, Span } from '@opentelemetry/api';
import { rootContext } from '../../core/context/context.js';
import { setSpan } from '../../core/context/span-in-context.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { createLargestShifts, type LayoutShiftEntry, type ShiftWindow } from './largest-shifts.js';
import { createSlowestInteractions, type EventEntry } from './slowest-interactions.js';

/** Up to the first a value is good, above the second it is poor: milliseconds, CLS has no unit. https://web.dev/articles/vitals */
const thresholds = {
  CLS: [0.1, 0.25],
  FCP: [1_800, 3_000],
  INP: [200, 500],
  LCP: [2_500, 4_000],
  TTFB: [800, 1_800],
} as const;

/** Shorter events are not told: the least that browsers allow. Their durations are multiples of 8 ms. */
const SHORTEST_EVENT_MS = 16;

interface PaintEntry {
  readonly name: string;
  readonly startTime: number;
  readonly element?: Element | null;
}

/** What a person sees of a page in one go: since its load, or since it came back from the back/forward cache. */
interface View {
  readonly context: Context;
  readonly navigationType: string;
  /** When it began for the person; a page that was rendered in advance: when it was shown. */
  readonly startMs: number;
  /** Paints later than this were not waited for by anybody. */
  hiddenMs: number;
  readonly reported: Map<string, { readonly id: string; readonly value: number }>;
  largestPaint?: PaintEntry | undefined;
  readonly shifts: ReturnType<typeof createLargestShifts>;
  worstShifts?: ShiftWindow | undefined;
  readonly interactions: ReturnType<typeof createSlowestInteractions>;
  /** `performance.interactionCount` when it began. */
  readonly interactionsBefore: number;
}

const countInteractions = (): number | undefined =>
  (performance as Performance & { interactionCount?: number }).interactionCount;

/** The next frame has been shown. */
const whenShown = (run: () => void): void => void requestAnimationFrame(() => requestAnimationFrame(run));

/**
 * Web vitals, each a span `web vital LCP` (CLS, FCP, INP, LCP, TTFB) below the page's load with `browser.web_vital.name`, `.value`, `.delta`,
 * `.rating` (`good`, `needs-improvement`, `poor`), `.id` and `.navigation_type`, and the element it was about. A span lasts as long as what it
 * measures: LCP from the navigation to the paint, INP as long as the interaction took, CLS as long as the worst burst of shifts.
 *
 * TTFB and FCP are told when they are known, LCP at the first click or key, CLS and INP whenever the page is hidden or left and they
 * have changed: then with the same `id`, and `delta` says by how much. A page that comes back from the back/forward cache is a new view: a span
 * `documentRestore`, and its own vitals below it. What a browser does not measure is not told (LCP, CLS and INP outside of Chromium only in
 * newer ones).
 *
 * Start it behind `observePageLoad`, below whose span it records.
 */
export function observeWebVitals(host: InstrumentHost): () => void {
  const { tracer, contextStore } = host;
  const navigation = globalThis.performance?.getEntriesByType?.('navigation')[0] as
    | (PerformanceNavigationTiming & { readonly activationStart?: number })
    | undefined;
  if (!navigation || !globalThis.PerformanceObserver?.supportedEntryTypes) return () => {};

  const stops: (() => void)[] = [];
  const listen = (target: EventTarget, type: string, run: (event: Event) => unknown): void => {
    target.addEventListener(type, run, true);
    stops.push(() => target.removeEventListener(type, run, true));
  };
  /** Read what was measured and not yet told. */
  const reads: (() => void)[] = [];
  const observe = <E>(type: string, add: (entry: E) => void): void => {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
    const addAll = (entries: PerformanceEntryList): void => entries.forEach((entry) => void add(entry as unknown as E));
    const observer = new PerformanceObserver((list) => addAll(list.getEntries()));
    observer.observe({ type, buffered: true, durationThreshold: SHORTEST_EVENT_MS } as PerformanceObserverInit);
    reads.push(() => addAll(observer.takeRecords()));
    stops.push(() => observer.disconnect());
  };

  const createView = (context: Context, navigationType: string, startMs: number, hiddenMs: number): View => ({
    context,
    navigationType,
    startMs,
    hiddenMs,
    reported: new Map(),
    shifts: createLargestShifts(),
    interactions: createSlowestInteractions(),
    interactionsBefore: countInteractions() ?? 0,
  });
  const page = contextStore.active();
  let view: View;
  let restoring: Span | undefined;

  function report(
    name: keyof typeof thresholds,
    value: number,
    startMs: number,
    endMs: number,
    node?: Node | null,
  ): void {
    const { reported, context, navigationType } = view;
    const before = reported.get(name);
    if (before?.value === value) return;
    const id = before?.id ?? `v1-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    reported.set(name, { id, value });
    const [good, poor] = thresholds[name];
    const attributes: Attributes = {
      'browser.web_vital.name': name.toLowerCase(),
      'browser.web_vital.value': value,
      'browser.web_vital.delta': value - (before?.value ?? 0),
      'browser.web_vital.rating': value > poor ? 'poor' : value > good ? 'needs-improvement' : 'good',
      'browser.web_vital.id': id,
      'browser.web_vital.navigation_type': navigationType,
    };
    const element = node instanceof Element ? node : node?.parentElement;
    if (element) attributes['app.widget.tag'] = element.localName;
    if (element?.id) attributes['app.widget.id'] = element.id;
    tracer.startSpan(`web vital ${name}`, { attributes, startTime: startMs }, context).end(endMs);
  }

  /** A moment of the load, in milliseconds since it began; before that for what was ready in advance. */
  function reportMoment(name: 'FCP' | 'LCP' | 'TTFB', atMs: number, element?: Element | null): void {
    const value = Math.max(0, atMs - view.startMs);
    report(name, value, view.startMs, view.startMs + value, element);
  }

  const readAll = (): void => reads.forEach((read) => void read());

  /** The largest paint is known once the person does something: what is painted later came of that. */
  function settleLargestPaint(): void {
    readAll();
    const { largestPaint, reported } = view;
    if (largestPaint && !reported.has('LCP')) reportMoment('LCP', largestPaint.startTime, largestPaint.element);
  }

  function leave(): void {
    settleLargestPaint();
    if (document.visibilityState === 'hidden') view.hiddenMs = Math.min(view.hiddenMs, performance.now());
    const { worstShifts, reported, interactions, interactionsBefore } = view;
    // Without a first paint there is nothing that could shift.
    if (worstShifts) report('CLS', worstShifts.value, worstShifts.startMs, worstShifts.endMs, worstShifts.node);
    else if (canShift && reported.has('FCP')) report('CLS', 0, view.startMs, view.startMs);
    const count = countInteractions();
    const slowest = interactions.worst(count && count - interactionsBefore);
    if (slowest)
      report('INP', slowest.duration, slowest.startTime, slowest.startTime + slowest.duration, slowest.target);
    restoring?.end();
    restoring = undefined;
  }

  const canShift = PerformanceObserver.supportedEntryTypes.includes('layout-shift');

  function begin(): void {
    const { type, responseStart, activationStart = 0 } = navigation!;
    const { wasDiscarded } = document as Document & { wasDiscarded?: boolean };
    // Where the browser keeps no account of it, it is known only for now.
    const hidden = performance.getEntriesByType('visibility-state').find(({ name }) => name === 'hidden');
    view = createView(
      page,
      activationStart ? 'prerender' : wasDiscarded ? 'restore' : type.replace('_', '-'),
      activationStart,
      hidden?.startTime ?? (document.visibilityState === 'hidden' ? 0 : Infinity),
    );
    if (responseStart > 0 && responseStart <= performance.now()) reportMoment('TTFB', responseStart);
    observe<PaintEntry>('paint', ({ name, startTime }) => {
      if (name === 'first-contentful-paint' && startTime < view.hiddenMs && !view.reported.has('FCP'))
        reportMoment('FCP', startTime);
    });
    observe<PaintEntry>('largest-contentful-paint', (entry) => {
      if (entry.startTime < view.hiddenMs) view.largestPaint = entry;
    });
    observe<LayoutShiftEntry>('layout-shift', (entry) => {
      view.worstShifts = view.shifts.add(entry);
    });
    const onEvent = (entry: EventEntry): void => view.interactions.add(entry);
    observe('event', onEvent);
    observe('first-input', onEvent);
    for (const input of ['click', 'keydown'])
      listen(globalThis, input, ({ isTrusted }) => isTrusted && settleLargestPaint());
    listen(globalThis, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted) restore(event.timeStamp);
    });
    stops.push(host.onLeaving(leave));
  }

  function restore(startMs: number): void {
    readAll();
    const span = tracer.startSpan('documentRestore', { startTime: startMs }, rootContext);
    const restored = createView(setSpan(rootContext, span), 'back-forward-cache', startMs, Infinity);
    view = restored;
    restoring = span;
    reportMoment('TTFB', startMs);
    whenShown(() => {
      if (view !== restored || !restoring) return;
      const shownMs = performance.now();
      reportMoment('FCP', shownMs);
      reportMoment('LCP', shownMs);
      span.end(shownMs);
      restoring = undefined;
    });
  }

  // A page that is rendered in advance begins when it is shown.
  if ((document as Document & { prerendering?: boolean }).prerendering) {
    listen(document, 'prerenderingchange', begin);
  } else begin();
  return () => {
    if (view) leave();
    for (const stop of stops) stop();
  };
}
