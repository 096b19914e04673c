import { StoreError } from './store.js';

const MAX_WAITING = 64;

/** So many things that one at a time can have, and a bounded line before them. */
export interface Places<Place> {
  /** Throws `StoreError` `busy` when the line is full, `stopped` when whoever waits has left. */
  take(abort: AbortSignal | undefined): Promise<Place>;
  giveBack(place: Place): void;
}

export function createPlaces<Place>(all: readonly Place[]): Places<Place> {
  const idle = [...all];
  const waiting: (() => void)[] = [];
  return {
    async take(abort) {
      const free = idle.pop();
      if (free !== undefined) return free;
      if (waiting.length >= MAX_WAITING)
        throw new StoreError('busy', 'Too many questions are waiting for the store; ask again in a moment.', true);
      return new Promise((done, failed) => {
        const turn = (): void => {
          abort?.removeEventListener('abort', leave);
          const place = idle.pop();
          if (place === undefined) waiting.unshift(turn);
          else done(place);
        };
        const leave = (): void => {
          const place = waiting.indexOf(turn);
          if (place >= 0) waiting.splice(place, 1);
          failed(new StoreError('stopped', 'The question was withdrawn.', false));
        };
        abort?.addEventListener('abort', leave, { once: true });
        waiting.push(turn);
      });
    },
    giveBack(place) {
      idle.push(place);
      waiting.shift()?.();
    },
  };
}
