import { attributesJson, textJson } from './attribute-json.js';

/* The resource and the scope of a row: the same columns in every table whose rows are shown one by one. */

export type ResourceRow = readonly [
  service: string,
  keys: readonly string[],
  values: readonly string[],
  types: string,
  schemaUrl: string,
  dropped: number,
];

export type ScopeRow = readonly [
  name: string,
  version: string,
  keys: readonly string[],
  values: readonly string[],
  types: string,
  schemaUrl: string,
  dropped: number,
];

/** SQL for a `ResourceRow`; it goes into a tuple. */
export const RESOURCE_ROW =
  'ServiceName, mapKeys(ResourceAttributes), mapValues(ResourceAttributes), ResourceAttributeTypes, ResourceSchemaUrl, ResourceDroppedAttributes';
/** The same for a `ScopeRow`. */
export const SCOPE_ROW =
  'ScopeName, ScopeVersion, mapKeys(ScopeAttributes), mapValues(ScopeAttributes), ScopeAttributeTypes, ScopeSchemaUrl, ScopeDroppedAttributes';

export function resourceJson([service, keys, values, types, url, dropped]: ResourceRow): string {
  return `{"service":${textJson(service)},"attributes":${attributesJson(keys, values, types)}${extrasJson(url, dropped)}}`;
}

export function scopeJson([name, version, keys, values, types, url, dropped]: ScopeRow): string {
  const attributes = keys.length > 0 ? `,"attributes":${attributesJson(keys, values, types)}` : '';
  return `{"name":${textJson(name)},"version":${textJson(version)}${attributes}${extrasJson(url, dropped)}}`;
}

function extrasJson(url: string, dropped: number): string {
  const schema = url === '' ? '' : `,"schemaUrl":${textJson(url)}`;
  return dropped > 0 ? `${schema},"droppedAttributes":${dropped}` : schema;
}
