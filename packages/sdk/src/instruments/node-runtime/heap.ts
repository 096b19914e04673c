import { getHeapSpaceStatistics } from 'node:v8';
import type { Attributes, Meter } from '@opentelemetry/api';

/**
 * `v8js.memory.heap.used` and `v8js.memory.heap.space.*`, of each space of V8's heap, and `v8js.resource.active`: what keeps the event loop alive
 * (semantic conventions, "V8 JS engine runtime metrics").
 */
export function observeHeap(meter: Meter, attributes: Attributes): () => void {
  const bytes = (name: string, description: string) =>
    meter.createObservableUpDownCounter(`v8js.memory.heap.${name}`, { unit: 'By', description });
  const used = bytes('used', 'Heap Memory size allocated.');
  const size = bytes('space.size', 'Total heap memory size pre-allocated for a heap space.');
  const available = bytes('space.available_size', 'Heap space available size.');
  const physical = bytes('space.physical_size', 'Committed size of a heap space.');
  const resources = meter.createObservableGauge('v8js.resource.active', {
    unit: '{resource}',
    description: 'Gauge of the active resources that are currently keeping the event loop alive.',
  });
  const all = [used, size, available, physical, resources];
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const space of getHeapSpaceStatistics()) {
      const of = { ...attributes, 'v8js.heap.space.name': space.space_name };
      result.observe(used, space.space_used_size, of);
      result.observe(size, space.space_size, of);
      result.observe(available, space.space_available_size, of);
      result.observe(physical, space.physical_space_size, of);
    }
    const counts = new Map<string, number>();
    for (const type of process.getActiveResourcesInfo?.() ?? []) counts.set(type, (counts.get(type) ?? 0) + 1);
    for (const [type, count] of counts) result.observe(resources, count, { ...attributes, 'v8js.resource.type': type });
  };
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}
