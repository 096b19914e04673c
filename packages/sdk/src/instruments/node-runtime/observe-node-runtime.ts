import { isMainThread, threadId } from 'node:worker_threads';
import type { InstrumentHost } from '../../core/instrument.js';
import { sdkVersion } from '../../core/resource/sdk-version.js';
import { type EventLoopOptions, observeEventLoop } from './event-loop.js';
import { observeGarbageCollection } from './garbage-collection.js';
import { observeHeap } from './heap.js';

export type NodeRuntimeOptions = EventLoopOptions;

/**
 * Metrics of Node and of V8: how late the event loop is and how much of the time it works, garbage collections, the heap's spaces, what keeps the loop
 * alive. Those of a worker thread carry its `thread.id`: each has a loop and a heap of its own. What an engine does not have (Bun, Deno) is left out.
 */
export function observeNodeRuntime(host: InstrumentHost, options: NodeRuntimeOptions = {}): () => void {
  const meter = host.meterProvider?.getMeter('@throughline/sdk', sdkVersion);
  if (!meter) return () => {};
  const attributes = isMainThread ? {} : { 'thread.id': threadId };
  const stops: (() => void)[] = [];
  for (const begin of [
    () => observeEventLoop(meter, attributes, options),
    () => observeGarbageCollection(meter, attributes, host.onLeaving),
    () => observeHeap(meter, attributes),
  ]) {
    try {
      stops.push(begin());
    } catch {
      // An engine that names a part of Node's interface without having it.
    }
  }
  return () => {
    for (const stop of stops) stop();
  };
}
