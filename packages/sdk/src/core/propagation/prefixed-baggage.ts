import type { Context, TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import { createBaggage, getBaggage, setBaggage } from '../context/baggage.js';
import { only } from './header-value.js';
import { percentDecode, percentEncode } from './percent-encoding.js';

/** A header name is a token; a key that is none cannot be one. */
const token = /^[!#$%&'*+\-.^`|~\w]+$/;

/** Writes each entry of the baggage as a header of its own, `<prefix><key>`: what formats older than W3C's do. */
export function injectPrefixedBaggage(
  prefix: string,
  context: Context,
  carrier: unknown,
  setter: TextMapSetter<unknown>,
): void {
  for (const [key, { value }] of getBaggage(context)?.getAllEntries() ?? []) {
    if (token.test(key)) setter.set(carrier, prefix + key, percentEncode(value));
  }
}

/** Reads them back, on top of the baggage that `context` has. */
export function extractPrefixedBaggage(
  prefix: string,
  context: Context,
  carrier: unknown,
  getter: TextMapGetter<unknown>,
): Context {
  let baggage = getBaggage(context) ?? createBaggage();
  const before = baggage;
  for (const name of getter.keys(carrier)) {
    if (!name.toLowerCase().startsWith(prefix) || name.length === prefix.length) continue;
    const value = only(getter.get(carrier, name));
    if (value !== undefined)
      baggage = baggage.setEntry(name.slice(prefix.length), { value: percentDecode(value.trim()) });
  }
  return baggage === before ? context : setBaggage(context, baggage);
}
