import type { Signal } from '../../process/signal.js';

/** A finished export request from a file, in protobuf. */
export interface FileBatch {
  readonly kind: 'batch';
  readonly offset: number;
  readonly end: number;
  readonly signal: Signal;
  /** What the ledger knows it by. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What stands in a file from `offset` to `end`, in bytes from its beginning. */
export type FilePart =
  | FileBatch
  /** Skipped. */
  | { readonly kind: 'damaged'; readonly offset: number; readonly end: number; readonly why: string }
  /** A beginning without its end, behind which nothing comes. */
  | { readonly kind: 'unfinished'; readonly offset: number; readonly end: number };

/** Reads up to `length` bytes of a file from `offset` on; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;
