import type { Ticket } from '../admit/admission.js';
import type { Turns } from '../admit/turns.js';
import { type JsonResult, jsonToProtobuf } from '../process/json-to-protobuf.js';
import type { Signal } from '../process/signal.js';
import { type Coding, inflateBody } from './content-coding.js';

export type Format = 'protobuf' | 'json';

/** Turns OTLP/JSON into protobuf. */
export type Transcode = (json: Uint8Array, signal: Signal) => JsonResult | Promise<JsonResult>;

export interface Packed {
  readonly coding: Coding | undefined;
  readonly format: Format;
  readonly signal: Signal;
  /** Of the body, also when it is unpacked; an eighth of it for JSON. */
  readonly maxBytes: number;
  readonly ticket: Ticket;
  readonly turns: Turns;
  readonly sender: string;
  /** For JSON that would keep everybody else waiting. Absent: it is done here. */
  readonly transcode?: Transcode | undefined;
}

export type Unpacked<Result> =
  | { readonly kind: 'unpacked'; readonly result: Promise<Result> }
  | { readonly kind: 'too-large'; readonly limitBytes: number; readonly note: string }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'no-room' };

/** Objects take many times the room of their text: a body of empty ones would fill the memory. */
const JSON_SHARE = 8;
/** Some ten milliseconds of the main thread. */
const JSON_HERE_BYTES = 128 * 1024;

/**
 * Hands a body on as protobuf. What is packed, or is a lot of JSON, waits for its sender's turn; its memory is booked while it grows, and is given back once `use` has
 * read it, which it does before it returns. What `use` then waits for is not waited for here.
 */
export async function unpack<Result>(
  body: Uint8Array,
  packed: Packed,
  use: (bytes: Uint8Array) => Promise<Result>,
): Promise<Unpacked<Result>> {
  const { coding, format, turns, sender } = packed;
  if (coding === undefined && format === 'protobuf') return { kind: 'unpacked', result: use(body) };
  if (coding === undefined && body.length <= JSON_HERE_BYTES) return fromJson(body, packed, use);
  return turns.take(async () => {
    if (coding === undefined) return fromJson(body, packed, use);
    const { ticket, maxBytes } = packed;
    let booked = 0;
    const inflated = await inflateBody(body, coding, maxBytes, (bytes) => {
      if (!ticket.grow(bytes)) return false;
      booked += bytes;
      return true;
    });
    try {
      if (inflated.kind === 'too-large') return { kind: 'too-large', limitBytes: maxBytes, note: '' };
      if (inflated.kind !== 'inflated') return inflated;
      return format === 'json'
        ? await fromJson(inflated.bytes, packed, use)
        : { kind: 'unpacked', result: use(inflated.bytes) };
    } finally {
      ticket.shrink(booked);
    }
  }, sender);
}

async function fromJson<Result>(
  json: Uint8Array,
  { signal, maxBytes, transcode = jsonToProtobuf }: Packed,
  use: (bytes: Uint8Array) => Promise<Result>,
): Promise<Unpacked<Result>> {
  const limitBytes = maxBytes / JSON_SHARE;
  const note = ' as JSON; protobuf may be larger';
  if (json.length > limitBytes) return { kind: 'too-large', limitBytes, note };
  const result = await (json.length > JSON_HERE_BYTES ? transcode : jsonToProtobuf)(json, signal);
  if (result.kind === 'malformed' && result.isTooLarge) return { kind: 'too-large', limitBytes, note };
  return result.kind === 'malformed' ? result : { kind: 'unpacked', result: use(result.bytes) };
}
