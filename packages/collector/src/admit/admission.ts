import { createTurns, type Turns } from './turns.js';

/** Why there is no room, and what a sender is told. */
export interface NoRoom {
  readonly reason: 'full' | 'share' | 'memory' | 'disk';
  readonly message: string;
}

/**
 * Bounds what requests may hold in memory at once. A sender that finds no room is told when to come back; nothing is taken and then lost.
 *
 * `sender` names whom the bytes are for (an address, a connection; see receive/sender.ts). What one of them may have shrinks with what is free: a single greedy one
 * ends at half of the room, two at a third each, and whoever comes next finds the rest. Without a name only the whole counts.
 */
export interface Admission {
  /** `undefined`: no room; `noRoom` says why. */
  enter(bytes: number, sender?: string): Ticket | undefined;
  /** Of the last `enter` or `grow` that found none. */
  readonly noRoom: NoRoom;
  readonly bytesInFlight: number;
  readonly requestsInFlight: number;
  /** Work that takes another thread or much memory, a few at a time, each sender in turn. */
  readonly turns: Turns;
}

export interface Ticket {
  /** Asks for more (a body that grows, a body that inflates). `false`: no room; what was granted stays until `leave`. */
  grow(bytes: number): boolean;
  /** Gives some of it back. */
  shrink(bytes: number): void;
  /**
   * From now until `arrived` what is held waits for its sender. Where there is no room for others, and it has waited longer than they should, `evict` is called and has to end it; what it
   * holds counts as free at once.
   */
  arriving(evict: () => void): void;
  arrived(): void;
  /** Gives everything back. Safe to call twice. */
  leave(): void;
}

/** What a sender should wait, in seconds, before it tries again. */
export const RETRY_AFTER_SECONDS = 1;
/** A body has so long to arrive when others wait for its room. */
const PATIENCE_MS = 2_000;

const NO_ROOM: Readonly<Record<'full' | 'share' | 'memory', NoRoom>> = {
  full: { reason: 'full', message: 'The collector has as much in memory as it may; send again in a moment.' },
  share: {
    reason: 'share',
    message: 'The collector has as much of this sender in memory as leaves room for others; send again in a moment.',
  },
  memory: { reason: 'memory', message: 'The collector is close to its limit of memory; send again in a moment.' },
};

export interface AdmissionOptions {
  /** Whether the process has as much memory as it may: then only one request is taken at a time. */
  readonly isMemoryFull?: (() => boolean) | undefined;
  /** Why nothing can be taken now, whoever asks (a full disk). */
  readonly closed?: (() => NoRoom | undefined) | undefined;
  readonly now?: (() => number) | undefined;
}

/**
 * `softLimitBytes`: bodies, packed and unpacked, that may be in memory together. A single request always finds room when nothing else is
 * there, however large it is, so that a limit set too low slows down and does not lock out.
 */
export function createAdmission(softLimitBytes: number, options: AdmissionOptions = {}): Admission {
  const { isMemoryFull = () => false, closed = () => undefined, now = () => performance.now() } = options;
  let total = 0;
  let requests = 0;
  let noRoom: NoRoom = NO_ROOM.full;
  const bytesOf = new Map<string, number>();
  /** What waits for its sender, the longest first. */
  const waiting = new Map<object, { readonly sinceMs: number; readonly evict: () => void }>();

  function findRoom(bytes: number, mine: number, sender: string | undefined): boolean {
    const why = closed() ?? whyFull(bytes, mine, sender);
    if (why === undefined) return true;
    noRoom = why;
    return false;
  }

  function whyFull(bytes: number, mine: number, sender: string | undefined): NoRoom | undefined {
    if (total === mine) return undefined;
    if (isMemoryFull()) return NO_ROOM.memory;
    if (total + bytes > softLimitBytes) {
      evictFor(bytes);
      if (total + bytes > softLimitBytes && total > mine) return NO_ROOM.full;
    }
    const held = sender === undefined ? 0 : (bytesOf.get(sender) ?? 0);
    if (held > 0 && held + bytes > softLimitBytes - total - bytes) return NO_ROOM.share;
    return undefined;
  }

  function evictFor(bytes: number): void {
    const latest = now() - PATIENCE_MS;
    for (const { sinceMs, evict } of waiting.values()) {
      if (sinceMs > latest || total + bytes <= softLimitBytes) return;
      evict();
    }
  }

  function book(bytes: number, sender: string | undefined): void {
    total += bytes;
    if (sender === undefined) return;
    const held = (bytesOf.get(sender) ?? 0) + bytes;
    if (held > 0) bytesOf.set(sender, held);
    else bytesOf.delete(sender);
  }

  return {
    turns: createTurns(),
    get bytesInFlight() {
      return total;
    },
    get requestsInFlight() {
      return requests;
    },
    get noRoom() {
      return noRoom;
    },
    enter(bytes, sender) {
      if (!findRoom(bytes, 0, sender)) return undefined;
      book(bytes, sender);
      requests++;
      let mine = bytes;
      let isIn = true;
      const ticket: Ticket = {
        grow(more) {
          if (!isIn || !findRoom(more, mine, sender)) return false;
          book(more, sender);
          mine += more;
          return true;
        },
        shrink(less) {
          const given = Math.min(less, mine);
          book(-given, sender);
          mine -= given;
        },
        arriving(evict) {
          waiting.set(ticket, {
            sinceMs: now(),
            evict() {
              ticket.leave();
              evict();
            },
          });
        },
        arrived: () => void waiting.delete(ticket),
        leave() {
          if (!isIn) return;
          isIn = false;
          waiting.delete(ticket);
          requests--;
          book(-mine, sender);
          mine = 0;
        },
      };
      return ticket;
    },
  };
}
