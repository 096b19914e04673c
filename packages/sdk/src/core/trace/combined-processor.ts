import type { SpanProcessor } from './span-processor.js';

/**
 * Several processors as one, in order. What one throws is reported and the others are called all the same; `forceFlush` and
 * `shutdown` ask all of them at once, wait for all and never reject.
 */
export function combinedProcessor(
  processors: readonly SpanProcessor[],
  onError: (error: unknown) => void,
): SpanProcessor {
  if (processors.length === 1) return processors[0]!;
  const each = (call: (processor: SpanProcessor) => void): void => {
    for (const processor of processors) {
      try {
        call(processor);
      } catch (error) {
        onError(error);
      }
    }
  };
  return {
    onStart: (span, context) => each((processor) => processor.onStart(span, context)),
    onEnding: (span) => each((processor) => processor.onEnding?.(span)),
    onEnd: (span) => each((processor) => processor.onEnd(span)),
    forceFlush: () => settleAll(processors, (processor) => processor.forceFlush(), onError),
    shutdown: () => settleAll(processors, (processor) => processor.shutdown(), onError),
  };
}

/** Runs `call` for all at once and waits for all; failures are reported, not thrown. */
async function settleAll(
  processors: readonly SpanProcessor[],
  call: (processor: SpanProcessor) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  await Promise.all(processors.map((processor) => Promise.resolve(processor).then(call).catch(onError)));
}
