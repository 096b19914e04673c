const table = new StaticArray<u32>(256);
for (let byte = 0; byte < 256; byte++) {
  let sum: u32 = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  table[byte] = sum;
}

/** CRC-32 as zlib and the format of frames have it. */
export function crc32(at: usize, length: i32): u32 {
  let sum: u32 = 0xffffffff;
  for (let index = 0; index < length; index++) {
    sum = table[(sum ^ load<u8>(at + index)) & 255] ^ (sum >>> 8);
  }
  return ~sum;
}
