import type { Batch } from '../batch.js';
import type { SacrificeOrder } from '../options.js';

/** Which of these is missed least. Ids of one process rise. */
export function firstToGo(batches: Iterable<Batch>, order: SacrificeOrder = 'low-priority-first'): Batch | undefined {
  let first: Batch | undefined;
  for (const batch of batches) if (!first || goesBefore(batch, first, order)) first = batch;
  return first;
}

function goesBefore(a: Batch, b: Batch, order: SacrificeOrder): boolean {
  if (order === 'newest-first') return a.id > b.id;
  if (order === 'oldest-first' || a.priority === b.priority) return a.id < b.id;
  return b.priority === 'high';
}
