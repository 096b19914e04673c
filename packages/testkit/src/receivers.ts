import type { CaseResult } from './suite.js';

/*
 * What a case asks of the world outside its runtime: receivers that answer as told, and what arrived at them. Plain data both ways. Where the
 * runtime has `fetch`, `receiversOver` (receivers-client.ts) speaks to the server that the test started (`receivers-server.ts`); a runtime without
 * brings a value of its own.
 */

export type ReceiverProtocol = 'http1' | 'http2' | 'grpc';

/** What a receiver says to one request, in the words of its protocol. Without a word: accepted. */
export type Says =
  | { readonly kind: 'accept'; readonly delayMs?: number }
  | { readonly kind: 'partial'; readonly rejected: number; readonly message: string }
  | { readonly kind: 'busy'; readonly message: string; readonly afterSeconds?: number }
  | { readonly kind: 'refuse'; readonly message: string }
  | { readonly kind: 'too-large'; readonly message: string }
  /** Cuts the connection instead of answering. */
  | { readonly kind: 'cut' }
  /** Takes the request and never answers. */
  | { readonly kind: 'silent' };

/** One export as it arrived. */
export interface Arrived {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly batchId?: string | undefined;
  /** Decompressed; for gRPC the message without its frame. */
  readonly body: readonly number[];
}

/** A span as a collector sees it. Times are Unix nanoseconds as decimal texts; ids are hex; a root has no parent: `''`. */
export interface ArrivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startNano: string;
  readonly endNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Receiver {
  readonly url: string;
  /** What the next requests are answered, in order. */
  answer(...says: readonly Says[]): Promise<void>;
  /** Resolves with all of them as soon as so many exports have arrived. */
  arrived(count: number): Promise<readonly Arrived[]>;
  /** The same for spans. A batch that came twice under its id counts once. */
  spans(count: number): Promise<readonly ArrivedSpan[]>;
  /** Connections that were made so far. */
  connections(): Promise<number>;
  /** Ends them all, as a server that restarts does. */
  dropConnections(): Promise<void>;
  close(): Promise<void>;
}

/** Takes connections and never says a word. */
export interface MuteReceiver {
  readonly url: string;
  /** Resolves as soon as somebody has connected. */
  connected(): Promise<void>;
  close(): Promise<void>;
}

export interface Receivers {
  open(protocol: ReceiverProtocol): Promise<Receiver>;
  openMute(): Promise<MuteReceiver>;
  /** An address on loopback where nobody listens. */
  unusedUrl(): Promise<string>;
}

/** What goes over the wire between `receiversOver` and `receiversServer`: one of these as JSON, answered by JSON. */
export type Command =
  | { readonly do: 'open'; readonly protocol: ReceiverProtocol }
  | { readonly do: 'open-mute' | 'unused' }
  | { readonly do: 'answer'; readonly at: string; readonly says: readonly Says[] }
  | { readonly do: 'arrived' | 'spans'; readonly at: string; readonly count: number }
  | { readonly do: 'connections' | 'drop'; readonly at: string }
  | { readonly do: 'connected' | 'close'; readonly at: string }
  | { readonly do: 'report'; readonly results: readonly CaseResult[] }
  /** The program broke before it could report. */
  | { readonly do: 'fail'; readonly reason: string };
