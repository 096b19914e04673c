import type { Attributes } from '@opentelemetry/api';

export interface ResourceData {
  readonly attributes: Attributes;
  readonly schemaUrl?: string | undefined;
}

/**
 * `older` with everything `newer` says on top (specification "Resource SDK", Merge). Two different schema URLs cannot both be
 * true of one set of attributes: the result then has none.
 */
export function mergeResource(older: ResourceData, newer: ResourceData): ResourceData {
  const schemaUrl =
    older.schemaUrl && newer.schemaUrl && older.schemaUrl !== newer.schemaUrl
      ? undefined
      : newer.schemaUrl || older.schemaUrl;
  const attributes: Attributes = { ...older.attributes };
  for (const [key, value] of Object.entries(newer.attributes)) {
    if (value !== undefined && value !== null) attributes[key] = value;
  }
  return { attributes, schemaUrl };
}
