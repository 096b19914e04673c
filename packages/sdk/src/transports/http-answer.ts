import type { Outcome } from '../core/ports.js';

export interface HttpAnswer {
  readonly status: number;
  /** The `Retry-After` header: seconds or an HTTP date. */
  readonly retryAfter: string | null | undefined;
  readonly contentType: string | null | undefined;
  readonly body: Uint8Array;
  /** Unix time, for a `Retry-After` that is a date. */
  readonly nowMs: number;
}

/**
 * What an OTLP/HTTP answer means (OTLP specification, "OTLP/HTTP Response"): 2xx is taken, with what a partial success
 * rejected; 429, 502, 503 and 504 are tried again after `Retry-After`; 413 asks for smaller requests; anything else will
 * never be taken. The server's own message is passed on, its first 300 characters.
 */
export function httpOutcome({ status, retryAfter, contentType = '', body, nowMs }: HttpAnswer): Outcome {
  const json = contentType?.includes('json') ? parsed(body) : undefined;
  if (status >= 200 && status < 300) {
    const partial = json ? fromJson(json.partialSuccess) : fieldsOf(fieldsOf(body)[1] as Uint8Array);
    return { kind: 'accepted', rejectedItems: Number(partial[1]) || 0, message: text(partial[2]) };
  }
  const said = json ? json.message : contentType?.includes('proto') ? text(fieldsOf(body)[2]) : text(body);
  const reason = `HTTP ${status} ${String(said ?? '').slice(0, 300)}`.trim();
  if (status === 429 || (status > 501 && status < 505)) {
    return { kind: 'retry', reason, afterMs: retryAfterMs(retryAfter, nowMs) };
  }
  return { kind: status === 413 ? 'too-large' : 'refused', reason };
}

/** `Retry-After` as milliseconds from now, never negative; `undefined` where there is none that can be read. */
export function retryAfterMs(value: string | null | undefined, nowMs: number): number | undefined {
  if (!value) return undefined;
  const seconds = Number(value);
  const wait = seconds >= 0 ? seconds * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

type Fields = Readonly<Record<number, unknown>>;

/**
 * Numbers and contents of a protobuf message's fields, by field number, as far as it can be read. The answers of OTLP have no other kinds of
 * fields; core's reader, which knows all of them, is three times as large, and this one is in every page.
 */
function fieldsOf(bytes: Uint8Array | undefined): Fields {
  const fields: Record<number, unknown> = {};
  let at = 0;
  const varint = () => {
    let value = 0;
    let scale = 1;
    let byte = 0x80;
    for (; byte > 0x7f && at < bytes!.length; scale *= 128) {
      byte = bytes![at++]!;
      value += (byte & 0x7f) * scale;
    }
    return value;
  };
  while (at < (bytes?.length ?? 0)) {
    const tag = varint();
    const value = varint();
    if (tag & 5) break;
    if (tag & 2) at += value;
    fields[tag >> 3] = tag & 2 ? bytes!.subarray(at - value, at) : value;
  }
  return fields;
}

function text(said: unknown): string | undefined {
  return (said instanceof Uint8Array ? new TextDecoder().decode(said) : typeof said === 'string' && said) || undefined;
}

interface JsonAnswer {
  readonly message?: unknown;
  readonly partialSuccess?: Readonly<Record<string, unknown>>;
}

function parsed(body: Uint8Array): JsonAnswer {
  try {
    return JSON.parse(text(body) ?? '{}') ?? {};
  } catch {
    return { message: text(body) };
  }
}

/** `rejectedSpans`, `rejectedDataPoints` or `rejectedLogRecords`: a number, or a string, as protobuf's JSON writes 64 bits. */
function fromJson(partial: JsonAnswer['partialSuccess'] = {}): Fields {
  return { 1: partial[Object.keys(partial).find((name) => name.startsWith('rejected'))!], 2: partial.errorMessage };
}
