const CHUNK_BYTES = 256 * 1024;
const KEPT = 24;

/** Chunks that were filled; their memory is used again when they are given back. */
export interface FilledChunks {
  readonly views: readonly Uint8Array[];
  giveBack(): void;
}

/** Bytes one behind the other in chunks of a fixed size, used again: what is under way to the disk makes no garbage. */
export class ChunkWriter {
  /** Since the last `take`. */
  length = 0;
  private chunks: Buffer[] = [];
  private readonly free: Buffer[] = [];
  private used = CHUNK_BYTES;

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.used === CHUNK_BYTES) {
        this.chunks.push(this.free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES));
        this.used = 0;
      }
      const chunk = this.chunks.at(-1)!;
      const piece = bytes.subarray(from, from + CHUNK_BYTES - this.used);
      chunk.set(piece, this.used);
      this.used += piece.length;
      from += piece.length;
    }
    this.length += bytes.length;
  }

  take(): FilledChunks {
    const { chunks, used } = this;
    this.chunks = [];
    this.length = 0;
    this.used = CHUNK_BYTES;
    return {
      views: chunks.map((chunk, at) => (at === chunks.length - 1 ? chunk.subarray(0, used) : chunk)),
      giveBack: () => {
        for (const chunk of chunks) if (this.free.length < KEPT) this.free.push(chunk);
      },
    };
  }
}
