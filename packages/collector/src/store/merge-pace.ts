import { PARTS_PER_MERGE } from './migration.js';

/**
 * While inserts fill the engine's time, parts wait until this many of a size can be merged at once. A merge costs half as much again as the insert did, for each level
 * that a span passes through: eight at a time over 10 million spans is twice, thirty-two at a time once at most. A day then has some sixty parts more, until the load is over.
 */
const PARTS_PER_MERGE_WHEN_BUSY = 32;

/** Looked at so often; what counts is the share of this long that inserts took. */
const LOOK_MS = 5_000;
const BUSY_SHARE = 0.5;
const CALM_SHARE = 0.2;

export interface MergePaceOptions {
  /** Milliseconds that do not jump. */
  readonly now: () => number;
  /** How many parts of a size are to be merged at once from here on. */
  readonly setParts: (parts: number) => Promise<void>;
}

export interface MergePace {
  /** An insert took from then until now. */
  inserted(sinceMs: number): void;
  /** To be called every `LOOK_MS` or so. */
  look(): Promise<void>;
}

/** Merges fewer, larger sets of parts while data streams in as fast as the engine can take it, and catches up when it has time. */
export function createMergePace({ now, setParts }: MergePaceOptions): MergePace {
  let busyMs = 0;
  let sinceMs = now();
  let parts: number | undefined;

  return {
    inserted(beganMs) {
      busyMs += now() - Math.max(beganMs, sinceMs);
    },
    async look() {
      const share = busyMs / Math.max(1, now() - sinceMs);
      busyMs = 0;
      sinceMs = now();
      // In between it stays as it is. What an earlier run left, perhaps in the midst of a load, is not known at first.
      const wanted =
        share >= BUSY_SHARE
          ? PARTS_PER_MERGE_WHEN_BUSY
          : share <= CALM_SHARE || parts === undefined
            ? PARTS_PER_MERGE
            : parts;
      if (wanted === parts) return;
      await setParts(wanted);
      parts = wanted;
    },
  };
}

/** Runs `look` until it is stopped. Failing to set a pace costs speed and nothing else: it is tried again. */
export function keepPace(pace: MergePace): () => void {
  const timer = setInterval(() => void pace.look().catch(() => undefined), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
