import { ProtobufWriter } from './protobuf-writer.js';

/*
 * OTLP/JSON becomes OTLP/protobuf, and then takes the same way as everything else. What is written here is the JSON mapping of
 * OTLP (not of protobuf alone): ids in hex, enums as integers, 64-bit integers as strings or numbers, unknown fields ignored, both
 * lowerCamelCase and the original snake_case names accepted.
 */

type Kind = 'string' | 'hex' | 'bytes' | 'bool' | 'uint32' | 'enum' | 'int64' | 'fixed32' | 'fixed64' | 'double';
interface Field {
  readonly number: number;
  readonly kind: Kind | Shape;
  readonly repeated?: true;
  /** In a `oneof` a default value is still a value. */
  readonly always?: true;
}
/** A message by its JSON names; a function where messages contain each other. */
type Shape = () => Readonly<Record<string, Field>>;

export type JsonResult =
  | { readonly kind: 'protobuf'; readonly bytes: Uint8Array }
  | { readonly kind: 'malformed'; readonly message: string };

const MAX_DEPTH = 64;

const shape = (fields: Record<string, Field>): Shape => {
  const all: Record<string, Field> = { ...fields };
  for (const [name, field] of Object.entries(fields))
    all[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = field;
  // No prototype: a key like `constructor` is an unknown field.
  const found = Object.assign(Object.create(null) as Record<string, Field>, all);
  return () => found;
};
const one = (number: number, kind: Kind | Shape): Field => ({ number, kind });
const many = (number: number, kind: Kind | Shape): Field => ({ number, kind, repeated: true });
const either = (number: number, kind: Kind | Shape): Field => ({ number, kind, always: true });

const anyValue: Shape = () => anyValueFields();
const arrayValue = shape({ values: many(1, anyValue) });
const keyValue = shape({ key: one(1, 'string'), value: one(2, anyValue) });
const keyValueList = shape({ values: many(1, keyValue) });
const anyValueFields = shape({
  stringValue: either(1, 'string'),
  boolValue: either(2, 'bool'),
  intValue: either(3, 'int64'),
  doubleValue: either(4, 'double'),
  arrayValue: either(5, arrayValue),
  kvlistValue: either(6, keyValueList),
  bytesValue: either(7, 'bytes'),
});
const resource = shape({ attributes: many(1, keyValue), droppedAttributesCount: one(2, 'uint32') });
const scope = shape({
  name: one(1, 'string'),
  version: one(2, 'string'),
  attributes: many(3, keyValue),
  droppedAttributesCount: one(4, 'uint32'),
});

const span = shape({
  traceId: one(1, 'hex'),
  spanId: one(2, 'hex'),
  traceState: one(3, 'string'),
  parentSpanId: one(4, 'hex'),
  name: one(5, 'string'),
  kind: one(6, 'enum'),
  startTimeUnixNano: one(7, 'fixed64'),
  endTimeUnixNano: one(8, 'fixed64'),
  attributes: many(9, keyValue),
  droppedAttributesCount: one(10, 'uint32'),
  events: many(
    11,
    shape({
      timeUnixNano: one(1, 'fixed64'),
      name: one(2, 'string'),
      attributes: many(3, keyValue),
      droppedAttributesCount: one(4, 'uint32'),
    }),
  ),
  droppedEventsCount: one(12, 'uint32'),
  links: many(
    13,
    shape({
      traceId: one(1, 'hex'),
      spanId: one(2, 'hex'),
      traceState: one(3, 'string'),
      attributes: many(4, keyValue),
      droppedAttributesCount: one(5, 'uint32'),
      flags: one(6, 'fixed32'),
    }),
  ),
  droppedLinksCount: one(14, 'uint32'),
  status: one(15, shape({ message: one(2, 'string'), code: one(3, 'enum') })),
  flags: one(16, 'fixed32'),
});

/** Metrics and logs are read as far as counting them needs. */
const nothing = shape({});
const points = shape({ dataPoints: many(1, nothing) });
const metric = shape({
  name: one(1, 'string'),
  gauge: one(5, points),
  sum: one(7, points),
  histogram: one(9, points),
  exponentialHistogram: one(10, points),
  summary: one(11, points),
});

const REQUESTS: Readonly<Record<'traces' | 'metrics' | 'logs', Shape>> = {
  traces: shape({
    resourceSpans: many(
      1,
      shape({
        resource: one(1, resource),
        scopeSpans: many(2, shape({ scope: one(1, scope), spans: many(2, span), schemaUrl: one(3, 'string') })),
        schemaUrl: one(3, 'string'),
      }),
    ),
  }),
  metrics: shape({ resourceMetrics: many(1, shape({ scopeMetrics: many(2, shape({ metrics: many(2, metric) })) })) }),
  logs: shape({ resourceLogs: many(1, shape({ scopeLogs: many(2, shape({ logRecords: many(2, nothing) })) })) }),
};

class BadJson extends Error {}

/** Transcodes an OTLP/JSON export request. The message of `malformed` names the place. */
export function jsonToProtobuf(json: Uint8Array, signal: 'traces' | 'metrics' | 'logs'): JsonResult {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString());
  } catch (error) {
    return { kind: 'malformed', message: `The body is not JSON: ${(error as Error).message}` };
  }
  try {
    return { kind: 'protobuf', bytes: write(value, REQUESTS[signal], 'body', 0) };
  } catch (error) {
    if (error instanceof BadJson) return { kind: 'malformed', message: error.message };
    throw error;
  }
}

function write(value: unknown, message: Shape, path: string, depth: number): Uint8Array {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadJson(`${path} must be an object.`);
  if (depth > MAX_DEPTH) throw new BadJson(`${path} is nested deeper than ${MAX_DEPTH} levels.`);
  const fields = message();
  const writer = new ProtobufWriter();
  for (const [name, content] of Object.entries(value)) {
    const field = fields[name];
    if (field === undefined || content === null) continue;
    const at = `${path}.${name}`;
    if (field.repeated === undefined) writeField(writer, field, content, at, depth);
    else if (!Array.isArray(content)) throw new BadJson(`${at} must be an array.`);
    else for (const [index, item] of content.entries()) writeField(writer, field, item, `${at}[${index}]`, depth);
  }
  return writer.finish();
}

function writeField(writer: ProtobufWriter, field: Field, value: unknown, path: string, depth: number): void {
  const { number, kind } = field;
  if (typeof kind === 'function') {
    writer.bytes(number, value === null ? new Uint8Array(0) : write(value, kind, path, depth + 1));
    return;
  }
  switch (kind) {
    case 'string':
      if (typeof value !== 'string') throw new BadJson(`${path} must be a string.`);
      writer.string(number, value);
      return;
    case 'hex':
      if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(value))
        throw new BadJson(`${path} must be hexadecimal.`);
      writer.bytes(number, Buffer.from(value, 'hex'));
      return;
    case 'bytes':
      if (typeof value !== 'string') throw new BadJson(`${path} must be base64.`);
      writer.bytes(number, Buffer.from(value, 'base64'));
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw new BadJson(`${path} must be true or false.`);
      writer.tag(number, 0).varint(value ? 1 : 0);
      return;
    case 'enum':
    case 'uint32':
    case 'int64':
      writer.tag(number, 0).varint(integer(value, path));
      return;
    case 'fixed64':
      writer.fixed64(number, integer(value, path));
      return;
    case 'fixed32':
      writer.fixed32(number, Number(BigInt.asUintN(32, integer(value, path))));
      return;
    case 'double':
      writer.double(number, double(value, path));
      return;
  }
}

function integer(value: unknown, path: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  // `1e3` and `5.0` are integers to protobuf's JSON too.
  if (typeof value === 'string') {
    if (/^-?\d{1,20}$/.test(value)) return BigInt(value);
    const number = value.trim() === '' ? Number.NaN : Number(value);
    if (Number.isInteger(number)) return BigInt(number);
  }
  throw new BadJson(`${path} must be an integer.`);
}

function double(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  throw new BadJson(`${path} must be a number.`);
}
