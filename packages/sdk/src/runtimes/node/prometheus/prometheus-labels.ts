import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { InstrumentationScope } from '../../../core/trace/readable-span.js';
import { isClassicLabel, labelName, type NameRules } from './prometheus-names.js';

export type Labels = ReadonlyMap<string, string>;

/**
 * Attributes as labels (specification "Prometheus and OpenMetrics Compatibility", Metric Attributes): values of keys that have one name are put
 * together, in the order of their keys. What `beside` says stands there too.
 */
export function labelsOf(attributes: Attributes, rules: NameRules, beside: Labels = new Map()): Labels {
  const labels = new Map(beside);
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const name = labelName(key, rules);
    const known = labels.get(name);
    labels.set(name, known === undefined ? valueText(value) : `${known};${valueText(value)}`);
  }
  return labels;
}

/** Of a scope: name, version, schema URL, and its attributes but those that would be called like one of these. */
export function scopeLabels({ name, version, schemaUrl, attributes = {} }: ScopeLike, rules: NameRules): Labels {
  const labels = new Map<string, string>();
  for (const [key, value] of Object.entries({ name, version, schema_url: schemaUrl }))
    if (value) labels.set(`otel_scope_${key}`, value);
  const reserved = ['otel_scope_name', 'otel_scope_version', 'otel_scope_schema_url'];
  const own = labelsOf(
    Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`otel_scope_${key}`, value])),
    rules,
  );
  for (const [label, value] of own) if (!reserved.includes(label)) labels.set(label, value);
  return labels;
}

type ScopeLike = InstrumentationScope & { readonly attributes?: Attributes | undefined };

/** As it would stand in JSON, a text as it is. Beyond the API's types: integers of 64 bits, and bytes in base64. */
function valueText(value: AttributeValue | bigint | Uint8Array): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  const isInJson = (one: unknown) => typeof one !== 'bigint' && (typeof one !== 'number' || Number.isFinite(one));
  return JSON.stringify(value, (_, one) => (isInJson(one) ? one : String(one)));
}

/** `{a="1",b="2"}`; nothing where there are none. `name`: one that cannot stand before the braces stands in them. */
export function labelsText(labels: Iterable<readonly [string, string]>, name?: string): string {
  const texts = name === undefined ? [] : [quoted(name)];
  for (const [label, value] of labels) texts.push(`${isClassicLabel(label) ? label : quoted(label)}=${quoted(value)}`);
  return texts.length ? `{${texts.join()}}` : '';
}

/** Well-formed, because half of a surrogate pair is no UTF-8. */
const quoted = (text: string): string =>
  `"${wellFormed(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

const wellFormed = (text: string): string =>
  text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
