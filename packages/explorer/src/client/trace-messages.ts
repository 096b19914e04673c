import type { ResourceDetail, ScopeDetail, SpanDetail } from '#shapes/api.js';
import type { TraceColumns } from '../model/trace/columns.js';

/* What the page and the worker that holds the loaded trace say to each other. */

export type TraceRequest =
  | { readonly id: number; readonly ask: 'load'; readonly url: string }
  | { readonly id: number; readonly ask: 'detail'; readonly source: number }
  | { readonly id: number; readonly ask: 'find'; readonly text: string }
  | { readonly id: number; readonly ask: 'raw' };

export interface SpanInFull {
  readonly span: SpanDetail;
  readonly resource: ResourceDetail;
  readonly scope: ScopeDetail;
}

export interface LoadedTrace {
  readonly columns: TraceColumns;
}

export type TraceReply =
  | { readonly id: number; readonly progressBytes: number }
  | {
      readonly id: number;
      readonly ok: true;
      readonly value: LoadedTrace | SpanInFull | Uint32Array | string | undefined;
    }
  | {
      readonly id: number;
      readonly ok: false;
      readonly status: number;
      readonly message: string;
      readonly hint?: string | undefined;
    };
