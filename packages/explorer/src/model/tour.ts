import type { Attributes, TraceAnswer } from '#shapes/api.js';

/** One wall that a purchase in the example shop crosses, and how its span is known. */
export interface TourStop {
  readonly id: string;
  readonly name: string;
  readonly shows: string;
  readonly isHere: (service: string, resource: Attributes, span: TraceAnswer['spans'][number]) => boolean;
}

export const TOUR_STOPS: readonly TourStop[] = [
  {
    id: 'page',
    name: 'The page',
    shows: 'A click on “Buy”, in your browser, and the request it makes.',
    isHere: (service, _, { name }) => service === 'shop-page' && name.startsWith('click'),
  },
  {
    id: 'edge',
    name: 'A Worker at the edge',
    shows: 'Cloudflare’s runtime, in front of the shop’s API.',
    isHere: (_, resource, { kind }) => resource['process.runtime.name'] === 'workerd' && kind === 'server',
  },
  {
    id: 'api',
    name: 'The API',
    shows: 'Node.js with Fastify, instrumented by OpenTelemetry’s own packages.',
    isHere: (service, _, { kind }) => service === 'shop-api' && kind === 'server',
  },
  {
    id: 'wasm',
    name: 'A WebAssembly module',
    shows: 'AssemblyScript that prices the cart, the same file in the API and in the page.',
    isHere: (service, _, { attributes }) => service === 'shop-api' && attributes['wasm.module'] !== undefined,
  },
  {
    id: 'thread',
    name: 'A worker thread',
    shows: 'The order is scored beside the event loop; context travels with the messages.',
    isHere: (_, __, { attributes }) =>
      attributes['thread.id'] !== undefined && attributes['messaging.system'] === 'message_channel',
  },
  {
    id: 'payment',
    name: 'The payment service',
    shows: 'A second process, plain node:http, that knows nothing of telemetry.',
    isHere: (service, _, { kind }) => service === 'shop-payment' && kind === 'server',
  },
  {
    id: 'database',
    name: 'PostgreSQL',
    shows: 'The rows that changed, statement by statement.',
    isHere: (_, __, { attributes }) =>
      attributes['db.system.name'] === 'postgresql' && String(attributes['db.query.text']).startsWith('INSERT'),
  },
];

/** Programs that stand beside the shop, by the services they send as. */
export const TOUR_NEIGHBOURS = [
  {
    service: 'people',
    name: 'A desktop program',
    shows: 'Tauri: a page, a backend in Rust and SQLite in one trace.',
    needs:
      'It is not started with the shop, because it has to be built first: with Rust and, on Debian, libwebkit2gtk-4.1-dev.',
    start: 'cargo run -p people',
  },
  {
    service: 'sensor-station',
    name: 'A sensor station',
    shows: 'QuickJS with 256 KB: its power fails in the middle of a write, and each reading arrives once, over MQTT.',
    needs:
      'It starts by itself when somebody is in the shop. Only without Mosquitto on this machine it cannot: install that (Debian: apt-get install mosquitto) and start again.',
    start: 'npm start',
  },
] as const;

/** The trace the tour is about, as far as it has come. */
export interface TourTrace {
  readonly traceId: string;
  readonly spans: number;
  /** By the id of the stop: the span that was found there. */
  readonly visited: Readonly<Record<string, string>>;
}

/** Which stops a purchase has passed: the first span at each. */
export function readTour(trace: TraceAnswer): TourTrace {
  const visited: Record<string, string> = {};
  for (const span of trace.spans) {
    const { service, attributes } = trace.resources[span.resource]!;
    for (const { id, isHere } of TOUR_STOPS) {
      if (visited[id] === undefined && isHere(service, attributes, span)) visited[id] = span.spanId;
    }
  }
  return { traceId: trace.traceId, spans: trace.spans.length, visited };
}
