/* Pieces of OTLP/JSON as a person reads them in a console. */

export interface JsonValue {
  readonly stringValue?: string;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
  readonly kvlistValue?: { readonly values?: readonly JsonKeyValue[] };
  readonly [kind: string]: unknown;
}

export interface JsonKeyValue {
  readonly key?: string;
  readonly value?: JsonValue;
}

export interface JsonResource {
  readonly attributes?: readonly JsonKeyValue[];
}

export const serviceOf = (resource: JsonResource | undefined): string =>
  valueText(resource?.attributes?.find(({ key }) => key === 'service.name')?.value) || 'unknown_service';

export const nanosOf = (text: string | undefined): bigint => BigInt(text ?? 0);

/** Hours to milliseconds, in UTC as everywhere in telemetry. */
export const clock = (nanos: bigint): string => new Date(Number(nanos / 1_000_000n)).toISOString().slice(11, 24);

export const attributesText = (attributes: readonly JsonKeyValue[] = []): string =>
  attributes.map(({ key, value }) => `${key}=${valueText(value)}`).join(' ');

/** Strings are quoted only where they would run into what follows. */
export function valueText(value: JsonValue = {}): string {
  if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map(valueText).join(', ')}]`;
  if (value.kvlistValue) return `{${attributesText(value.kvlistValue.values)}}`;
  if (value.stringValue !== undefined) {
    return /^[^\s"=[\]{},]+$/.test(value.stringValue) ? value.stringValue : JSON.stringify(value.stringValue);
  }
  return String(Object.values(value)[0] ?? '');
}
