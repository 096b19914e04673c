import type { Entropy } from '../ports.js';

/**
 * Ids of batches: 8 random bytes of this process and a counter of 64 bits, in hex. The counter never gets past 53 bits
 * (a batch each microsecond for 285 years).
 */
export function sealIds(entropy: Entropy): () => string {
  const random = new Uint8Array(8);
  entropy.fill(random);
  let counter = 0;
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  let process = '';
  for (const byte of random) process += hex(byte, 2);
  return () => process + hex(counter++, 16);
}
