import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of one request on its way to a server and back. */
export type FrontFault =
  | 'pass'
  /** The server has it, and the connection is cut instead of an answer. */
  | 'lose-answer'
  /** The server has it, and the sender is told otherwise. */
  | { readonly answerWrongly: number }
  /** The server gets it twice, at the same time; the sender hears the later answer. */
  | 'duplicate'
  /** Half of the body reaches the server, then both connections are cut. */
  | 'cut-request'
  /** Nobody answers. Ends with the sender's patience. */
  | 'hang'
  /** The server never hears of it. */
  | { readonly refuse: number; readonly retryAfterSeconds?: number | undefined; readonly body?: string | undefined };

export interface FaultFront {
  readonly url: string;
  /** How often what befell a request, by its name. */
  readonly counts: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** An HTTP server before `target()` on which each request meets what `next` says of it. Bodies are passed on as they came. */
export async function faultFront(target: () => string, next: (body: Buffer) => FrontFault): Promise<FaultFront> {
  const counts = new Map<string, number>();

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await wholeBody(incoming);
    const fault = next(body);
    const name =
      typeof fault === 'string' ? fault : 'refuse' in fault ? `${fault.refuse}` : `wrong ${fault.answerWrongly}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (fault === 'hang') return;
    if (typeof fault === 'object' && 'refuse' in fault) {
      const { refuse, retryAfterSeconds, body: text = '' } = fault;
      response.writeHead(refuse, retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) });
      response.end(text);
      return;
    }
    if (fault === 'cut-request') {
      await passOn(incoming, body, body.length >> 1).catch(() => undefined);
      incoming.socket.destroy();
      return;
    }
    try {
      const copies =
        fault === 'duplicate' ? [passOn(incoming, body), passOn(incoming, body)] : [passOn(incoming, body)];
      const { status, headers, bytes } = (await Promise.all(copies)).at(-1)!;
      if (fault === 'lose-answer') incoming.socket.destroy();
      else if (typeof fault === 'object') response.writeHead(fault.answerWrongly).end();
      else response.writeHead(status, headers).end(bytes);
    } catch {
      incoming.socket.destroy();
    }
  }

  /** With `upTo`, that much of it and no more. */
  function passOn(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
    upTo?: number,
  ): Promise<{ status: number; headers: Record<string, string>; bytes: Buffer }> {
    return new Promise((done, failed) => {
      const { connection: _, 'transfer-encoding': __, ...rest } = headers;
      const onward = request(
        new URL(url ?? '/', target()),
        { method, headers: { ...rest, 'content-length': body.length }, agent: false },
        (answer) => {
          wholeBody(answer).then((bytes) => {
            const type = answer.headers['content-type'];
            const after = answer.headers['retry-after'];
            done({
              status: answer.statusCode ?? 502,
              headers: { ...(type && { 'content-type': type }), ...(after && { 'retry-after': after }) },
              bytes,
            });
          }, failed);
        },
      );
      onward.on('error', failed);
      if (upTo === undefined) onward.end(body);
      else onward.write(body.subarray(0, upTo), () => onward.destroy(new Error('cut')));
    });
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function wholeBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
