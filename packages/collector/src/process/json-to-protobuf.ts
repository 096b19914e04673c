import { type Field, REQUESTS, type Shape } from './otlp-json-shapes.js';
import { ProtobufWriter } from './protobuf-writer.js';
import type { Signal } from './signal.js';

/*
 * OTLP/JSON becomes OTLP/protobuf, and then takes the same way as everything else. What is written here is the JSON mapping of
 * OTLP (not of protobuf alone): ids in hex, enums as integers, 64-bit integers as strings or numbers, unknown fields ignored, both
 * lowerCamelCase and the original snake_case names accepted.
 */

export type JsonResult =
  | { readonly kind: 'protobuf'; readonly bytes: Uint8Array }
  /** `isTooLarge`: half of it might be taken. */
  | { readonly kind: 'malformed'; readonly message: string; readonly isTooLarge?: boolean };

const MAX_DEPTH = 64;
/** Of JSON itself, in which a level of a value is three brackets. */
const MAX_BRACKETS = 1024;
/** What a body may become as objects; ordinary OTLP/JSON of 12 MiB does. */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;
const OBJECT_BYTES = 64;
const VALUE_BYTES = 16;

class BadJson extends Error {}

/** Transcodes an OTLP/JSON export request. The message of `malformed` names the place. */
export function jsonToProtobuf(json: Uint8Array, signal: Signal): JsonResult {
  const problem = problemOf(json);
  if (problem !== undefined) return problem;
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Why a body should not be given to V8's parser: it keeps a hundred bytes for each bracket that is open, and five times as many for each object as `{}` has; what runs out of memory there takes the process
 * with it, also from another thread.
 */
function problemOf(json: Uint8Array): JsonResult | undefined {
  let depth = 0;
  let bytes = json.length;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === 0x5b || byte === 0x7b) {
      bytes += OBJECT_BYTES;
      if (++depth > MAX_BRACKETS)
        return { kind: 'malformed', message: `The body is nested deeper than ${MAX_BRACKETS} brackets.` };
    } else if (byte === 0x5d || byte === 0x7d) depth--;
    else if (byte === 0x2c) bytes += VALUE_BYTES;
    else if (byte === QUOTE) for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
  }
  return bytes > MAX_OBJECT_BYTES
    ? { kind: 'malformed', message: 'As objects the body would take more memory than it may.', isTooLarge: true }
    : undefined;
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
    case 'sint32': {
      const number32 = BigInt.asIntN(32, integer(value, path));
      writer.tag(number, 0).varint(BigInt.asUintN(32, (number32 << 1n) ^ (number32 >> 31n)));
      return;
    }
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
