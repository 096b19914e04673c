/*
 * Zstandard frames made by hand (RFC 8878): Node 20 has no encoder. Raw blocks carry bytes as they are, and one "RLE" block says one
 * byte many times over, which is how a bomb is made.
 */
const MAX_BLOCK = 128 * 1024;
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** No checksum, no content size, a window of 1 MiB. */
const HEADER = [...MAGIC, 0x00, 10 << 3];

function blockHeader(type: 0 | 1, size: number, isLast: boolean): number[] {
  const value = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255];
}

export function zstdOf(content: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Uint8Array.from(HEADER)];
  for (let at = 0; at === 0 || at < content.length; at += MAX_BLOCK) {
    const block = content.subarray(at, at + MAX_BLOCK);
    parts.push(Uint8Array.from(blockHeader(0, block.length, at + MAX_BLOCK >= content.length)), block);
  }
  return Buffer.concat(parts);
}

export function zstdRun(count: number): Buffer {
  const bytes = [...HEADER];
  for (let left = count; left > 0; left -= MAX_BLOCK)
    bytes.push(...blockHeader(1, Math.min(left, MAX_BLOCK), left <= MAX_BLOCK), 0);
  return Buffer.from(bytes);
}
