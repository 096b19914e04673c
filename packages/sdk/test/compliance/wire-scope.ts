import { type DecodedKeyValue, plainAttributes } from '../../../testkit/src/otlp-proto.js';

/** Integers are bigints, so that they differ from doubles. */
export type WireAttributes = Readonly<Record<string, unknown>>;

/** What stands around the items of a request, as a receiver reads it. */
export interface WireScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: WireAttributes;
  readonly schemaUrl: string;
}

/** Throws where a key stands twice. */
export function wireAttributes(pairs: readonly DecodedKeyValue[] = []): WireAttributes {
  const keys = pairs.map(({ key }) => key);
  if (new Set(keys).size !== keys.length) throw new Error(`attribute keys are not unique: ${keys}`);
  return plainAttributes(pairs);
}

export const wireScope = (
  scope:
    | { readonly name?: string; readonly version?: string; readonly attributes?: readonly DecodedKeyValue[] }
    | undefined,
  schemaUrl: string,
): WireScope => ({
  name: scope?.name ?? '',
  version: scope?.version ?? '',
  attributes: wireAttributes(scope?.attributes),
  schemaUrl,
});
