/**
 * A memory that is read, programmed and erased as NOR flash is: erasing sets every bit of a block, programming can only clear bits. Calls are
 * made one after the other and return when they are done; what they throw means that this block does not work. A power cut may come inside
 * any of them, at any byte.
 */
export interface BlockDevice {
  /** What one `erase` erases, in bytes: 1,024 or more, a multiple of `pageBytes`. 4,096 on most chips. */
  readonly blockBytes: number;
  /** Two or more. */
  readonly blockCount: number;
  /**
   * What must be programmed in one piece and at most once between two erasures: 1, or what error correction and encryption ask for (8, 16).
   * Positions and lengths of `program` are multiples of it. Default 1.
   */
  readonly pageBytes?: number | undefined;
  /** `memory`: what is here is gone without power. Default `power-loss`. */
  readonly durability?: 'memory' | 'power-loss' | undefined;
  /** Fills `target` with the bytes from `position` on. */
  read(position: number, target: Uint8Array<ArrayBuffer>): void;
  /** Clears the bits that are 0 in `bytes`. `bytes` are the caller's again afterwards. */
  program(position: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** Makes every byte of a block 0xFF. */
  erase(block: number): void;
}
