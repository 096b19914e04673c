import { Worker } from 'node:worker_threads';
import type { JsonResult } from './json-to-protobuf.js';
import type { Signal } from './signal.js';

export interface JsonThread {
  /** Never rejects. `json` is copied. */
  transcode(json: Uint8Array, signal: Signal): Promise<JsonResult>;
  close(): Promise<void>;
}

/** Several times what a body may become: running out of it would end the process. */
const HEAP_MIB = 384;
/** A collector that gets no JSON any more needs no thread for it. */
const IDLE_MS = 2_000;

/**
 * Transcodes JSON beside the main thread, one body after the other. The thread starts with the first one and ends when it has had nothing to do for a while.
 */
export function createJsonThread(): JsonThread {
  let worker: Worker | undefined;
  let lastId = 0;
  let idle: NodeJS.Timeout | undefined;
  const waiting = new Map<number, { readonly send: () => void; readonly settle: (result: JsonResult) => void }>();

  function start(): Worker {
    const started = new Worker(new URL('./json-thread.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 },
    });
    started.unref();
    started.on('message', ({ id, result }: { id: number; result: JsonResult }) => settle(id, result));
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      const [first] = waiting.keys();
      if (first !== undefined) settle(first, { kind: 'malformed', message: 'The body cannot be read as JSON.' });
    });
    return started;
  }

  function settle(id: number, result: JsonResult): void {
    const found = waiting.get(id);
    waiting.delete(id);
    found?.settle(result);
    const [next] = waiting.values();
    if (next !== undefined) next.send();
    else
      idle = setTimeout(() => {
        void worker?.terminate();
        worker = undefined;
      }, IDLE_MS).unref();
  }

  return {
    transcode: (json, signal) =>
      new Promise((done) => {
        clearTimeout(idle);
        const id = ++lastId;
        const send = (): void => {
          worker ??= start();
          worker.postMessage({ id, json, signal });
        };
        waiting.set(id, { send, settle: done });
        if (waiting.size === 1) send();
      }),
    async close() {
      clearTimeout(idle);
      const last = worker;
      worker = undefined;
      await last?.terminate();
    },
  };
}
