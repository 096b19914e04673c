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
  /** Requests that outlive the page, as many as the share allows. Without it all are ordinary ones. */
  readonly keepalive?: KeepaliveShare | undefined;
}

/** A share of the bytes a browser carries on after a page is gone. `keepaliveShare()` and `keepaliveBudget()` make one. */
export interface KeepaliveShare {
  /** Takes `bytes` of it: how many were taken (all or none), or what is answered instead of sending. */
  take(bytes: number, batch: Batch, leaving: boolean | undefined): number | Outcome;
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
      let reserved: number | Outcome | undefined;
      try {
        const address = batchUrl(url, batch, options.sendBatchId !== false);
        if (!address) return { kind: 'refused', reason: `${destination} has no address for ${batch.signal}` };
        const added = typeof options.headers === 'function' ? await options.headers() : options.headers;
        let body = toJson ? new TextEncoder().encode(toJson(batch.signal, batch.bytes)) : batch.bytes;
        const headers: Record<string, string> = {
          'content-type': options.plainText ? 'text/plain' : toJson ? 'application/json' : 'application/x-protobuf',
        };
        if (compressor && !leaving) {
          body = await compressor.compress(body);
          headers['content-encoding'] = compressor.encoding;
        }
        reserved = keepalive?.take(body.length, batch, leaving);
        if (typeof reserved === 'object') return reserved;
        const response = await send(address, {
          method: 'POST',
          // A POST that is redirected becomes a GET, and whatever answers that would count as sent.
          redirect: 'manual',
          headers: { ...headers, ...added },
          body: body as BodyInit,
          // Without a share nothing is said: Bun takes `false` as a wish for a connection of its own.
          keepalive: keepalive && !!reserved,
          credentials: options.credentials,
          signal: abort as AbortSignal,
        });
        const reader = response.body?.getReader();
        let answer = new Blob();
        for (;;) {
          const part = (await reader?.read())?.value;
          if (!part) break;
          answer = new Blob([answer, part]);
          if (answer.size > maxAnswerBytes) {
            void reader!.cancel();
            return { kind: 'refused', reason: `${destination} answers too much` };
          }
        }
        return httpOutcome({
          status: response.status,
          header: (name) => response.headers.get(name),
          body: new Uint8Array(await answer.arrayBuffer()),
        });
      } catch (error) {
        // Some runtimes quote the whole address.
        const why = `${(error as Error | undefined)?.cause ?? error}`.replace(/\/\/\S*@/, '//');
        return { kind: 'retry', reason: `${destination}: ${why}` };
      } finally {
        keepalive?.give(+reserved! || 0);
      }
    },
  };
}
