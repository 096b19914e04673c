/*
 * The few assertions of the suites. They need nothing but the language.
 */

/** Throws with `message` where the condition does not hold. */
export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Deep equality of plain values, lists and bytes; a property that is `undefined` is as good as absent. */
export function equal(actual: unknown, expected: unknown, what = 'the value'): void {
  const at = difference(actual, expected, '', false);
  if (at !== undefined) throw new Error(`${what}${at}`);
}

/**
 * `actual` has everything that `shape` has: objects may have more. In place of a value may stand a regular expression (for a text) or a
 * function that answers whether it holds.
 */
export function match(actual: unknown, shape: unknown, what = 'the value'): void {
  const at = difference(actual, shape, '', true);
  if (at !== undefined) throw new Error(`${what}${at}`);
}

/** `low` ≤ `actual` ≤ `high`. */
export function between(actual: number, low: number, high: number, what: string): void {
  if (!(actual >= low && actual <= high)) throw new Error(`${what} is ${actual}, not between ${low} and ${high}`);
}

function difference(actual: unknown, expected: unknown, path: string, partial: boolean): string | undefined {
  const not = (): string => `${path} is ${show(actual)}, not ${show(expected)}`;
  if (partial && typeof expected === 'function') return expected(actual) ? undefined : not();
  if (partial && expected instanceof RegExp)
    return typeof actual === 'string' && expected.test(actual) ? undefined : not();
  if (Object.is(actual, expected)) return undefined;
  if (typeof actual !== 'object' || typeof expected !== 'object' || !actual || !expected) return not();
  const [is, should] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  if (isList(is) !== isList(should) || (isList(is) && is.length !== should.length)) return not();
  const keys = partial && !isList(is) ? Object.keys(should) : [...Object.keys(should), ...Object.keys(is)];
  for (const key of keys) {
    const found = difference(is[key], should[key], `${path}.${key}`, partial);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isList = (value: object): value is { length: number } & Record<string, unknown> =>
  Array.isArray(value) || ArrayBuffer.isView(value);

function show(value: unknown): string {
  if (value instanceof RegExp || typeof value === 'function' || value === undefined) return String(value);
  try {
    const text = JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one)) ?? String(value);
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
  } catch {
    return String(value);
  }
}
