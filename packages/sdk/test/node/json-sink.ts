import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** One span as OTLP/JSON brought it, flattened to what tests ask about. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number; readonly message?: string };
  readonly scope: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface JsonSink {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** The bodies that were taken, in the order in which they came: of one signal by the word that begins them. */
  bodies(what: 'resourceSpans' | 'resourceMetrics' | 'resourceLogs'): readonly Json[];
  /** Answers each request with what this returns instead of 200; `undefined` leaves it without an answer. */
  answer: () => number | undefined;
  /** Resolves as soon as `found` gives something for the spans so far. */
  until<T>(found: (spans: readonly ReceivedSpan[]) => T | undefined | false): Promise<T>;
  /** Forgets the spans so far. */
  clear(): void;
  close(): Promise<void>;
}

export type Json = Record<string, unknown>;

/** Takes OTLP/JSON over HTTP on a free loopback port. Read with JSON.parse alone, so it shares no code with what it tests. */
export async function startJsonSink(): Promise<JsonSink> {
  const spans: ReceivedSpan[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  const bodies: Json[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      requests.push({ path, headers: request.headers });
      const status = sink.answer();
      if (status === 200) {
        const body = Buffer.concat(chunks);
        const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
        const exported = JSON.parse(text) as Json;
        bodies.push(exported);
        spans.push(...readSpans(exported));
      }
      if (status !== undefined) response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      for (const look of [...waiting]) look();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const sink: JsonSink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    bodies: (what) => bodies.filter((body) => what in body),
    answer: () => 200,
    until: (found) =>
      new Promise((resolve) => {
        const look = (): void => {
          const value = found(spans);
          if (value === undefined || value === false) return;
          waiting.delete(look);
          resolve(value);
        };
        waiting.add(look);
        look();
      }),
    clear: () => {
      spans.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return sink;
}

function readSpans(request: Json): ReceivedSpan[] {
  return list(request.resourceSpans).flatMap((resourceSpans) =>
    list(resourceSpans.scopeSpans).flatMap((scopeSpans) =>
      list(scopeSpans.spans).map((span) => ({
        name: String(span.name),
        traceId: String(span.traceId),
        spanId: String(span.spanId),
        parentSpanId: String(span.parentSpanId ?? ''),
        kind: Number(span.kind),
        startNano: BigInt(span.startTimeUnixNano as string),
        endNano: BigInt(span.endTimeUnixNano as string),
        attributes: attributesOf(span),
        events: list(span.events).map((event) => ({ name: String(event.name), attributes: attributesOf(event) })),
        status: (span.status as ReceivedSpan['status'] | undefined) ?? {},
        scope: String((scopeSpans.scope as Json | undefined)?.name ?? ''),
        resource: attributesOf((resourceSpans.resource as Json | undefined) ?? {}),
      })),
    ),
  );
}

const list = (value: unknown): Json[] => (value as Json[] | undefined) ?? [];

function attributesOf(holder: Json): Record<string, unknown> {
  return Object.fromEntries(list(holder.attributes).map(({ key, value }) => [String(key), jsonValue(value as Json)]));
}

function jsonValue(value: Json): unknown {
  if ('intValue' in value) return Number(value.intValue);
  if ('arrayValue' in value) return list((value.arrayValue as Json).values).map(jsonValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}
