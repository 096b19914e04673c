import { utf8Length, writeUtf8 } from '../wire/utf8.js';
import type { Shape, ShapeOf } from './attribute-paths.js';
import { matchesPattern } from './match-view.js';
import type { AttributeKeys } from './view.js';

/** Keys decided about at most; what comes later is decided each time. */
const maxRemembered = 2_000;

const leftOut: Shape = () => undefined;

export interface ShapeRules {
  /** All of them must keep a key. */
  readonly attributeKeys: readonly AttributeKeys[];
  readonly hashBuckets: Readonly<Record<string, number>>;
  /** What becomes of secrets: whatever else is said. */
  readonly secrets: ShapeOf | undefined;
}

/** What becomes of attributes on their way to a series, by their keys. `undefined` where all stay as they are. */
export function attributeShapes({ attributeKeys, hashBuckets, secrets }: ShapeRules): ShapeOf | undefined {
  if (!attributeKeys.length && !Object.keys(hashBuckets).length) return secrets;
  const decided = new Map<string, Shape | undefined>();
  const matches = (key: string) => (pattern: string) => matchesPattern(pattern, key);
  const isKept = (key: string) =>
    attributeKeys.every(
      ({ included, excluded }) => (included?.some(matches(key)) ?? true) && !excluded?.some(matches(key)),
    );
  const decide = (key: string): Shape | undefined => {
    if (!isKept(key)) return leftOut;
    const secret = secrets?.(key);
    if (secret) return secret;
    return Object.hasOwn(hashBuckets, key) ? bucketShape(hashBuckets[key]!) : undefined;
  };
  return (key) => {
    if (decided.has(key)) return decided.get(key);
    const shape = decide(key);
    if (decided.size < maxRemembered) decided.set(key, shape);
    return shape;
  };
}

/** The number of the bucket a value falls into: FNV-1a over its text in UTF-8, so that other programs can find it too. What is no value has none. */
const bucketShape =
  (buckets: number): Shape =>
  (value) => {
    if (value === undefined || value === null) return undefined;
    const text = String(value);
    const bytes = new Uint8Array(utf8Length(text));
    writeUtf8(bytes, 0, text);
    let hash = 0x811c9dc5;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    // The low bits of FNV of short texts are alike.
    return ((hash ^ (hash >>> 15)) >>> 0) % buckets;
  };
