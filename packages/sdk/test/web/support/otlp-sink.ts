import type { IncomingHttpHeaders } from 'node:http';
import { decodeTraces, type SeenSpan } from './decode-traces.js';
import { readBody, serve } from './serve.js';

export interface SinkRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface OtlpSink {
  readonly url: string;
  /** Everything that came in, preflights as well. */
  readonly requests: readonly SinkRequest[];
  readonly spans: readonly SeenSpan[];
  /** Resolves with the spans as soon as `enough` says so of them. The test's own time-out is the limit. */
  until(enough: (spans: readonly SeenSpan[]) => boolean): Promise<readonly SeenSpan[]>;
  /** The first span of that name, now or as soon as it arrives. */
  span(name: string): Promise<SeenSpan>;
  /** The first request to this path (`/v1/logs`), now or as soon as it arrives. */
  request(path: string): Promise<SinkRequest>;
  /** Nobody is there: connections are cut without an answer. */
  away: boolean;
  /** Requests are taken, and answered when this is over. */
  hold: Promise<void> | undefined;
  /** How later requests are answered; `undefined`: taken. */
  answer:
    | ((request: SinkRequest) => { readonly status: number; readonly headers?: Record<string, string> })
    | undefined;
  close(): Promise<void>;
}

/** A collector's front door on loopback that takes OTLP/HTTP from any origin and keeps it in memory, traces decoded. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const requests: SinkRequest[] = [];
  const spans: SeenSpan[] = [];
  const batches = new Set<unknown>();
  const waiting = new Set<() => void>();

  const served = await serve(async (incoming, response) => {
    const bytes = await readBody(incoming).catch(() => undefined);
    if (!bytes) return; // The page aborted it.
    if (sink.away) return void incoming.socket.destroy();
    const request = { method: incoming.method!, url: incoming.url!, headers: incoming.headers, bytes };
    requests.push(request);
    const cors = {
      'access-control-allow-origin': incoming.headers.origin ?? '*',
      'access-control-allow-headers': 'content-type, content-encoding, authorization',
      'access-control-max-age': '600',
    };
    if (request.method === 'OPTIONS') {
      response.writeHead(204, cors).end();
      return;
    }
    const { status, headers } = sink.answer?.(request) ?? { status: 200 };
    // As a collector does: a batch whose answer the page did not see comes again under its id, and counts once; with another content it is another.
    const batchId = new URL(request.url, served.origin).searchParams.get('tl-batch');
    const batch = batchId === null ? request : `${batchId} ${bytes.toString('latin1')}`;
    if (status === 200 && !batches.has(batch)) {
      batches.add(batch);
      if (request.url.startsWith('/v1/traces')) spans.push(...decodeTraces(bytes, incoming.headers));
    }
    for (const look of [...waiting]) look();
    await sink.hold;
    response.writeHead(status, { ...cors, ...headers }).end();
  });

  const sink: OtlpSink = {
    url: served.origin,
    requests,
    spans,
    away: false,
    hold: undefined,
    answer: undefined,
    until: (enough) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          try {
            if (!enough(spans)) return;
            resolve(spans);
          } catch (error) {
            reject(error);
          }
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    request: (path) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = requests.find(({ method, url }) => method === 'POST' && url.startsWith(path));
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async span(name) {
      return (await sink.until((seen) => seen.some((span) => span.name === name))).find((span) => span.name === name)!;
    },
    close: served.close,
  };
  return sink;
}
