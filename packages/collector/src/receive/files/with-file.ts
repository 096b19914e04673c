import { type FileHandle, open } from 'node:fs/promises';
import type { ReadAt } from './file-part.js';

/** Runs `use` with a file that is open, and closes it. Throws what the file system says. */
export async function withFile<R>(path: string, use: (read: ReadAt, handle: FileHandle) => Promise<R>): Promise<R> {
  const handle = await open(path, 'r');
  try {
    return await use(async (offset, length) => {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    }, handle);
  } finally {
    await handle.close();
  }
}
