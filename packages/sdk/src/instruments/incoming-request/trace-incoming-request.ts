import type { Attributes, Span } from '@opentelemetry/api';
import { setSpan } from '../../core/context/span-in-context.js';
import { suppressTracing } from '../../core/context/suppress-tracing.js';
import { knownMethod, SECRET_QUERY } from '../../core/http-attributes.js';
import type { InstrumentHost } from '../../core/instrument.js';

export interface IncomingRequestOptions {
  /** The route that answers (`/products/:id`), where it is known before: `http.route`, and the span is named `GET /products/:id`. */
  readonly route?: ((request: Request) => string | undefined) | undefined;
  /** Further attributes of the request's span. */
  readonly attributes?: ((request: Request) => Attributes | undefined) | undefined;
  /** Requests of which nothing is recorded, what they cause included: `({ url }) => url.endsWith('/health')`. */
  readonly ignoreRequest?: ((request: Request) => boolean) | undefined;
  /** Takes out of `url.query` what only the program knows to be secret; signatures are taken out before. Gets the query without its `?`. */
  readonly redactQuery?: ((query: string) => string) | undefined;
}

const SERVER = 1;
const ERROR_STATUS = 2;

/**
 * Answers a request in a span of its own, by the stable semantic conventions ("HTTP server span"), below the span that its headers name. For any
 * runtime whose requests are the `Request` and `Response` of the fetch standard.
 *
 * The span ends when there is a response: what follows is the runtime's own sending. What is thrown is recorded and thrown on. A 5xx is
 * an error, a 4xx is not the server's.
 */
export async function traceIncomingRequest<R>(
  { contextStore, propagator, tracer }: InstrumentHost,
  request: Request,
  options: IncomingRequestOptions,
  answer: () => R,
): Promise<Awaited<R>> {
  const outer = contextStore.active();
  let span: Span;
  let route: string | undefined;
  let context = outer;
  // Options are the program's own functions: what they throw must not cost an answer.
  const ask = <T>(question: ((request: Request) => T) | undefined): T | undefined => {
    try {
      return question?.(request);
    } catch {
      return undefined;
    }
  };
  if (ask(options.ignoreRequest)) return await contextStore.with(suppressTracing(outer), answer);

  const parent = propagator.extract(outer, request.headers, headerGetter);
  const method = knownMethod(request.method);
  route = ask(options.route);
  span = tracer.startSpan(
    route ? `${method} ${route}` : method,
    {
      kind: SERVER,
      attributes: { ...requestAttributes(request, options, method), 'http.route': route, ...ask(options.attributes) },
    },
    parent,
  );
  context = setSpan(parent, span);
  try {
    const response: unknown = await contextStore.with(context, answer);
    const status = (response as Partial<Response> | undefined)?.status;
    if (typeof status === 'number') {
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) span.setAttribute('error.type', `${status}`).setStatus({ code: ERROR_STATUS });
    }
    return response as Awaited<R>;
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
    span.recordException(error as Error);
    span.setAttribute('error.type', name).setStatus({ code: ERROR_STATUS, message });
    throw error;
  } finally {
    // A router that found the route only now has said it on the active span.
    const found = (span as { attributes?: Attributes }).attributes?.['http.route'];
    if (!route && found) span.updateName(`${method} ${found}`);
    span.end();
  }
}

function requestAttributes(request: Request, options: IncomingRequestOptions, method: string): Attributes {
  const { pathname, protocol, hostname, port, search } = new URL(request.url);
  let query: string | undefined = search.replace(SECRET_QUERY, '$1REDACTED').slice(1);
  try {
    if (options.redactQuery) query = options.redactQuery(query);
  } catch {
    query = undefined;
  }
  return {
    'http.request.method': method,
    ...(method !== request.method && { 'http.request.method_original': request.method }),
    'url.scheme': protocol.slice(0, -1),
    'url.path': pathname,
    'url.query': query || undefined,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
    'user_agent.original': request.headers.get('user-agent') ?? undefined,
  };
}

const headerGetter = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};
