import type { Clock } from '../ports.js';
import { errorSeverity } from './severities.js';

/** How many log records a program may make. */
export interface LogVolumeLimit {
  /** In the long run, in a second. */
  readonly perSecond: number;
  /** At once, after a time of silence. Default: ten seconds' worth. */
  readonly burst?: number | undefined;
}

/** A fifth of what may come at once is there for errors alone, but never all: where a program talks too much, what is no error goes first. */
const errorShare = 0.2;
const defaultBurstSeconds = 10;

export interface VolumeGate {
  /** Whether a record of this severity may still be kept. */
  admits(severityNumber: number): boolean;
  readonly dropped: number;
}

/** A bucket that fills by `perSecond` and holds `burst`: each record takes one out of it. */
export function createVolumeGate({ perSecond, burst }: LogVolumeLimit, clock: Clock): VolumeGate {
  const size = Math.max(burst ?? perSecond * defaultBurstSeconds, 1);
  const forErrors = Math.min(size * errorShare, size - 1);
  let level = size;
  let lastMs = clock.monotonicMs();
  let dropped = 0;
  return {
    admits(severityNumber) {
      const now = clock.monotonicMs();
      level = Math.min(level + ((now - lastMs) / 1_000) * perSecond, size);
      lastMs = now;
      if (level - 1 < (severityNumber >= errorSeverity ? 0 : forErrors)) {
        dropped++;
        return false;
      }
      level--;
      return true;
    },
    get dropped() {
      return dropped;
    },
  };
}
