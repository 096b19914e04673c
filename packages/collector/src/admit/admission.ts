/**
 * Bounds what requests may hold in memory at once. A sender that finds no room is told when to come back; nothing is taken and then lost.
 */
export interface Admission {
  /** `undefined`: no room. */
  enter(bytes: number): Ticket | undefined;
  readonly bytesInFlight: number;
}

export interface Ticket {
  /** Asks for more (a body that grows, a body that inflates). `false`: no room; what was granted stays until `leave`. */
  grow(bytes: number): boolean;
  /** Gives everything back. Safe to call twice. */
  leave(): void;
}

/** What a sender should wait, in seconds, before it tries again. */
export const RETRY_AFTER_SECONDS = 1;

/**
 * `softLimitBytes`: bodies, compressed and inflated, that may be in memory together. A single request always finds room when nothing else is
 * there, however large it is, so that a limit set too low slows down and does not lock out.
 */
export function createAdmission(softLimitBytes: number): Admission {
  let total = 0;
  return {
    get bytesInFlight() {
      return total;
    },
    enter(bytes) {
      if (total > 0 && total + bytes > softLimitBytes) return undefined;
      total += bytes;
      let mine = bytes;
      return {
        grow(more) {
          if (total > mine && total + more > softLimitBytes) return false;
          total += more;
          mine += more;
          return true;
        },
        leave() {
          total -= mine;
          mine = 0;
        },
      };
    },
  };
}
