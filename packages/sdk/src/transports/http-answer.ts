import type { Outcome } from '../core/ports.js';
import { readExportResponse, readRpcStatus } from '../core/wire/export-response.js';

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
  const json = contentType?.includes('json') ? parsed(body) : undefined;
  if (status >= 200 && status < 300) {
    const { rejected, message } = json ? fromJson(json) : readExportResponse(body);
    return { kind: 'accepted', rejectedItems: rejected, message };
  }
  const said = json ? json.message : contentType?.includes('protobuf') ? readRpcStatus(body).message : text(body);
  const reason = `HTTP ${status}${said ? `: ${String(said).slice(0, 300)}` : ''}`;
  if (status === 429 || (status > 501 && status < 505)) {
    return { kind: 'retry', reason, afterMs: retryAfterMs(retryAfter, nowMs) };
  }
  return { kind: status === 413 ? 'too-large' : 'refused', reason };
}

/** `Retry-After` as milliseconds from now, never negative; `undefined` where there is none that can be read. */
export function retryAfterMs(value: string | null | undefined, nowMs: number): number | undefined {
  if (!value) return undefined;
  const wait = Number.isNaN(Number(value)) ? Date.parse(value) - nowMs : Number(value) * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

interface JsonAnswer {
  readonly message?: unknown;
  readonly partialSuccess?: Readonly<Record<string, unknown>>;
}

const text = (body: Uint8Array) => new TextDecoder().decode(body.subarray(0, 400));

function parsed(body: Uint8Array): JsonAnswer {
  try {
    return (JSON.parse(new TextDecoder().decode(body)) as JsonAnswer | null) ?? {};
  } catch {
    return { message: text(body) };
  }
}

/** `rejectedSpans`, `rejectedDataPoints`, `rejectedLogRecords`: a number, or a string as protobuf's JSON writes 64 bits. */
function fromJson({ partialSuccess }: JsonAnswer): { rejected: number; message: string | undefined } {
  let rejected = 0;
  for (const name in partialSuccess) if (name.startsWith('rejected')) rejected = Number(partialSuccess[name]) || 0;
  return { rejected, message: (partialSuccess?.errorMessage as string) || undefined };
}
