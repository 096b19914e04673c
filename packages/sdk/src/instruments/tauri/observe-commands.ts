import { isTracingSuppressed } from '../../core/context/suppress-tracing.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { beginCommand, type CommandOptions } from './command-span.js';
import type { ListenerWrap } from './observe-app-events.js';

export interface ObservedCommands extends CommandOptions {
  /** What stands before a command in the address under which the page reaches the backend: `ipc://localhost/`. */
  readonly ipcAddress: string;
  /** Told of `listen` before the backend is. */
  readonly wrapListener?: ListenerWrap | undefined;
}

/** The plumbing of events and channels, and telemetry's own way out. */
const PLUMBING = /^plugin:(event|__TAURI_CHANNEL__|throughline)\|/;

const BODY_READERS = ['arrayBuffer', 'json', 'text'] as const;

/**
 * Every `invoke` of the page as a client span named for its command, with `traceparent` for the backend; the program's calls stay as they
 * are. Tauri locks its `invoke`, but what it does is a `fetch` to the backend at an address of its own, and that is seen here, with the
 * caller's context. A call that brings its own `traceparent` has its span already.
 *
 * Where the web view cannot `fetch` from the backend (Android, or a policy without `connect-src ipc: http://ipc.localhost`) Tauri falls
 * back to messages, which nobody can see: `tracedInvoke` traces there too.
 */
export function observeCommands(host: InstrumentHost, options: ObservedCommands): () => void {
  const original = globalThis.fetch;
  let on = true;

  function observed(this: unknown, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const self = this ?? globalThis;
    const command = on && typeof input === 'string' ? commandOf(input, options.ipcAddress) : undefined;
    if (!command) return original.call(self, input, init);
    const body = () => (typeof init?.body === 'string' ? JSON.parse(init.body) : undefined);
    if (command === 'plugin:event|listen') options.wrapListener?.(body());
    const headers = new Headers(init?.headers);
    if (PLUMBING.test(command) || headers.has('traceparent') || isTracingSuppressed(host.contextStore.active())) {
      return original.call(self, input, init);
    }

    const span = beginCommand(host, options, command, body);
    span.propagate((name, value) => headers.set(name, value));
    return original.call(self, input, { ...init, headers }).then(
      (response) => {
        const isOk = response.headers.get('tauri-response') === 'ok';
        for (const name of BODY_READERS) {
          const read = response[name] as () => Promise<unknown>;
          Object.defineProperty(response, name, {
            configurable: true,
            writable: true,
            value: () =>
              read.call(response).then((answer) => {
                if (isOk) span.succeeded();
                else span.failed(answer);
                return answer;
              }),
          });
        }
        return response;
      },
      (error) => {
        span.failed(error);
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

function commandOf(address: string, ipcAddress: string): string | undefined {
  if (!address.startsWith(ipcAddress)) return undefined;
  return decodeURIComponent(address.slice(ipcAddress.length));
}
