import type { BatchLimits } from '../../../core/options.js';
import type { Environment } from './environment.js';

/** `OTEL_BSP_*` in the outbox's words (specification "Batch Span Processor"). What is waited for an answer is `readTimeout`. */
export function readBatchLimits(environment: Environment): Partial<BatchLimits> {
  const maxAgeMs = environment.integer('OTEL_BSP_SCHEDULE_DELAY');
  const maxQueueItems = environment.integer('OTEL_BSP_MAX_QUEUE_SIZE', 1);
  let maxItems = environment.integer('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1);
  if (maxItems !== undefined && maxItems > (maxQueueItems ?? 2048)) {
    const queue = maxQueueItems ?? 2048;
    environment.reject(
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      `${maxItems} is more than the queue holds (OTEL_BSP_MAX_QUEUE_SIZE, ${queue}); ${queue} is used`,
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
