import { closeSync, existsSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { PowerCut } from './power.mjs';

/**
 * A flash chip in a file: 16 blocks of 4 KB unless told otherwise. Erasing sets every bit of a block, programming clears bits. When the power goes in the middle of a
 * write, what is behind stays as it was, and the byte in hand has some of its bits.
 */
export function openFileFlash({ path, power, random, blockBytes = 4096, blockCount = 16 }) {
  if (!existsSync(path)) writeFileSync(path, Buffer.alloc(blockBytes * blockCount, 0xff));
  const file = openSync(path, 'r+');
  const wear = Array.from({ length: blockCount }, () => 0);

  function read(position, length) {
    power.need();
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, position);
    return bytes;
  }

  /** Writes what the power allows. */
  function write(position, before, after) {
    const written = power.spend(after.length);
    const bytes = Buffer.concat([after.subarray(0, written), before.subarray(written)]);
    if (written < after.length) bytes[written] = before[written] & (after[written] | Math.floor(random() * 256));
    writeSync(file, bytes, 0, bytes.length, position);
    if (written < after.length) throw new PowerCut('the power went');
  }

  return {
    blockBytes,
    blockCount,
    wear,
    read,
    program(position, bytes) {
      const before = read(position, bytes.length);
      write(
        position,
        before,
        before.map((byte, at) => byte & bytes[at]),
      );
    },
    erase(block) {
      const position = block * blockBytes;
      wear[block]++;
      write(position, read(position, blockBytes), Buffer.alloc(blockBytes, 0xff));
    },
    close: () => closeSync(file),
  };
}
