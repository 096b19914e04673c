import type { Entropy } from '../ports.js';

/**
 * Ids of batches: 8 random bytes of this process and a counter of 64 bits, in hex. The counter never gets past 53 bits
 * (a batch each microsecond for 285 years).
 */
export function sealIds(entropy: Entropy): () => string {
  const random = new Uint8Array(8);
  entropy.fill(random);
  let counter = 0;
  return () => batchId(random, counter++);
}

/** The id of a batch of the process that drew `random`, 8 bytes. */
export function batchId(random: Uint8Array, counter: number): string {
  let id = '';
  for (const byte of random) id += hex(byte, 2);
  return id + hex(counter, 16);
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
