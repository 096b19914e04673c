/**
 * Bytes that are copied again and again, as doubles: eight at a time is faster than one. The last one is padded with zeros. They must be
 * UTF-8 texts and lengths below 128, of which no eight make a NaN (an engine may change a NaN's bits).
 */
export function toWords(bytes: Uint8Array): Float64Array {
  const words = new Float64Array((bytes.length + 7) >> 3);
  const padded = new Uint8Array(words.length * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  for (let i = 0; i < words.length; i++) words[i] = view.getFloat64(i * 8, true);
  return words;
}

/** Writes `words`, up to 7 bytes of padding included: whatever follows must be written after it. */
export function copyWords(view: DataView, pos: number, words: Float64Array): void {
  for (let i = 0; i < words.length; i++) view.setFloat64(pos + i * 8, words[i]!, true);
}
