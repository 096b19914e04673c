import type { InstrumentationScope } from './trace/readable-span.js';
import type { ScopeOptions } from './trace/tracer-provider.js';
import { type EncodedScope, encodeScope } from './wire/scope.js';

/** One value for each instrumentation scope: equal name, version, schema URL and attributes give the same one. */
export function createScopes<T>(
  make: (encoded: EncodedScope, scope: InstrumentationScope) => T,
): (name: string, version?: string, options?: ScopeOptions) => T {
  const known = new Map<string, T>();
  return (name, version, options) => {
    const { schemaUrl, attributes } = options ?? {};
    const identity = JSON.stringify(
      [name, version, schemaUrl, attributes && Object.entries(attributes).sort()],
      withBigints,
    );
    let value = known.get(identity);
    if (!value) {
      const scope = { name: name || '', version, schemaUrl, attributes: attributes && { ...attributes } };
      value = make(encodeScope(scope), scope);
      known.set(identity, value);
    }
    return value;
  };
}

/** JSON has none, and throws; as an object it is no other attribute's value. */
const withBigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? { bigint: `${value}` } : value;
