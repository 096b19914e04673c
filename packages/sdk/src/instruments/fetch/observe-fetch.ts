import { beginClientRequest, type ClientRequest, type RequestOptions } from '../../core/client-request.js';
import type { InstrumentHost } from '../../core/instrument.js';

const BODY_READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/**
 * Every `fetch` of the page as a client span, with `traceparent` for the page's own origin and those in `propagateTo`.
 *
 * The span ends when the body has been read, where the program begins to read it (`json()`, `text()` …) in the task in which it got the
 * answer, as nearly all do. Else (a body read later, as a stream, or not at all) it ends at the answer's headers: a body
 * that nobody reads has no end, and reading a copy of each would cost memory. The code behind `await fetch(…)` and
 * `await response.json()` has the context that the call had.
 */
export function observeFetch(host: InstrumentHost, options: RequestOptions = {}): () => void {
  const original = globalThis.fetch;
  let on = true;

  function observed(this: unknown, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const asked = input instanceof Request ? input : undefined;
    const said = <K extends 'method' | 'mode' | 'headers' | 'signal'>(what: K) => init?.[what] ?? asked?.[what];
    let request: ClientRequest | undefined;
    let withHeaders = init;
    try {
      if (on) {
        const url = new URL(asked ? asked.url : String(input), globalThis.document?.baseURI ?? location.href);
        request = beginClientRequest(host, options, said('method') ?? 'GET', url, location.origin);
        // A request that said no-cors to another origin may carry no header of ours.
        if (said('mode') !== 'no-cors') {
          const headers = new Headers(said('headers'));
          request?.propagate((name, value) => {
            if (headers.has(name)) return;
            headers.set(name, value);
            withHeaders = { ...init, headers };
          });
        }
      }
    } catch {
      // An address or headers that `fetch` itself will refuse: its own error is the better one.
    }
    const answer = original.call(this ?? globalThis, input, withHeaders);
    if (!request) return answer;

    const { end, failed, parent } = request;
    const settle = (): void => {
      end();
      host.contextStore.carry?.(parent);
    };
    const fail = (error: unknown): never => {
      const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
      // A program may abort with a reason of its own, which is then what the promise rejects with.
      failed(said('signal')?.aborted && name !== 'TimeoutError' ? 'AbortError' : name, message);
      settle();
      throw error;
    };
    return answer.then((response) => {
      request.answered(response.status);
      endWithBody(response, request, settle, fail);
      host.contextStore.carry?.(parent);
      return response;
    }, fail);
  }

  function endWithBody(
    response: Response,
    request: ClientRequest,
    settle: () => void,
    fail: (error: unknown) => never,
  ): void {
    const headersAt = performance.now();
    let reading = false;
    for (const name of BODY_READERS) {
      const read = response[name] as (() => Promise<unknown>) | undefined;
      if (!read) continue;
      Object.defineProperty(response, name, {
        configurable: true,
        writable: true,
        value: () => {
          reading = true;
          return read.call(response).then((body) => {
            settle();
            return body;
          }, fail);
        },
      });
    }
    setTimeout(() => reading || request.end(headersAt));
  }

  globalThis.fetch = observed;
  return () => {
    on = false;
    // Somebody who wrapped ours later keeps working: ours then only passes on.
    if (globalThis.fetch === observed) globalThis.fetch = original;
  };
}
