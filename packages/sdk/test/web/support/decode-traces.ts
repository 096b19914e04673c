import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { decodeSpans } from '../../../../testkit/src/decode-spans.js';
import type { ArrivedSpan } from '../../../../testkit/src/receivers.js';

/** A span as a collector sees it. Times are Unix nanoseconds. */
export interface SeenSpan extends Omit<ArrivedSpan, 'startNano' | 'endNano'> {
  readonly startNano: bigint;
  readonly endNano: bigint;
}

/** The spans of one OTLP/HTTP request, protobuf or JSON by its content type (`text/plain` holds protobuf). */
export function decodeTraces(body: Buffer, headers: IncomingHttpHeaders): SeenSpan[] {
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const json = headers['content-type']?.startsWith('application/json') === true;
  return decodeSpans(bytes, json).map((span) => ({
    ...span,
    startNano: BigInt(span.startNano),
    endNano: BigInt(span.endNano),
  }));
}
