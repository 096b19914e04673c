import type { BlockDevice } from '../../sdk/src/stores/ring/block-device.js';

/** Thrown in the middle of a write, and by everything after it until `power()`. */
export class PowerCut extends Error {}

export interface SimulatedFlashOptions {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly pageBytes?: number;
  /** A number from 0 to 1, for bits that were half way when the power went. Default `Math.random`. */
  readonly random?: () => number;
}

export interface SimulatedFlash extends BlockDevice {
  /** The power goes when so many more bytes have been programmed or erased; within the next one. */
  cutAfter(bytes: number): void;
  /** The power is back; nothing is cut any more. */
  power(): void;
  readonly isDead: boolean;
  /** Bytes programmed and erased so far. */
  readonly written: number;
  /** Erasures of each block. */
  readonly wear: readonly number[];
  readonly bytes: Uint8Array;
  /** What real flash would have taken without a word, and have corrupted. */
  readonly misuse: readonly string[];
}

/** How an erasure that is cut short leaves its block. */
const tornErasures = ['front', 'back', 'scattered', 'zeroed'] as const;

/**
 * NOR flash in memory. It refuses what real flash cannot do: setting a bit by programming, half a page, a page programmed twice. A byte that was being
 * written when the power went has some of its bits.
 */
export function simulatedFlash(options: SimulatedFlashOptions): SimulatedFlash {
  const { blockBytes, blockCount, pageBytes = 1, random = Math.random } = options;
  const bytes = new Uint8Array(blockBytes * blockCount).fill(0xff);
  const wear = Array.from({ length: blockCount }, () => 0);
  let budget = Number.POSITIVE_INFINITY;
  let written = 0;
  let isDead = false;
  const misuse: string[] = [];

  const needPower = () => {
    if (isDead) throw new PowerCut('there is no power');
  };
  const die = (): never => {
    isDead = true;
    throw new PowerCut('the power went');
  };
  const refuse = (what: string): never => {
    misuse.push(what);
    throw new Error(what);
  };
  const someBits = () => Math.floor(random() * 256);

  return {
    blockBytes,
    blockCount,
    pageBytes,
    bytes,
    wear,
    misuse,
    get isDead() {
      return isDead;
    },
    get written() {
      return written;
    },
    cutAfter(more) {
      budget = more;
    },
    power() {
      isDead = false;
      budget = Number.POSITIVE_INFINITY;
    },
    read(position, target) {
      needPower();
      if (position < 0 || position + target.length > bytes.length) throw new RangeError(`read at ${position}`);
      target.set(bytes.subarray(position, position + target.length));
    },
    program(position, source) {
      needPower();
      if (position % pageBytes || source.length % pageBytes || position + source.length > bytes.length)
        refuse(`${source.length} bytes at ${position} are not whole pages`);
      // Of pages of one byte the bits say enough.
      for (let at = 0; pageBytes > 1 && at < source.length; at += pageBytes) {
        const page = position + at;
        const cleared = source.subarray(at, at + pageBytes);
        // A page of ones is left as it is; one of zeros may be programmed again after a cut.
        if (cleared.every((byte) => byte === 0xff)) continue;
        const isBlank = bytes.subarray(page, page + pageBytes).every((byte) => byte === 0xff);
        if (!isBlank && cleared.some((byte) => byte !== 0)) refuse(`page ${page} programmed twice`);
      }
      for (let at = 0; at < source.length; at++) {
        const before = bytes[position + at]!;
        if ((before & source[at]!) !== source[at]) refuse(`byte ${position + at}: programming sets no bits`);
        if (budget-- <= 0) {
          bytes[position + at] = before & (source[at]! | someBits());
          die();
        }
        bytes[position + at] = source[at]!;
        written++;
      }
    },
    erase(block) {
      needPower();
      if (!(block >= 0 && block < blockCount)) throw new RangeError(`block ${block}`);
      wear[block]!++;
      const own = bytes.subarray(block * blockBytes, (block + 1) * blockBytes);
      if (budget < blockBytes) {
        const done = Math.max(0, budget);
        const how = tornErasures[Math.floor(random() * tornErasures.length)]!;
        if (how === 'front') own.fill(0xff, 0, done);
        else if (how === 'back') own.fill(0xff, blockBytes - done);
        else if (how === 'zeroed') own.fill(0, 0, done);
        else for (let at = 0; at < done; at++) own[Math.floor(random() * blockBytes)]! |= someBits();
        die();
      }
      budget -= blockBytes;
      written += blockBytes;
      own.fill(0xff);
    },
  };
}
