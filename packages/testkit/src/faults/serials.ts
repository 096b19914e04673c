import type { FaultCount } from './fault-run.js';

/** The attribute, an integer, by which a fault case knows each span again. */
export const SERIAL = 'throughline.serial';

/**
 * What is missing of `sent`, and what was found more than once. Serials that were found and not sent are no fault: a sender that was
 * killed does not know of its last ones.
 */
export function tallySerials(sent: Iterable<number>, found: Iterable<number>): FaultCount {
  const times = new Map<number, number>();
  for (const serial of found) times.set(serial, (times.get(serial) ?? 0) + 1);
  let sum = 0;
  let missing = 0;
  for (const serial of new Set(sent)) {
    sum++;
    if (!times.has(serial)) missing++;
  }
  let duplicated = 0;
  for (const count of times.values()) duplicated += count - 1;
  return { sent: sum, stored: times.size, missing, duplicated };
}
