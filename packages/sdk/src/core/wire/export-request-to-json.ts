import type { Signal } from '../batch.js';
import { FieldReader } from './field-reader.js';
import { type MessageSchema, requestSchema, type ScalarKind } from './otlp-schema.js';
import { readUtf8 } from './utf8.js';

/**
 * An export request in OTLP/JSON (OTLP specification, "JSON Protobuf Encoding"): ids in hex, enums as integers, 64-bit integers as
 * strings, numbers JSON does not know as the strings `NaN`, `Infinity` and `-Infinity`. Unknown fields are left out. What follows damage in the
 * bytes is left out too.
 */
export const exportRequestToJson = (signal: Signal, bytes: Uint8Array): string =>
  messageJson(new FieldReader(bytes), compile(requestSchema(signal)));

interface Field {
  /** `"name":` */
  readonly label: string;
  readonly scalar: ScalarKind | undefined;
  /** Made when the first of them is met, because schemas contain themselves. */
  readonly message: () => readonly (Field | undefined)[];
  readonly repeated: boolean;
}

const compiled = new WeakMap<MessageSchema, (Field | undefined)[]>();

/** A schema as an array by field number, made once for each. */
function compile(schema: MessageSchema): readonly (Field | undefined)[] {
  const known = compiled.get(schema);
  if (known) return known;
  const fields: (Field | undefined)[] = [];
  compiled.set(schema, fields);
  for (const number of Object.keys(schema)) {
    const [name, kind, repeated = false] = schema[Number(number)]!;
    let message: readonly (Field | undefined)[] | undefined;
    fields[Number(number)] = {
      label: `"${name}":`,
      scalar: typeof kind === 'string' ? kind : undefined,
      message() {
        if (!message) message = typeof kind === 'string' ? [] : compile(kind());
        return message;
      },
      repeated,
    };
  }
  return fields;
}

function messageJson(reader: FieldReader, fields: readonly (Field | undefined)[]): string {
  // Elements of a repeated field may be apart on the wire. They are together nearly always.
  const texts: string[] = [];
  const order: Field[] = [];
  while (reader.next()) {
    const field = fields[reader.field];
    if (!field) continue;
    const text = field.scalar
      ? scalarsJson(reader, field.scalar, field.repeated)
      : reader.wireType === 2
        ? messageJson(reader.message(), field.message())
        : undefined;
    if (text === undefined) continue;
    const known = order[order.length - 1] === field ? order.length - 1 : order.indexOf(field);
    if (known < 0) {
      order.push(field);
      texts.push(text);
    } else if (!field.repeated) texts[known] = text;
    else if (text) texts[known] = texts[known] ? `${texts[known]},${text}` : text;
  }
  return `{${order.map((field, i) => field.label + (field.repeated ? `[${texts[i]}]` : texts[i])).join()}}`;
}

const wireTypes: Readonly<Record<ScalarKind, number>> = {
  string: 2,
  hex: 2,
  base64: 2,
  bool: 0,
  int64: 0,
  uint64: 0,
  uint32: 0,
  sint32: 0,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
  fixed32: 5,
};

/** One value, or all of a packed field; `undefined` where the wire type is not the field's. */
function scalarsJson(reader: FieldReader, kind: ScalarKind, repeated: boolean): string | undefined {
  const wireType = wireTypes[kind];
  if (reader.wireType === wireType) return scalarJson(reader, kind, reader.start);
  if (!repeated || reader.wireType !== 2) return undefined;
  const texts: string[] = [];
  for (let pos = reader.start; pos < reader.end; ) {
    const next = wireType === 0 ? reader.varint(pos) : pos + (wireType === 1 ? 8 : 4);
    if (next > reader.end) break;
    texts.push(scalarJson(reader, kind, pos));
    pos = next;
  }
  return texts.join();
}

function scalarJson(reader: FieldReader, kind: ScalarKind, pos: number): string {
  const { bytes, lo, hi } = reader;
  switch (kind) {
    case 'string':
      return JSON.stringify(readUtf8(bytes, pos, reader.end));
    case 'hex': {
      let text = '';
      for (let i = pos; i < reader.end; i++) text += (bytes[i]! + 256).toString(16).slice(1);
      return `"${text}"`;
    }
    case 'base64':
      return `"${base64(bytes, pos, reader.end)}"`;
    case 'bool':
      return lo || hi ? 'true' : 'false';
    case 'int64':
      return `"${BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo >>> 0))}"`;
    case 'uint64':
      return `"${(BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)}"`;
    case 'uint32':
      return `${lo >>> 0}`;
    case 'sint32':
      return `${(lo >>> 1) ^ -(lo & 1)}`;
    case 'fixed32':
      return `${dataView(bytes).getUint32(pos, true)}`;
    case 'fixed64':
      return `"${dataView(bytes).getBigUint64(pos, true)}"`;
    case 'sfixed64':
      return `"${dataView(bytes).getBigInt64(pos, true)}"`;
    case 'double': {
      const value = dataView(bytes).getFloat64(pos, true);
      if (!Number.isFinite(value)) return `"${value}"`;
      return Object.is(value, -0) ? '-0' : `${value}`;
    }
  }
}

const dataView = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i += 3) {
    const left = end - i;
    const word = (bytes[i]! << 16) | ((left > 1 ? bytes[i + 1]! : 0) << 8) | (left > 2 ? bytes[i + 2]! : 0);
    text += digits[word >> 18]! + digits[(word >> 12) & 63]!;
    text += (left > 1 ? digits[(word >> 6) & 63]! : '=') + (left > 2 ? digits[word & 63]! : '=');
  }
  return text;
}
