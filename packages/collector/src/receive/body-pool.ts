/**
 * Room for request bodies, used again. A body lives for a millisecond between the socket and the columns; made anew each time, at several hundred
 * a second, they cost a fifth of the receiver's time in garbage collection.
 */
export interface BodyPool {
  /** At least `bytes` long, with anything in it. */
  take(bytes: number): Buffer;
  /** Nobody may look at it afterwards. */
  giveBack(buffer: Buffer): void;
}

/** Larger bodies are rare; keeping room for them would be keeping it from others. */
const LARGEST = 1024 * 1024;
const KEPT = 16;

export function createBodyPool(): BodyPool {
  const free: Buffer[] = [];
  return {
    take(bytes) {
      if (bytes > LARGEST) return Buffer.allocUnsafeSlow(bytes);
      const found = free.findIndex((buffer) => buffer.length >= bytes);
      if (found >= 0) return free.splice(found, 1)[0]!;
      // In powers of two, so that what was made for one request fits the next.
      return Buffer.allocUnsafeSlow(Math.max(16_384, 2 ** Math.ceil(Math.log2(bytes))));
    },
    giveBack(buffer) {
      if (buffer.length <= LARGEST && free.length < KEPT) free.push(buffer);
    },
  };
}
