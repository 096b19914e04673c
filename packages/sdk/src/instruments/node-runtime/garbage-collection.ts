import { PerformanceObserver } from 'node:perf_hooks';
import type { Attributes, Meter } from '@opentelemetry/api';

/** V8's kinds of collection (`perf_hooks.constants.NODE_PERFORMANCE_GC_…`; 2 is the newer one of the young generation), as `v8js.gc.type` names them. */
const types: Readonly<Record<number, string>> = { 1: 'minor', 2: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };

/** `v8js.gc.duration` (semantic conventions, "V8 JS engine runtime metrics"), with the bounds that stand there. */
export function observeGarbageCollection(
  meter: Meter,
  attributes: Attributes,
  onLeaving: (run: () => void) => () => void,
): () => void {
  const duration = meter.createHistogram('v8js.gc.duration', {
    unit: 's',
    description: 'Garbage collection duration.',
    advice: { explicitBucketBoundaries: [0.01, 0.1, 1, 10] },
  });
  const ofType = Object.fromEntries(
    Object.entries(types).map(([kind, type]) => [kind, { ...attributes, 'v8js.gc.type': type }]),
  );
  const record = (entries: readonly { readonly duration: number; readonly detail?: unknown }[]): void => {
    for (const entry of entries) {
      const { kind } = (entry.detail ?? {}) as { readonly kind?: number };
      if (kind !== undefined && ofType[kind]) duration.record(entry.duration / 1e3, ofType[kind]);
    }
  };
  const observer = new PerformanceObserver((list) => record(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  // What was not told yet belongs to what is sent last.
  const stopLeaving = onLeaving(() => record(observer.takeRecords()));
  return () => {
    stopLeaving();
    observer.disconnect();
  };
}
