import type { Batch } from '../batch.js';
import type { SacrificeOrder } from '../options.js';
import { type BatchQueue, countsAsItem } from './batch-queue.js';
import { firstToGo } from './first-to-go.js';

/** The default place to wait: this program's memory, in order of sealing. */
export function memoryQueue(order?: SacrificeOrder): BatchQueue {
  const high: Batch[] = [];
  const normal: Batch[] = [];
  const wait = (batch: Batch) => (batch.priority === 'high' ? high : normal).push(batch);

  function count(batch: Batch, sign: 1 | -1): void {
    queue.items += sign * batch.items;
    queue.bytes += sign * batch.bytes.length;
    if (countsAsItem(batch)) queue.countedItems += sign * batch.items;
  }

  function add(batch: Batch): void {
    count(batch, 1);
    wait(batch);
  }

  const queue = {
    items: 0,
    bytes: 0,
    countedItems: 0,
    add,
    next: (leaving?: boolean) => (leaving ? (high.pop() ?? normal.pop()) : (high.shift() ?? normal.shift())),
    back: wait,
    done(batch: Batch, parts: readonly Batch[] = []) {
      count(batch, -1);
      parts.forEach(add);
    },
    sacrifice(eligible: (batch: Batch) => boolean = () => true) {
      // Not the first of the line: one that came back stands at its end.
      const victim = firstToGo([...normal, ...high].filter(eligible), order);
      if (!victim) return undefined;
      const line = victim.priority === 'high' ? high : normal;
      line.splice(line.indexOf(victim), 1);
      count(victim, -1);
      return victim;
    },
    close() {
      const lost = queue.items;
      high.length = normal.length = queue.items = queue.bytes = queue.countedItems = 0;
      return lost;
    },
  };
  return queue;
}
