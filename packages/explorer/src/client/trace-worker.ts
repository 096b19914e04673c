/// <reference lib="webworker" />
import type { TraceAnswer } from '#shapes/api.js';
import { buildColumns } from '../model/trace/build-columns.js';
import type { TraceColumns } from '../model/trace/columns.js';
import { spanMatcher } from '../model/trace/match-span.js';
import { getJson, RequestFailure } from './api.js';
import type { TraceReply, TraceRequest } from './trace-messages.js';

/*
 * One worker holds one trace: it fetches, parses and lays it out, keeps the attributes, and answers for single spans. The page
 * only ever sees columns, which move without a copy, and the details of the span that is looked at.
 */

const PROGRESS_EVERY = 500_000;

let answer: TraceAnswer | undefined;
let columns: Pick<TraceColumns, 'count' | 'source'> | undefined;

const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = ({ data }: MessageEvent<TraceRequest>) => {
  void handle(data);
};

async function handle(request: TraceRequest): Promise<void> {
  try {
    switch (request.ask) {
      case 'load': {
        let told = 0;
        const loaded = await getJson<TraceAnswer>(request.url, undefined, (bytes) => {
          if (bytes - told < PROGRESS_EVERY) return;
          told = bytes;
          reply({ id: request.id, progressBytes: bytes });
        });
        const built = buildColumns(loaded);
        answer = loaded;
        columns = { count: built.count, source: built.source.slice() };
        reply({ id: request.id, ok: true, value: { columns: built } }, buffersOf(built));
        return;
      }
      case 'detail': {
        const span = answer?.spans[request.source];
        const resource = span && answer?.resources[span.resource];
        const spanScope = span && answer?.scopes[span.scope];
        const value = span && resource && { span, resource, scope: spanScope ?? { name: '', version: '' } };
        reply({ id: request.id, ok: true, value });
        return;
      }
      case 'find':
        reply({ id: request.id, ok: true, value: find(request.text) });
        return;
      case 'raw':
        reply({ id: request.id, ok: true, value: answer === undefined ? '' : JSON.stringify(answer, null, 2) });
    }
  } catch (cause) {
    const failure = cause instanceof RequestFailure ? cause : undefined;
    const message = failure?.message ?? (cause instanceof Error ? cause.message : String(cause));
    reply({ id: request.id, ok: false, status: failure?.status ?? -1, message, hint: failure?.hint });
  }
}

function find(text: string): Uint32Array {
  if (answer === undefined || columns === undefined || text.trim() === '') return new Uint32Array();
  const matches = spanMatcher(text);
  const { spans, resources, scopes, traceId } = answer;
  const found: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    const span = spans[columns.source[row]!]!;
    const candidate = {
      span,
      resource: resources[span.resource]!,
      scope: scopes[span.scope] ?? { name: '', version: '' },
      traceId,
    };
    if (matches(candidate)) found.push(row);
  }
  return Uint32Array.from(found);
}

function buffersOf(built: TraceColumns): Transferable[] {
  const buffers = new Set<Transferable>();
  for (const value of Object.values(built)) if (ArrayBuffer.isView(value)) buffers.add(value.buffer as ArrayBuffer);
  for (const fold of built.folds) buffers.add(fold.members.buffer as ArrayBuffer);
  return [...buffers];
}

function reply(message: TraceReply, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}
