import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { connect, createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface OtlpRelay {
  readonly url: string;
  /** The bodies that went through, unpacked, in order of arrival. */
  readonly bodies: readonly Uint8Array[];
  close(): Promise<void>;
}

/**
 * Stands between a client and a receiver and passes everything on, both ways, and keeps what the client said. So a test knows what a
 * client sent that does not tell it.
 */
export async function otlpRelay({
  protocol,
  target,
}: {
  readonly protocol: 'http' | 'grpc';
  /** The receiver's address, `http://127.0.0.1:4318`. */
  readonly target: string;
}): Promise<OtlpRelay> {
  const bodies: Uint8Array[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const far = protocol === 'grpc' ? connect(target) : undefined;
  const server: Server = far ? relayGrpc() : relayHttp();

  function relayHttp(): Server {
    return createHttpServer(async (request, response) => {
      const body = await readAll(request);
      bodies.push(unpacked(body, request.headers['content-encoding'] === 'gzip'));
      const answer = await fetch(new URL(request.url ?? '/', target), {
        method: request.method ?? 'POST',
        headers: passedOn(request.headers),
        body: new Uint8Array(body),
      });
      const type = answer.headers.get('content-type');
      response.writeHead(answer.status, type ? { 'content-type': type } : {});
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  }

  function relayGrpc(): Server {
    const http2 = createHttp2Server();
    http2.on('session', (session) => sessions.add(session));
    http2.on('stream', async (near, headers) => {
      const frame = await readAll(near);
      bodies.push(unpacked(frame.subarray(5), frame[0] === 1));
      const stream = far!.request({ ...headers, ':authority': new URL(target).host });
      const trailers = once(stream, 'trailers');
      stream.end(frame);
      const [answer] = await once(stream, 'response');
      near.respond({ ':status': answer[':status'], 'content-type': answer['content-type'] }, { waitForTrailers: true });
      const answered = await readAll(stream);
      const [{ 'grpc-status': status, 'grpc-message': message }] = await trailers;
      near.on('wantTrailers', () =>
        near.sendTrailers({ 'grpc-status': status, ...(message ? { 'grpc-message': message } : {}) }),
      );
      near.end(answered);
    });
    return http2 as unknown as Server;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    async close() {
      far?.destroy();
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const unpacked = (body: Buffer, packed: boolean): Uint8Array => (packed ? gunzipSync(body) : body);

/** What concerns one connection only is the next connection's own affair. */
function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const own = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (own.has(name) ? [] : [[name, `${value}`]])),
  );
}
