import type { Ticket } from '../admit/admission.js';
import type { BodyPool } from './body-pool.js';

/**
 * A body while it arrives. It takes room as its bytes come, not as they were announced: who announces much and sends nothing holds nothing. Pieces are copied at once, because
 * a body of pieces of one byte each would cost a hundred times its size.
 */
export class IncomingBody {
  private room: Buffer | undefined;
  private length = 0;
  private booked = 0;
  private readonly pool: BodyPool;
  private readonly ticket: Ticket;
  /** 0: not known. */
  private announced: number;

  constructor(pool: BodyPool, ticket: Ticket, announced: number) {
    this.pool = pool;
    this.ticket = ticket;
    this.announced = announced;
  }

  get bytes(): number {
    return this.length;
  }

  /** Its length has become known. */
  expect(bytes: number): void {
    this.announced = bytes;
  }

  /** `false`: there is no room for it. */
  add(piece: Uint8Array): boolean {
    const needed = this.length + piece.length;
    const { room } = this;
    if (room === undefined || needed > room.length) {
      // Most bodies are whole after two or three pieces of 64 KiB.
      const ahead = Math.max(needed, Math.min(this.announced, needed * 4), this.announced === 0 ? needed * 2 : 0);
      if (!this.ticket.grow(ahead - this.booked)) return false;
      this.booked = ahead;
      const larger = this.pool.take(ahead);
      if (room !== undefined) {
        larger.set(room.subarray(0, this.length));
        this.pool.giveBack(room);
      }
      this.room = larger;
    }
    this.room!.set(piece, this.length);
    this.length = needed;
    return true;
  }

  /** What has arrived. Valid until `giveBack`. */
  view(): Uint8Array {
    return this.room?.subarray(0, this.length) ?? NOTHING;
  }

  giveBack(): void {
    if (this.room !== undefined) this.pool.giveBack(this.room);
    this.room = undefined;
  }
}

const NOTHING = new Uint8Array(0);
