import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { Decompress } from 'fzstd';

export type Inflated =
  | { readonly kind: 'inflated'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
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

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);
const inflateRawAsync = promisify(inflateRaw);
const brotliAsync = promisify(brotliDecompress);

/** Undoes `coding`, off the main thread where the platform can; never makes more than `maxBytes`. */
export async function inflateBody(body: Uint8Array, coding: Coding, maxBytes: number): Promise<Inflated> {
  // Few and large steps: each one is a trip to another thread.
  const options = { maxOutputLength: maxBytes, chunkSize: Math.min(1 << 20, Math.max(1 << 14, body.length * 8)) };
  try {
    switch (coding) {
      case 'gzip':
        return { kind: 'inflated', bytes: await gunzipAsync(body, options) };
      case 'deflate':
        // RFC 9110 means zlib's format; some clients send the bare one.
        return {
          kind: 'inflated',
          bytes: await (((body[0] ?? 8) & 15) === 8 ? inflateAsync : inflateRawAsync)(body, options),
        };
      case 'br':
        return { kind: 'inflated', bytes: await brotliAsync(body, options) };
      case 'zstd':
        return unzstd(body, maxBytes);
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return { kind: 'too-large' };
    return { kind: 'malformed', message: `The body is not ${coding}: ${(error as Error).message}` };
  }
}

/** How much is given to the decoder at once: bounds what one step can produce before it is counted. */
const ZSTD_STEP = 16 * 1024;
/** A window is memory before any output; the format's own recommendation for receivers. */
const ZSTD_MAX_WINDOW = 8 * 1024 * 1024;

class TooLarge extends Error {}

function unzstd(body: Uint8Array, maxBytes: number): Inflated {
  if (windowBytes(body) > Math.max(ZSTD_MAX_WINDOW, Math.min(maxBytes, 1 << 26))) return { kind: 'too-large' };
  const parts: Uint8Array[] = [];
  let total = 0;
  const decoder = new Decompress((part) => {
    total += part.length;
    if (total > maxBytes) throw new TooLarge();
    // The decoder writes into its own window again.
    parts.push(part.slice());
  });
  try {
    for (let at = 0; at < body.length; at += ZSTD_STEP) {
      decoder.push(body.subarray(at, at + ZSTD_STEP), at + ZSTD_STEP >= body.length);
    }
    if (body.length === 0) return { kind: 'malformed', message: 'The body is not zstd: it is empty' };
  } catch (error) {
    if (error instanceof TooLarge) return { kind: 'too-large' };
    return { kind: 'malformed', message: `The body is not zstd: ${(error as Error).message}` };
  }
  return {
    kind: 'inflated',
    bytes: parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, total),
  };
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
