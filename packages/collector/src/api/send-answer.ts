import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Answer } from './answer.js';

const gzipAsync = promisify(gzip);
const LEAST_GZIP_BYTES = 1_400;

const SECURITY = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Sends an answer: length, compression where it pays, no body for HEAD. */
export async function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  let body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const headers: Record<string, string | number> = {
    'content-type': answer.type,
    'cache-control': 'no-store',
    ...SECURITY,
    ...answer.headers,
    vary: 'accept-encoding',
  };
  if (body.length >= LEAST_GZIP_BYTES && wantsGzip(request) && isCompressible(answer.type)) {
    body = await gzipAsync(body, { level: body.length > 1_000_000 ? constants.Z_BEST_SPEED : 6 });
    headers['content-encoding'] = 'gzip';
  }
  // Of an answer that never has a body the length would be taken for that of the file (RFC 9110, 8.6).
  if (answer.status !== 204 && answer.status !== 304) headers['content-length'] = body.length;
  if (response.destroyed) return;
  response.writeHead(answer.status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * A page on the same machine asks for gzip too, but would wait longer for the packing than for the bytes. A proxy on the same machine says so in
 * its headers.
 */
function wantsGzip(request: IncomingMessage): boolean {
  const accepted = String(request.headers['accept-encoding'] ?? '');
  if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s*[,;]|\s*$))/i.test(accepted)) return false;
  const { via, forwarded, 'x-forwarded-for': forwardedFor } = request.headers;
  const direct = via === undefined && forwarded === undefined && forwardedFor === undefined;
  return !(direct && isLoopback(request.socket.remoteAddress));
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address ?? '');
}

function isCompressible(type: string): boolean {
  return /json|text|javascript|svg|wasm|xml/.test(type);
}
