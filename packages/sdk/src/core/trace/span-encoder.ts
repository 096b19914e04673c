import type { OnFragment } from '../batch.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import { RecordingSpan } from './recording-span.js';
import type { SpanProcessor } from './span-processor.js';
import { sampledFlag } from './trace-flags.js';

export interface SpanEncoderOptions {
  /** Takes spans whose status is not an error. */
  readonly normal: FragmentBuffer;
  /** Takes spans whose status is an error: what is kept longest. */
  readonly high: FragmentBuffer;
  /** Told after each span that was written, with the buffer it is in. */
  readonly onFragment: OnFragment;
}

/**
 * The processor that turns a span into bytes the moment it has ended. It keeps no span. Spans that are recorded but not sampled
 * are skipped. `forceFlush` and `shutdown` do nothing: the buffers belong to the outbox.
 */
export function createSpanEncoder({ normal, high, onFragment }: SpanEncoderOptions): SpanProcessor {
  return {
    onStart() {},
    onEnd(span) {
      if (!(span instanceof RecordingSpan) || !(span.flags & sampledFlag)) return;
      const buffer = span.isError ? high : normal;
      span.writeTo(buffer);
      onFragment(buffer);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
