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
export function httpOutcome({ status, retryAfter, contentType, body, nowMs }: HttpAnswer): Outcome {
  const taken = status >= 200 && status < 300;
  const said = /json/.test(contentType!)
    ? fieldsOfJson(text(body))
    : /proto/.test(contentType!)
      ? fieldsOf(taken ? fieldsOf(body)[1] : body)
      : { 2: taken ? '' : body };
  const message = text(said[2]);
  if (taken) return { kind: 'accepted', rejectedItems: Number(said[1]) || 0, message };
  const reason = `HTTP ${status} ${message?.slice(0, 300) ?? ''}`.trim();
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
function fieldsOf(message: unknown): Fields {
  const fields: Record<number, unknown> = {};
  const bytes = message instanceof Uint8Array ? message : [];
  let at = 0;
  const varint = () => {
    let value = 0;
    let scale = 1;
    let byte = 0x80;
    for (; byte > 0x7f && at < bytes.length; scale *= 128) {
      byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag & 5) break;
    if (tag & 2) at += value;
    fields[tag >> 3] = tag & 2 ? (bytes as Uint8Array).subarray(at - value, at) : value;
  }
  return fields;
}

function text(said: unknown): string | undefined {
  return (said instanceof Uint8Array ? new TextDecoder().decode(said) : typeof said === 'string' && said) || undefined;
}

/** The same of a partial success or a `google.rpc.Status` in JSON. Whatever the count is called, and where it is a string. */
function fieldsOfJson(json = ''): Fields {
  const message = /"(?:errorM|m)essage"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(json)?.[1];
  try {
    return { 1: /"rejected\w+"\s*:\s*"?(\d+)/.exec(json)?.[1], 2: JSON.parse(message ?? '""') };
  } catch {
    return {};
  }
}
