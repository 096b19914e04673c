import { beginClientRequest, type RequestOptions } from '../../core/client-request.js';
import type { InstrumentHost } from '../../core/instrument.js';

/**
 * Every `XMLHttpRequest` as a client span from `send()` to the end of the body, with `traceparent` for the page's own origin and those in
 * `propagateTo`. Listeners of the answer run in the context that `send()` was called in.
 */
export function observeXhr(host: InstrumentHost, options: RequestOptions = {}): () => void {
  if (typeof XMLHttpRequest !== 'function') return () => {};
  const prototype = XMLHttpRequest.prototype;
  const { open, send } = prototype;
  const opened = new WeakMap<XMLHttpRequest, { readonly method: string; readonly url: URL }>();
  let on = true;

  function observedOpen(this: XMLHttpRequest, ...args: unknown[]): void {
    (open as (...args: unknown[]) => void).apply(this, args);
    try {
      opened.set(this, { method: String(args[0]), url: new URL(String(args[1]), document.baseURI) });
    } catch {
      opened.delete(this);
    }
  }

  function observedSend(this: XMLHttpRequest, body?: Document | XMLHttpRequestBodyInit | null): void {
    const target = opened.get(this);
    opened.delete(this);
    const request = on && target && beginClientRequest(host, options, target.method, target.url, location.origin);
    if (!request) {
      send.call(this, body);
      return;
    }

    let over = false;
    const finish = (failure: string | undefined): void => {
      if (over) return;
      over = true;
      if (this.status > 0) request.answered(this.status);
      else request.failed(failure ?? 'TypeError');
      request.end();
    };
    // `readystatechange` comes before every other event of the end, so that the program's listeners of those find the context.
    const watch = ({ type }: Event): void => {
      if (this.readyState < 4) return;
      host.contextStore.carry?.(request.parent);
      // The same names that `fetch` gives these.
      if (this.status > 0 || type !== 'readystatechange')
        finish({ timeout: 'TimeoutError', abort: 'AbortError' }[type]);
    };
    for (const type of ['readystatechange', 'error', 'timeout', 'abort', 'loadend']) this.addEventListener(type, watch);
    try {
      request.propagate((name, value) => this.setRequestHeader(name, value));
      send.call(this, body);
    } catch (error) {
      // A synchronous request that failed.
      finish(error instanceof Error ? error.name : typeof error);
      throw error;
    }
  }

  prototype.open = observedOpen as typeof prototype.open;
  prototype.send = observedSend;
  return () => {
    on = false;
    if (prototype.open === (observedOpen as typeof prototype.open)) prototype.open = open;
    if (prototype.send === observedSend) prototype.send = send;
  };
}
