import { FieldReader } from './field-reader.js';
import { readUtf8 } from './utf8.js';

export interface ExportResponse {
  /** Spans, data points or log records that the receiver did not take. */
  readonly rejected: number;
  /** Its words; with `rejected` 0 it is a warning. */
  readonly message: string | undefined;
}

/**
 * Reads an `Export…ServiceResponse` (OTLP specification, "Partial Success") from protobuf, or from JSON where `contentType` says so.
 * A body that cannot be read says nothing: the status has already said that the request was accepted.
 */
export function readExportResponse(body: Uint8Array, contentType?: string | null): ExportResponse {
  if (contentType?.includes('json')) {
    const partial = readJson(body).partialSuccess ?? {};
    const rejected = partial.rejectedSpans ?? partial.rejectedDataPoints ?? partial.rejectedLogRecords;
    return { rejected: Number(rejected) || 0, message: textOf(partial.errorMessage) };
  }
  let rejected = 0;
  let message: string | undefined;
  const response = new FieldReader(body);
  while (response.next()) {
    if (response.field !== 1 || response.wireType !== 2) continue;
    const partial = response.message();
    while (partial.next()) {
      if (partial.field === 1 && partial.wireType === 0) rejected = partial.hi * 0x1_0000_0000 + (partial.lo >>> 0);
      if (partial.field === 2 && partial.wireType === 2) message = readUtf8(body, partial.start, partial.end);
    }
  }
  return { rejected, message: message || undefined };
}

export interface RpcStatus {
  readonly code: number;
  readonly message: string | undefined;
  /** `google.rpc.RetryInfo` among the details: when to try again. */
  readonly retryDelayMs: number | undefined;
}

/** Reads a `google.rpc.Status`, the body of an OTLP error, from protobuf, or from JSON where `contentType` says so. */
export function readRpcStatus(body: Uint8Array, contentType?: string | null): RpcStatus {
  if (contentType?.includes('json')) {
    const { code, message, details } = readJson(body);
    const retry = Array.isArray(details) ? details.find((detail) => detail?.retryDelay) : undefined;
    const seconds = Number.parseFloat(String(retry?.retryDelay));
    return {
      code: Number(code) || 0,
      message: textOf(message),
      retryDelayMs: seconds >= 0 ? seconds * 1000 : undefined,
    };
  }
  let code = 0;
  let message: string | undefined;
  let retryDelayMs: number | undefined;
  const status = new FieldReader(body);
  while (status.next()) {
    if (status.field === 1 && status.wireType === 0) code = status.lo;
    if (status.wireType !== 2) continue;
    if (status.field === 2) message = readUtf8(body, status.start, status.end);
    if (status.field === 3) retryDelayMs ??= readRetryInfo(status.message());
  }
  return { code, message: message || undefined, retryDelayMs };
}

/** An `Any` that may hold `RetryInfo { Duration retry_delay = 1 }`. */
function readRetryInfo(any: FieldReader): number | undefined {
  let type = '';
  let delayMs: number | undefined;
  while (any.next()) {
    if (any.wireType !== 2) continue;
    if (any.field === 1) type = readUtf8(any.bytes, any.start, any.end);
    if (any.field !== 2) continue;
    const info = any.message();
    while (info.next()) {
      if (info.field !== 1 || info.wireType !== 2) continue;
      delayMs = 0;
      const duration = info.message();
      while (duration.next()) {
        if (duration.field === 1) delayMs += (duration.hi * 0x1_0000_0000 + (duration.lo >>> 0)) * 1000;
        if (duration.field === 2) delayMs += duration.lo / 1e6;
      }
    }
  }
  return type.endsWith('google.rpc.RetryInfo') ? delayMs : undefined;
}

interface JsonAnswer {
  readonly partialSuccess?: Readonly<Record<string, unknown>>;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
}

function readJson(body: Uint8Array): JsonAnswer {
  try {
    const value: unknown = JSON.parse(readUtf8(body, 0, body.length));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);
