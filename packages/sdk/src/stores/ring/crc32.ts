/** Remainders of the sixteen half bytes: 64 bytes of table, where one of 256 words would be a part of a small device's memory. */
const ofHalfByte = [
  0, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344,
  0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
];

/** CRC-32 of `bytes` from `start` to `end` (the polynomial of Ethernet and zip), carried on from `before`; as an int32. */
export function crc32(bytes: Uint8Array, start: number, end: number, before = 0): number {
  let crc = ~before;
  for (let at = start; at < end; at++) {
    crc ^= bytes[at]!;
    crc = ofHalfByte[crc & 15]! ^ (crc >>> 4);
    crc = ofHalfByte[crc & 15]! ^ (crc >>> 4);
  }
  return ~crc;
}
