import { wordOf } from './hex.js';
import type { IdGenerator } from './id-generator.js';
import type { IdSource } from './id-source.js';
import { RandomIdGenerator } from './random-id-generator.js';

/**
 * A user's generator as a source of words. Where it throws, or gives something that is no identifier, a random one stands in, so that a span
 * never has an invalid identity.
 */
export function generatedIds(generator: IdGenerator, fallback: RandomIdGenerator): IdSource {
  if (generator instanceof RandomIdGenerator) return generator;
  const words = new Int32Array(6);
  const read = (make: () => string, spare: () => string, digits: number, at: number): void => {
    let id = '';
    try {
      id = make();
    } catch {}
    if (typeof id !== 'string' || id.length !== digits || !/^[\da-f]*[1-9a-f][\da-f]*$/.test(id)) id = spare();
    for (let i = 0; i < digits; i += 8) words[at + i / 8] = wordOf(id, i);
  };
  return {
    words,
    random: generator.random,
    take(count) {
      const at = count - 2;
      if (at) {
        read(
          () => generator.generateTraceId(),
          () => fallback.generateTraceId(),
          32,
          0,
        );
      }
      read(
        () => generator.generateSpanId(),
        () => fallback.generateSpanId(),
        16,
        at,
      );
      return 0;
    },
  };
}
