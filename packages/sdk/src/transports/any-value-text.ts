import type { JsonKeyValue, JsonValue } from './otlp-text.js';

/**
 * A value of OTLP/JSON where a format has nothing but texts (specification "AnyValue representation for non-OTLP protocols"): strings and bytes
 * (in base64) as they are, what is empty as nothing, lists and maps as JSON.
 */
export function anyValueText(value: JsonValue = {}): string {
  const { stringValue, bytesValue, doubleValue } = value;
  // `NaN` and the infinities are strings in OTLP/JSON.
  for (const text of [stringValue, bytesValue, doubleValue]) if (typeof text === 'string') return text;
  return Object.keys(value).length ? anyValueJson(value) : '';
}

/** The same of attributes together: a JSON object. */
export const attributesJson = (attributes: readonly JsonKeyValue[] = []): string =>
  `{${attributes.map(({ key = '', value }) => `${JSON.stringify(key)}:${anyValueJson(value)}`).join()}}`;

function anyValueJson(value: JsonValue = {}): string {
  if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map(anyValueJson).join()}]`;
  if (value.kvlistValue) return attributesJson(value.kvlistValue.values);
  // Digits, of which JSON may have more than a number of JavaScript's keeps.
  if (value.intValue !== undefined) return String(value.intValue);
  return JSON.stringify(Object.values(value)[0] ?? null);
}
