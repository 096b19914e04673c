import type { BatchLimits } from '../../../core/options.js';
import type { Environment } from './environment.js';

/**
 * `OTEL_BSP_*` or `OTEL_BLRP_*` in the outbox's words (specification "Batch Span Processor", "Batch LogRecord Processor"). What is waited for an answer is
 * `readTimeout`.
 */
export function readBatchLimits(environment: Environment, processor: 'BSP' | 'BLRP' = 'BSP'): Partial<BatchLimits> {
  const maxAgeMs = environment.integer(`OTEL_${processor}_SCHEDULE_DELAY`);
  const maxQueueItems = environment.integer(`OTEL_${processor}_MAX_QUEUE_SIZE`, 1);
  let maxItems = environment.integer(`OTEL_${processor}_MAX_EXPORT_BATCH_SIZE`, 1);
  if (maxItems !== undefined && maxItems > (maxQueueItems ?? 2048)) {
    const queue = maxQueueItems ?? 2048;
    environment.reject(
      `OTEL_${processor}_MAX_EXPORT_BATCH_SIZE`,
      `${maxItems} is more than the queue holds (OTEL_${processor}_MAX_QUEUE_SIZE, ${queue}); ${queue} is used`,
    );
    maxItems = queue;
  } else if (maxItems === undefined && maxQueueItems !== undefined && maxQueueItems < 512) {
    maxItems = maxQueueItems;
  }
  return {
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(maxQueueItems !== undefined && { maxQueueItems }),
    ...(maxItems !== undefined && { maxItems }),
  };
}
