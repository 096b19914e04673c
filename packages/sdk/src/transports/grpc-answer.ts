import type { Outcome } from '../core/ports.js';
import { readExportResponse, readRpcStatus } from '../core/wire/export-response.js';
import type { Http2Answer } from './http2-connection.js';

/** Codes the OTLP specification calls retryable ("OTLP/gRPC Response"); RESOURCE_EXHAUSTED (8) only with `RetryInfo`. */
const retryable = new Set([1, 4, 10, 11, 14, 15]);

const names = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE',
  'DATA_LOSS', 'UNAUTHENTICATED',
]; // biome-ignore format: a table

/** What the answer to a unary gRPC call means for a batch. */
export function grpcOutcome({ headers, trailers, body }: Http2Answer, destination: string): Outcome {
  const httpStatus = Number(headers[':status']);
  const code = headers['grpc-status'] ?? trailers['grpc-status'];
  if (code === undefined) return withoutGrpcStatus(httpStatus, String(headers['content-type'] ?? ''), destination);
  const status = Number(code);
  if (status === 0) {
    const { rejected, message } = readExportResponse(firstMessage(body));
    return { kind: 'accepted', rejectedItems: rejected, message: message?.slice(0, 300) };
  }
  const message = percentDecoded(String(headers['grpc-message'] ?? trailers['grpc-message'] ?? ''));
  const details = headers['grpc-status-details-bin'] ?? trailers['grpc-status-details-bin'];
  const retryDelayMs = details ? readRpcStatus(Buffer.from(String(details), 'base64')).retryDelayMs : undefined;
  const reason = `${destination}: gRPC ${names[status] ?? status}${message && `: ${message.slice(0, 300)}`}`;
  if (retryable.has(status) || (status === 8 && retryDelayMs !== undefined))
    return { kind: 'retry', reason, afterMs: retryDelayMs };
  // Both grpc-go and grpc-js say it in these words, under a code that has other meanings too.
  const tooLarge = /larger than max(?: \(\d+ vs\.? (\d+)\))?/i.exec(message);
  if (status === 8 && tooLarge)
    return { kind: 'too-large', reason, maxBytes: tooLarge[1] ? Number(tooLarge[1]) : undefined };
  return { kind: 'refused', reason };
}

/** Something on the way answered that is not gRPC: a proxy, or a plain HTTP server (gRPC's "HTTP to gRPC Status Code Mapping"). */
function withoutGrpcStatus(httpStatus: number, contentType: string, destination: string): Outcome {
  if (httpStatus === 429 || (httpStatus > 501 && httpStatus < 505))
    return { kind: 'retry', reason: `${destination}: HTTP ${httpStatus}` };
  if (httpStatus === 200 && contentType.startsWith('application/grpc'))
    return { kind: 'retry', reason: `${destination} broke off its answer.` };
  return {
    kind: 'refused',
    reason: `${destination} answers HTTP ${httpStatus} but not in gRPC. OTLP/gRPC is usually port 4317; port 4318 is OTLP/HTTP.`,
  };
}

function firstMessage(body: Uint8Array): Uint8Array {
  if (body.length < 5 || body[0] !== 0) return new Uint8Array(0);
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  return body.subarray(5, 5 + length);
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
