import { cutText } from '../trace/attribute-value.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import { redacted } from '../trace/redact.js';

/** Values of one record at most, however they are nested: a request or an element that somebody logs leads to the whole program. */
const maxValues = 1_000;
/** Each object is three messages on the wire, and decoders of protobuf give up a whole request below a hundred. */
const maxDepth = 16;

export interface ValueRules {
  /** UTF-16 units of a string, and bytes. */
  readonly lengthLimit: number;
  readonly isSecret?: ((key: string) => boolean) | undefined;
}

/**
 * What is recorded of any value: a copy that has a form on the wire. Strings, numbers, booleans, bigints and bytes stay what they are, an error
 * becomes its type, message and stack trace, a date its ISO text, what has `toJSON` what that gives. A value inside itself, functions and symbols become
 * `null`, and so does what is too deep or comes after the thousandth value.
 */
export function plainValue(value: unknown, rules: ValueRules): unknown {
  const { lengthLimit, isSecret } = rules;
  const around: object[] = [];
  let left = maxValues;

  function plain(value: unknown): unknown {
    if (typeof value === 'string') return cutText(value, lengthLimit);
    // Whatever the program does with its memory afterwards; a `Buffer` of Node's would hand out a view.
    if (value instanceof Uint8Array) return new Uint8Array(value.subarray(0, lengthLimit));
    if (typeof value !== 'object' || value === null) {
      return typeof value === 'function' || typeof value === 'symbol' ? null : value;
    }
    if (around.length >= maxDepth || around.includes(value)) return null;
    around.push(value);
    try {
      return inside(value);
    } catch {
      // A getter or a `toJSON` of the program's.
      return null;
    } finally {
      around.pop();
    }
  }

  function inside(value: object): unknown {
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      for (const item of value) {
        if (left-- <= 0) break;
        copy.push(plain(item));
      }
      return copy;
    }
    if (value instanceof Error) return inside(exceptionAttributes(value));
    const { toJSON } = value as { toJSON?: () => unknown };
    if (typeof toJSON === 'function') return plain(toJSON.call(value));
    const copy: [string, unknown][] = [];
    for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
      if (item === undefined) continue;
      if (left-- <= 0) break;
      copy.push([String(key), isSecret?.(String(key)) ? redacted : plain(item)]);
    }
    return Object.fromEntries(copy);
  }

  return plain(value);
}
