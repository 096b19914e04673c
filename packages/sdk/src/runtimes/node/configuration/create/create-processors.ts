import type { Signal } from '../../../../core/batch.js';
import type { BatchLimits } from '../../../../core/options.js';
import type { Transport } from '../../../../core/ports.js';
import type { BatchingModel, ExporterModel, ProcessorModel } from '../configuration-model.js';
import { createTransport, exporterNames, limited } from './create-exporter.js';
import type { Creation } from './creation.js';

/** Where the spans or log records of a file go, beside plugins. */
export interface CreatedProcessors {
  readonly transports: readonly Transport[];
  /** What they are batched by. */
  readonly limits: Partial<BatchLimits>;
  /** How long the most patient of the transports waits. */
  readonly timeoutMs: number;
}

export interface PluginHandlers {
  /** Takes a processor that is a plugin's. */
  readonly processor: (model: ProcessorModel, path: string) => void;
  /** Takes an exporter that is a plugin's, and what batches it: nothing for `simple`. */
  readonly exporter: (model: ExporterModel, path: string, batching: Partial<BatchLimits> | undefined) => void;
}

/** In one batch for all: `batch` before `simple`, the first before the others. */
export function createProcessors(
  processors: readonly ProcessorModel[],
  signal: Exclude<Signal, 'metrics'>,
  path: string,
  creation: Creation,
  plugins: PluginHandlers,
): CreatedProcessors {
  const transports: Transport[] = [];
  const batches: (Partial<BatchLimits> & { readonly at: string })[] = [];
  let timeoutMs = 0;
  processors.forEach((processor, index) => {
    const { batch, simple } = processor;
    const inside = batch ?? simple;
    const at = `${path}[${index}]`;
    if (!inside) {
      plugins.processor(processor, at);
      return;
    }
    const [kind] = Object.keys(processor);
    const exporterPath = `${at}.${kind}.exporter`;
    const limits = batch ? batchLimits(batch) : undefined;
    const [name = ''] = Object.keys(inside.exporter);
    if (!(exporterNames as readonly string[]).includes(name)) {
      plugins.exporter(inside.exporter, exporterPath, limits);
      return;
    }
    const made = createTransport(inside.exporter, signal, exporterPath, creation);
    if (!made) return;
    const timed = limited(made, batch?.export_timeout);
    transports.push(timed.transport);
    timeoutMs = Math.max(timeoutMs, timed.timeoutMs);
    if (limits) batches.push({ ...limits, at });
  });
  const [first, ...others] = batches;
  if (!first) return { transports, timeoutMs, limits: transports.length ? { maxItems: 1, maxAgeMs: 0 } : {} };
  const { at, ...limits } = first;
  for (const { at: where, ...other } of others)
    if (JSON.stringify(other) !== JSON.stringify(limits))
      creation.warn(where, `is batched as ${at} is: a batch is made once and goes to all of them.`);
  return { transports, timeoutMs, limits };
}

/** With the specification's defaults, which are not those of `start()`. */
function batchLimits(model: BatchingModel): Partial<BatchLimits> {
  const maxQueueItems = model.max_queue_size ?? 2_048;
  return {
    maxAgeMs: model.schedule_delay ?? undefined,
    maxQueueItems,
    maxItems: Math.min(model.max_export_batch_size ?? 512, maxQueueItems),
  };
}
