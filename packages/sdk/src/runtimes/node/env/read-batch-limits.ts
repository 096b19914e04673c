import type { BatchLimits } from '../../../core/options.js';
import type { Environment } from './environment.js';

/**
 * `OTEL_BSP_*` and the OTLP time-out in the outbox's words (specification "Batch Span Processor" and "OTLP Exporter
 * Configuration"). One send ends at the shorter of the two time-outs, because a send here is an export there.
 */
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
  const timeouts = [
    environment.integer('OTEL_BSP_EXPORT_TIMEOUT', 1),
    environment.integer('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 1) ?? environment.integer('OTEL_EXPORTER_OTLP_TIMEOUT', 1),
  ].filter((timeout) => timeout !== undefined);

  return {
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(maxQueueItems !== undefined && { maxQueueItems }),
    ...(maxItems !== undefined && { maxItems }),
    ...(timeouts.length > 0 && { sendTimeoutMs: Math.min(...timeouts) }),
  };
}
