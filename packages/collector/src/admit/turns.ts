/** Bounds how much is done at once, and lets those who ask in turn: one with a hundred pieces of work does not keep another's first one waiting for all of them. */
export interface Turns {
  /** Resolves with what `work` resolves with, and rejects as it does. */
  take<Result>(work: () => Promise<Result>, sender?: string): Promise<Result>;
}

/** Half of the threads that files are written by as well. */
const AT_ONCE = 2;

export function createTurns(atOnce = AT_ONCE): Turns {
  let running = 0;
  /** The sender whose turn is next stands first. */
  const waiting = new Map<string, (() => void)[]>();

  function next(): void {
    const first = waiting.entries().next();
    if (first.done) return;
    const [sender, queue] = first.value;
    waiting.delete(sender);
    const begin = queue.shift();
    if (queue.length > 0) waiting.set(sender, queue);
    begin?.();
  }

  return {
    async take(work, sender = '') {
      if (running >= atOnce) {
        await new Promise<void>((begin) => {
          const queue = waiting.get(sender);
          if (queue === undefined) waiting.set(sender, [begin]);
          else queue.push(begin);
        });
      } else running++;
      try {
        return await work();
      } finally {
        // Whoever is next has this place.
        if (waiting.size > 0) next();
        else running--;
      }
    },
  };
}
