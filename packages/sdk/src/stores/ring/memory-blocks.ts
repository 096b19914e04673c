import type { BlockDevice } from './block-device.js';

/** Blocks in a piece of memory that is taken now and never grows: for devices without flash, and for tests. */
export function memoryBlocks(blockBytes: number, blockCount: number): BlockDevice {
  const bytes = new Uint8Array(blockBytes * blockCount).fill(0xff);
  return {
    blockBytes,
    blockCount,
    durability: 'memory',
    read(position, target) {
      target.set(bytes.subarray(position, position + target.length));
    },
    program(position, source) {
      bytes.set(source, position);
    },
    erase(block) {
      bytes.fill(0xff, block * blockBytes, (block + 1) * blockBytes);
    },
  };
}
