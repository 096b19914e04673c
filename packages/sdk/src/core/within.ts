import type { Timers } from './ports.js';

/** What `work` comes to, or `false` when it takes longer than `timeoutMs`. `work` must not reject. */
export const within = (timers: Timers, timeoutMs: number, work: Promise<boolean>): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = timers.after(timeoutMs, () => resolve(false));
    void work.then((result) => {
      cancel();
      resolve(result);
    });
  });
