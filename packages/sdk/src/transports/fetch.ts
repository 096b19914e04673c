import type { Batch, Signal } from '../core/batch.js';
import type { Compressor, Outcome, SendOptions, Transport } from '../core/ports.js';
import { httpOutcome } from './http-answer.js';
import type { RequestHeaders } from './request-headers.js';
import { batchUrl, type OtlpUrl, withoutCredentials } from './signal-url.js';

/** A larger answer is not read to its end and counts as a refusal (OTLP specification, "OTLP/HTTP Response"). */
const maxAnswerBytes = 4 * 1024 * 1024;

export interface FetchTransportOptions {
  /** Base address (`http://localhost:4318`, to which `/v1/traces` is added) or a whole address per signal. */
  readonly url: OtlpUrl;
  /** Added to each request. In a page any of them costs a CORS preflight per address. */
  readonly headers?: RequestHeaders | undefined;
  /** `exportRequestToJson` of core, to send OTLP/JSON; without it protobuf is sent and the transcoder is not in the bundle. */
  readonly toJson?: ((signal: Signal, bytes: Uint8Array) => string) | undefined;
  readonly compressor?: Compressor | undefined;
  /** Default: the global `fetch` as it stands when the transport is made, before instruments wrap it. */
  readonly fetch?: typeof fetch | undefined;
  readonly credentials?: RequestCredentials | undefined;
  /** Send the batch's id as the query parameter `tl-batch`, so that a retry is not counted twice. Default `true`. */
  readonly sendBatchId?: boolean | undefined;
  /**
   * Send under `text/plain`, which passes the browser without a preflight. Throughline's collector takes it, other
   * receivers answer 415. Default `false`.
   */
  readonly plainText?: boolean | undefined;
  /** Requests that outlive the page, as many as `keepaliveBudget` allows. Without it all are ordinary ones. */
  readonly keepalive?: KeepaliveShare | undefined;
}

/** A share of the bytes a browser carries on after a page is gone. `keepaliveBudget()` makes one. */
export interface KeepaliveShare {
  /** Takes `bytes` of it: 0 when they were taken, else how many bytes could be had now. */
  take(bytes: number): number;
  give(bytes: number): void;
}

/** OTLP over HTTP with the runtime's own `fetch`: pages, workers, edge runtimes, Deno, Bun, Node. */
export function fetchTransport(options: FetchTransportOptions): Transport {
  const { url, toJson, compressor, keepalive } = options;
  const send = options.fetch ?? globalThis.fetch;
  const destination = withoutCredentials(url);

  return {
    destination,
    // No `await` before `fetch` where nothing has to be waited for: a page that is closing has only this turn.
    async send(batch: Batch, { abort, leaving }: SendOptions): Promise<Outcome> {
      let reserved = 0;
      const controller = new AbortController();
      const cancel = () => controller.abort();
      try {
        const address = batchUrl(url, batch, options.sendBatchId !== false);
        if (!address) return { kind: 'refused', reason: `${destination} has no address for ${batch.signal}` };
        const added = typeof options.headers === 'function' ? await options.headers() : options.headers;
        let body: string | Uint8Array = toJson ? toJson(batch.signal, batch.bytes) : batch.bytes;
        const headers: Record<string, string> = {
          'content-type': options.plainText ? 'text/plain' : toJson ? 'application/json' : 'application/x-protobuf',
        };
        if (compressor && !leaving) {
          body = await compressor.compress(typeof body === 'string' ? new TextEncoder().encode(body) : body);
          headers['content-encoding'] = compressor.encoding;
        }
        if (keepalive) {
          const bytes = typeof body === 'string' ? body.length * 3 : body.length;
          const left = keepalive.take(bytes);
          // A few bytes left are not worth splitting for: the rest goes as an ordinary request, which a hidden page finishes.
          if (leaving && left > 4096 && batch.items > 1) {
            return { kind: 'too-large', reason: 'keepalive budget', maxBytes: toJson ? left >> 2 : left };
          }
          reserved = left ? 0 : bytes;
        }
        if (abort.aborted) cancel();
        abort.addEventListener('abort', cancel);
        const response = await send(address, {
          method: 'POST',
          headers: { ...headers, ...added },
          body: body as BodyInit,
          keepalive: reserved > 0,
          credentials: options.credentials,
          signal: controller.signal,
        });
        const reader = response.body?.getReader();
        const parts: BlobPart[] = [];
        let left = maxAnswerBytes;
        for (;;) {
          const part = (await reader?.read())?.value;
          if (!part) break;
          parts.push(part);
          left -= part.length;
          if (left < 0) {
            void reader!.cancel();
            return { kind: 'refused', reason: `${destination} answers too much` };
          }
        }
        return httpOutcome({
          status: response.status,
          retryAfter: response.headers.get('retry-after'),
          contentType: response.headers.get('content-type'),
          body: new Uint8Array(await new Blob(parts).arrayBuffer()),
          nowMs: Date.now(),
        });
      } catch (error) {
        const { message, cause } = error as Error;
        const why = `${(cause as Error | undefined)?.message || message || error}`;
        // Some runtimes quote the whole address.
        return { kind: 'retry', reason: `${destination}: ${why.replace(/\/\/\S*@/, '//')}` };
      } finally {
        abort.removeEventListener('abort', cancel);
        keepalive?.give(reserved);
      }
    },
  };
}
