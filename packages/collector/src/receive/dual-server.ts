import { createServer as createHttp1, type Server as Http1Server, type RequestListener } from 'node:http';
import { constants, createServer as createHttp2, createSecureServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer as createNet, type Server as NetServer, type Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { createConnections } from './connections.js';
import type { TlsOptions } from './tls-options.js';

/** An HTTP server that is not listening yet. */
export interface DualServer {
  /** Resolves with the port that was taken; rejects with the system's error. */
  listen(host: string, port: number): Promise<number>;
  /** Lets requests under way finish for at most `limitMs`. */
  close(limitMs: number): Promise<void>;
}

/** How every HTTP/2 connection begins (RFC 9113, 3.4). */
const PREFACE = 'PRI * HTTP/2.0';
const FIRST_BYTES_MS = 20_000;
const REQUEST_MS = 60_000;
const MAX_STREAMS = 100;
/** Each takes some 20 KB, several times that with TLS. */
const MAX_CONNECTIONS = 1_000;

/**
 * HTTP/1.1 and HTTP/2 on one port: chosen by ALPN under TLS, by the first bytes without. The listener sees both as HTTP/1's
 * request and response. A request that has not arrived whole within `requestMs` is ended.
 */
export function createDualServer(
  listener: RequestListener,
  tls: TlsOptions | undefined,
  requestMs = REQUEST_MS,
  maxConnections = MAX_CONNECTIONS,
): DualServer {
  const connections = createConnections(maxConnections);
  // A sender that never finishes must not hold memory for ever; one that is only quiet keeps its connection.
  const timeouts = { requestTimeout: requestMs, headersTimeout: Math.min(20_000, requestMs), keepAliveTimeout: 75_000 };
  const http1 = createHttp1({ ...timeouts, keepAlive: true, noDelay: true }, listener);
  // It never listens itself, and Node begins to watch connections (their time limits, which are idle) only when a server does.
  http1.emit('listening');
  const sessions = new Set<ServerHttp2Session>();
  const keep = (session: ServerHttp2Session): void => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => undefined);
    // Node's HTTP/2 has no such limit of its own, and a sender whose network is gone would keep what it was admitted for.
    session.on('stream', (stream) => {
      const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestMs);
      const arrived = (): void => clearTimeout(timer);
      stream.once('end', arrived);
      stream.once('close', arrived);
    });
  };
  // Node's compatibility layer gives HTTP/2 requests the same shape; its types only do not say so.
  const asHttp2 = listener as unknown as Parameters<typeof createHttp2>[1];
  const settings = { maxConcurrentStreams: MAX_STREAMS };
  let front: NetServer | TlsServer;
  if (tls === undefined) {
    const http2 = createHttp2({ settings }, asHttp2);
    http2.on('session', keep);
    front = createNet({ noDelay: true }, (socket) => chooseByPreface(socket, http1, http2));
  } else {
    const secure = createSecureServer(
      {
        settings,
        allowHTTP1: true,
        cert: tls.cert,
        key: tls.key,
        ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
      },
      asHttp2,
    );
    secure.on('session', keep);
    front = secure;
  }
  front.on('connection', (socket: Socket) => {
    connections.open(socket);
  });
  return {
    listen: (host, port) =>
      new Promise((done, failed) => {
        front.once('error', failed);
        front.listen({ host, port, exclusive: true }, () => {
          front.removeListener('error', failed);
          // Out of file descriptors, say: the connection that could not be taken is lost, not the server.
          front.on('error', () => undefined);
          done((front.address() as AddressInfo).port);
        });
      }),
    close: (limitMs) =>
      new Promise((done) => {
        const timer = setTimeout(() => {
          connections.closeAll();
        }, limitMs);
        front.close(() => {
          clearTimeout(timer);
          done();
        });
        http1.close();
        // Node's HTTP/1 inside a TLS server keeps no list that can be closed; those connections end at the limit.
        for (const session of sessions) session.close();
      }),
  };
}

function chooseByPreface(socket: Socket, http1: Http1Server, http2: ReturnType<typeof createHttp2>): void {
  let begun: Buffer = Buffer.alloc(0);
  socket.setTimeout(FIRST_BYTES_MS, () => socket.destroy());
  const onError = (): void => void socket.destroy();
  socket.on('error', onError);
  const look = (chunk: Buffer): void => {
    begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
    const text = begun.toString('latin1', 0, PREFACE.length);
    if (text.length < PREFACE.length && PREFACE.startsWith(text)) return;
    socket.removeListener('data', look);
    socket.removeListener('error', onError);
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    socket.pause();
    socket.unshift(begun);
    (text === PREFACE ? http2 : http1).emit('connection', socket);
    if (text !== PREFACE) socket.resume();
  };
  socket.on('data', look);
}
