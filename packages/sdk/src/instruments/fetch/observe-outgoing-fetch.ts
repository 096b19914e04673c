import { beginClientRequest, type RequestOptions } from '../../core/client-request.js';
import type { InstrumentHost } from '../../core/instrument.js';

/** `propagateTo`: absent, everybody is told, as a server's requests usually do. */
export type OutgoingFetchOptions = RequestOptions;

/**
 * Every global `fetch` of a server as a client span, with the trace in its headers. Whatever `traceparent` stands in them is replaced: a proxy
 * hands on the headers it got, and its own span is between. The span ends with the response's headers: a body that is only
 * passed on is none of the program's doing.
 */
export function observeOutgoingFetch(host: InstrumentHost, options: OutgoingFetchOptions = {}): () => void {
  const original = globalThis.fetch;
  const asked: RequestOptions = { ...options, propagateTo: options.propagateTo ?? [/^/] };
  let on = true;

  function observed(this: unknown, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const given = input instanceof Request ? input : undefined;
    let request: ReturnType<typeof beginClientRequest>;
    let withHeaders = init;
    try {
      if (on) {
        const url = new URL(given ? given.url : String(input));
        request = beginClientRequest(host, asked, init?.method ?? given?.method ?? 'GET', url, '');
        let headers: Headers | undefined;
        request?.propagate((name, value) => {
          headers ??= new Headers(init?.headers ?? given?.headers);
          headers.set(name, value);
          withHeaders = { ...init, headers };
        });
      }
    } catch {
      // An address or headers that `fetch` itself will refuse: its own error is the better one.
    }
    const answer = original.call(this ?? globalThis, input, withHeaders);
    if (!request) return answer;

    const { answered, end, failed } = request;
    return answer.then(
      (response) => {
        answered(response.status);
        end();
        return response;
      },
      (error: unknown) => {
        const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
        const aborted = (init?.signal ?? given?.signal)?.aborted;
        failed(aborted && name !== 'TimeoutError' ? 'AbortError' : name, message);
        end();
        throw error;
      },
    );
  }

  globalThis.fetch = observed;
  return () => {
    on = false;
    // Somebody who wrapped ours later keeps working: ours then only passes on.
    if (globalThis.fetch === observed) globalThis.fetch = original;
  };
}
