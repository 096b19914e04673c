import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestCollector } from './start-collector.js';

type Answer = { readonly status: number; readonly body: Buffer };

/** Stands before a collector; `answer` passes a request on, answers with a status of its own, or not at all. */
export async function relayBefore(
  collector: TestCollector,
  answer: (forward: () => Promise<Answer>) => Promise<Answer | number | undefined> | number | undefined,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(async (request, response) => {
    response.on('error', () => undefined);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const forward = async (): Promise<Answer> => {
      const passed = await fetch(new URL(request.url!, collector.otlpHttp), {
        method: 'POST',
        headers: { 'content-type': request.headers['content-type']! },
        body: Buffer.concat(chunks),
      });
      return { status: passed.status, body: Buffer.from(await passed.arrayBuffer()) };
    };
    const found = await answer(forward);
    if (found === undefined) return;
    if (typeof found === 'number') response.writeHead(found).end();
    else response.writeHead(found.status, { 'content-type': 'application/x-protobuf' }).end(found.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
