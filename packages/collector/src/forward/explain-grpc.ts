import type { IncomingHttpHeaders } from 'node:http2';
import { FieldReader } from '../process/any-value-json.js';
import { readPartialSuccess } from '../process/partial-success.js';
import type { Outcome } from './outcome.js';

/** Codes that OTLP calls retryable ("OTLP/gRPC Response"); RESOURCE_EXHAUSTED (8) only with `RetryInfo`. */
const RETRYABLE = [1, 4, 10, 11, 14, 15];
/** PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED: about who asks, and where. */
const UNWELCOME = [7, 12, 16];

/** What the answer to a call means; `undefined` where it is none. */
export function explainGrpc(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  body: Buffer,
): Outcome | undefined {
  const http = Number(headers[':status']);
  const code = headers['grpc-status'] ?? trailers['grpc-status'];
  if (code === undefined) {
    if (http === 429 || http === 502 || http === 503 || http === 504) return { kind: 'retry', reason: `HTTP ${http}` };
    if (http === 200) return undefined;
    return { kind: 'unwelcome', reason: `HTTP ${http}, and no gRPC` };
  }
  const status = Number(code);
  if (status === 0) {
    const { rejected = 0, message = '' } = readPartialSuccess(body.subarray(5)) ?? {};
    return { kind: 'accepted', rejected, message };
  }
  const message = decoded(String(headers['grpc-message'] ?? trailers['grpc-message'] ?? '')).slice(0, 300);
  const reason = `gRPC status ${status}${message === '' ? '' : `: ${message}`}`;
  const details = headers['grpc-status-details-bin'] ?? trailers['grpc-status-details-bin'];
  const afterMs = details === undefined ? undefined : retryInfoMs(Buffer.from(String(details), 'base64'));
  if (RETRYABLE.includes(status) || (status === 8 && afterMs !== undefined)) return { kind: 'retry', reason, afterMs };
  // grpc-go and grpc-js say it in these words.
  if (status === 8 && /larger than max/i.test(message)) return { kind: 'too-large', reason };
  return { kind: UNWELCOME.includes(status) ? 'unwelcome' : 'refused', reason };
}

/** The wait of a `google.rpc.RetryInfo` in a `google.rpc.Status`. */
function retryInfoMs(status: Buffer): number | undefined {
  try {
    const any = delimited(status, 0, status.length, 3);
    const info = any && delimited(status, any[0], any[1], 2);
    const delay = info && delimited(status, info[0], info[1], 1);
    if (delay === undefined) return undefined;
    let waitMs = 0;
    const reader = new FieldReader(status, delay[0], delay[1]);
    while (reader.next()) {
      if (reader.wire === 0 && reader.field === 1) waitMs += reader.low * 1000;
      else if (reader.wire === 0 && reader.field === 2) waitMs += reader.low / 1e6;
    }
    return waitMs;
  } catch {
    return undefined;
  }
}

function delimited(bytes: Buffer, start: number, end: number, field: number): readonly [number, number] | undefined {
  const reader = new FieldReader(bytes, start, end);
  while (reader.next()) if (reader.wire === 2 && reader.field === field) return [reader.from, reader.to];
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
