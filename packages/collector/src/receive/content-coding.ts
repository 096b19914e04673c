import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { Decompress } from 'fzstd';

export type Inflated =
  | { readonly kind: 'inflated'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'no-room' }
  | { readonly kind: 'malformed'; readonly message: string };

export const CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const;
export type Coding = (typeof CODINGS)[number];

/** The coding of a `Content-Encoding` header; `identity` and nothing are `undefined`, what is not known is `unknown`. */
export function contentCoding(header: string | undefined): Coding | undefined | 'unknown' {
  const name = (header ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return undefined;
  if (name === 'x-gzip') return 'gzip';
  return CODINGS.find((coding) => coding === name) ?? 'unknown';
}

/** Asked before each further piece is kept. `false`: there is no room for it. */
type Takes = (bytes: number) => boolean;

/**
 * Telemetry packs some ten to one, and what repeats itself without end a thousand to one: what goes beyond this is taken for a bomb before it has filled what it may. Should it be none, half of it
 * is taken, and half of that in any case.
 */
const MOST_TIMES = 300;
const ALWAYS_BYTES = 4 * 1024 * 1024;

/** Undoes `coding`, off the main thread where the platform can; never makes more than `maxBytes`, nor more than `takes` has room for. */
export async function inflateBody(
  body: Uint8Array,
  coding: Coding,
  maxBytes: number,
  takes: Takes = () => true,
): Promise<Inflated> {
  const mostBytes = Math.min(maxBytes, Math.max(ALWAYS_BYTES, body.length * MOST_TIMES));
  try {
    return await (coding === 'zstd' ? unzstd(body, mostBytes, takes) : inflate(body, coding, mostBytes, takes));
  } catch (error) {
    return { kind: 'malformed', message: `The body is not ${coding}: ${(error as Error).message}` };
  }
}

function inflate(body: Uint8Array, coding: Exclude<Coding, 'zstd'>, maxBytes: number, takes: Takes): Promise<Inflated> {
  // Few and large steps: each one is a trip to another thread.
  const options = { chunkSize: Math.min(1 << 20, maxBytes, Math.max(1 << 14, body.length * 8)) };
  const engine =
    coding === 'gzip'
      ? createGunzip(options)
      : coding === 'br'
        ? createBrotliDecompress(options)
        : // RFC 9110 means zlib's format; some clients send the bare one.
          ((body[0] ?? 8) & 15) === 8
          ? createInflate(options)
          : createInflateRaw(options);
  return new Promise((done, failed) => {
    const pieces = new Pieces(maxBytes, takes);
    const end = (result: Inflated): void => {
      engine.destroy();
      done(result);
    };
    engine.on('data', (piece: Buffer) => {
      const stop = pieces.add(piece);
      if (stop !== undefined) end({ kind: stop });
    });
    engine.on('end', () => end({ kind: 'inflated', bytes: pieces.whole() }));
    engine.on('error', failed);
    engine.end(body);
  });
}

/** What was unpacked so far. */
class Pieces {
  total = 0;
  private readonly parts: Uint8Array[] = [];
  private readonly maxBytes: number;
  private readonly takes: Takes;

  constructor(maxBytes: number, takes: Takes) {
    this.maxBytes = maxBytes;
    this.takes = takes;
  }

  /** Why there should be no more. */
  add(part: Uint8Array): 'too-large' | 'no-room' | undefined {
    this.total += part.length;
    if (this.total > this.maxBytes) return 'too-large';
    if (!this.takes(part.length)) return 'no-room';
    this.parts.push(part);
    return undefined;
  }

  whole(): Uint8Array {
    return this.parts.length === 1 && this.parts[0] !== undefined
      ? this.parts[0]
      : Buffer.concat(this.parts, this.total);
  }
}

/** How much is given to the decoder at once: bounds what one step can produce before it is counted. */
const ZSTD_STEP = 4 * 1024;
/** A window is memory before any output; the format's own recommendation for receivers. */
const ZSTD_MAX_WINDOW = 8 * 1024 * 1024;

/** So much may be made before others have their turn. */
const ZSTD_SLICE = 1024 * 1024;

class Stopped extends Error {
  readonly kind: 'too-large' | 'no-room';
  constructor(kind: 'too-large' | 'no-room') {
    super(kind);
    this.kind = kind;
  }
}

/** On the main thread, because Node has no zstd of its own yet; a megabyte at a time. */
async function unzstd(body: Uint8Array, maxBytes: number, takes: Takes): Promise<Inflated> {
  if (windowBytes(body) > Math.max(ZSTD_MAX_WINDOW, Math.min(maxBytes, 1 << 26))) return { kind: 'too-large' };
  const pieces = new Pieces(maxBytes, takes);
  const decoder = new Decompress((part) => {
    // The decoder writes into its own window again.
    const stop = pieces.add(part.slice());
    if (stop !== undefined) throw new Stopped(stop);
  });
  let sliceEnd = ZSTD_SLICE;
  try {
    for (let at = 0; at < body.length; at += ZSTD_STEP) {
      decoder.push(body.subarray(at, at + ZSTD_STEP), at + ZSTD_STEP >= body.length);
      if (pieces.total < sliceEnd) continue;
      await new Promise((done) => setImmediate(done));
      sliceEnd = pieces.total + ZSTD_SLICE;
    }
  } catch (error) {
    if (error instanceof Stopped) return { kind: error.kind };
    throw error;
  }
  if (body.length === 0) return { kind: 'malformed', message: 'The body is not zstd: it is empty' };
  return { kind: 'inflated', bytes: pieces.whole() };
}

/** The window that the first frame asks for (RFC 8878, 3.1.1.1); 0 for what is no frame. */
function windowBytes(body: Uint8Array): number {
  if (body.length < 6 || body[0] !== 0x28 || body[1] !== 0xb5 || body[2] !== 0x2f || body[3] !== 0xfd) return 0;
  const descriptor = body[4] ?? 0;
  if ((descriptor & 0x20) !== 0) {
    // A single segment: the window is the content, whose size stands behind the dictionary id.
    const sizeBytes = [1, 2, 4, 8][descriptor >> 6] ?? 1;
    const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
    let size = sizeBytes === 2 ? 256 : 0;
    for (let i = 0; i < sizeBytes; i++) size += (body[at + i] ?? 0) * 2 ** (8 * i);
    return size;
  }
  const window = body[5] ?? 0;
  const base = 2 ** (10 + (window >> 3));
  return base + (base / 8) * (window & 7);
}
