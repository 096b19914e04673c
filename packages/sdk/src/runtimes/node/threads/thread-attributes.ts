import * as threads from 'node:worker_threads';
import type { SpanProcessor } from '../../../core/trace/span-processor.js';

/** Says on each span which thread it ran in: the resource is the whole program's. */
export const threadAttributes: SpanProcessor = {
  onStart(span) {
    span.setAttribute('thread.id', threads.threadId);
    const { threadName } = threads as { readonly threadName?: string };
    if (threadName) span.setAttribute('thread.name', threadName);
  },
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};
