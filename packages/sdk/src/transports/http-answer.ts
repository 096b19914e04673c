import type { Outcome } from '../core/ports.js';

export interface HttpAnswer {
  readonly status: number;
  /** A header's value. `retry-after` is seconds or an HTTP date. */
  header(name: string): string | null | undefined;
  readonly body: Uint8Array;
}

/**
 * What an OTLP/HTTP answer means (OTLP specification, "OTLP/HTTP Response"): 2xx is taken, with what a partial success
 * rejected; 429, 502, 503 and 504 are tried again after `Retry-After`; 413 asks for smaller requests; anything else will
 * never be taken, a redirect among it. The server's own message is passed on, its first 300 characters.
 */
export function httpOutcome({ status, header, body }: HttpAnswer): Outcome {
  const contentType = header('content-type')!;
  const taken = status >= 200 && status < 300;
  let rejected: unknown;
  let message = '';
  if (/json/.test(contentType)) {
    // A partial success or a `google.rpc.Status`: whatever the count is called, and where it is a string.
    try {
      JSON.parse(text(body), (key, value) => {
        if (/^rejected/.test(key)) rejected = value;
        if (/essage$/.test(key)) message = `${value}`;
        return value;
      });
    } catch {}
  } else if (/proto/.test(contentType)) {
    const fields = fieldsOf(taken ? fieldsOf(body)[1] : body);
    rejected = fields[1];
    message = text(fields[2]);
  } else if (!taken) message = text(body);
  message = message.slice(0, 300);
  if (taken) return { kind: 'accepted', rejectedItems: Number(rejected) || 0, message: message || undefined };
  // A page is told 0 instead of 301.
  const reason = `HTTP ${status} ${status < 400 ? 'is a redirect: give the final address' : message}`.trim();
  return status === 429 || (status > 501 && status < 505)
    ? { kind: 'retry', reason, afterMs: retryAfterMs(header('retry-after'), Date.now()) }
    : { kind: status === 413 ? 'too-large' : 'refused', reason };
}

/** `Retry-After` as milliseconds from now, never negative; `undefined` where there is none that can be read. */
export function retryAfterMs(value: string | null | undefined, nowMs: number): number | undefined {
  const seconds = Number(value);
  const waitMs = seconds >= 0 ? seconds * 1000 : Math.max(Date.parse(value!) - nowMs, 0);
  return value && waitMs >= 0 ? waitMs : undefined;
}

const text = (said: unknown): string => (said instanceof Uint8Array ? new TextDecoder().decode(said) : '');

/**
 * Numbers and contents of a protobuf message's fields, by field number, as far as it can be read. The answers of OTLP have no other kinds of
 * fields; core's reader, which knows all of them, is three times as large, and this one is in every page.
 */
function fieldsOf(message: unknown): Readonly<Record<number, unknown>> {
  const fields: Record<number, unknown> = {};
  const bytes = message instanceof Uint8Array ? message : new Uint8Array();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag & 5) break;
    if (tag & 2) at += value;
    fields[tag >> 3] = tag & 2 ? bytes.subarray(at - value, at) : value;
  }
  return fields;
}
