import type { FileHandle } from 'node:fs/promises';

/** `writev` takes at most 1,024 pieces and may write less than it was given. */
export async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let at = position;
  let rest = [...chunks];
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest.slice(0, 1024), at);
    at += bytesWritten;
    let written = bytesWritten;
    while (written > 0 && rest[0] !== undefined) {
      const first = rest[0];
      if (written >= first.length) {
        written -= first.length;
        rest.shift();
      } else {
        rest = [first.subarray(written), ...rest.slice(1)];
        written = 0;
      }
    }
  }
}
