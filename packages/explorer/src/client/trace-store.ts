import { apiUrl, RequestFailure } from './api.js';
import type { LoadedTrace, SpanInFull, TraceReply, TraceRequest } from './trace-messages.js';

/** A trace that lives in its worker. */
export interface OpenTrace extends LoadedTrace {
  detail(span: number): Promise<SpanInFull | undefined>;
  find(text: string): Promise<Uint32Array>;
  /** The collector's answer as indented JSON. */
  raw(): Promise<string>;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (cause: Error) => void;
}

interface TraceWorker {
  /** Hears how much of the trace has been read. */
  onProgress?: (bytes: number) => void;
  ask<T>(request: WithoutId<TraceRequest>): Promise<T>;
  end(): void;
}
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

function createTraceWorker(): TraceWorker {
  const worker = new Worker(new URL('./trace-worker.ts', import.meta.url), { type: 'module', name: 'trace' });
  const waiting = new Map<number, Waiting>();
  let next = 1;
  worker.onmessage = ({ data }: MessageEvent<TraceReply>) => {
    if ('progressBytes' in data) {
      made.onProgress?.(data.progressBytes);
      return;
    }
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (asked === undefined) return;
    if (data.ok) asked.resolve(data.value as never);
    else asked.reject(new RequestFailure({ status: data.status, message: data.message, hint: data.hint }));
  };
  const fail = (): void => {
    const failure = new RequestFailure({
      status: -1,
      message: 'The part of this page that reads traces has stopped.',
      hint: 'Load the page again.',
    });
    for (const asked of waiting.values()) asked.reject(failure);
    waiting.clear();
  };
  worker.onerror = fail;
  const made: TraceWorker = {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve: resolve as (value: never) => void, reject });
        worker.postMessage({ ...request, id });
      }),
    end: () => {
      worker.terminate();
      fail();
    },
  };
  return made;
}

/** One worker is started ahead of need, so that opening a trace does not wait for its start. */
let spare: TraceWorker | undefined;

export function warmTraceWorker(): void {
  spare ??= createTraceWorker();
}

/** How many traces stay in their workers: the way back to the one before is then instant. */
const KEPT = 3;
const opened: { readonly traceId: string; readonly worker: TraceWorker }[] = [];

type Listener = (traceId: string) => void;
const listeners = new Set<Listener>();

/** Called when a trace leaves its worker and can no longer be asked for details. Returns how to stop. */
export function onTraceDropped(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Fetches and lays out a trace off the main thread. Rejects with a `RequestFailure`. */
export async function openTrace(
  traceId: string,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<OpenTrace> {
  const worker = spare ?? createTraceWorker();
  worker.onProgress = onProgress;
  spare = undefined;
  const stop = (): void => worker.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const url = new URL(apiUrl(`/traces/${encodeURIComponent(traceId)}`), location.href).href;
    const loaded = await worker.ask<LoadedTrace>({ ask: 'load', url });
    signal.removeEventListener('abort', stop);
    // Read again: the reading before is of no use any more.
    const before = opened.findIndex((one) => one.traceId === traceId);
    if (before >= 0) opened.splice(before, 1)[0]?.worker.end();
    opened.unshift({ traceId, worker });
    for (const old of opened.splice(KEPT)) {
      old.worker.end();
      for (const listener of listeners) listener(old.traceId);
    }
    return {
      ...loaded,
      detail: (span) => worker.ask<SpanInFull | undefined>({ ask: 'detail', source: loaded.columns.source[span]! }),
      find: (text) => worker.ask<Uint32Array>({ ask: 'find', text }),
      raw: () => worker.ask<string>({ ask: 'raw' }),
    };
  } catch (cause) {
    worker.end();
    throw cause;
  } finally {
    setTimeout(warmTraceWorker, 500);
  }
}
