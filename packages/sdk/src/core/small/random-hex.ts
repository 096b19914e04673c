import type { Entropy } from '../ports.js';

/** Random bytes as hex digits. */
export function randomHex(entropy: Entropy, bytes: number): string {
  const random = new Uint8Array(bytes);
  entropy.fill(random);
  return Array.from(random, (byte) => (byte + 256).toString(16).slice(1)).join('');
}
