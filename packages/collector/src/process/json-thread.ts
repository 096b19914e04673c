/* The program of the thread in which large JSON is transcoded (json-in-thread.ts): nobody waits for it but its sender. */
import { parentPort } from 'node:worker_threads';
import { jsonToProtobuf } from './json-to-protobuf.js';
import type { Signal } from './signal.js';

parentPort?.on('message', ({ id, json, signal }: { id: number; json: Uint8Array; signal: Signal }) => {
  const result = jsonToProtobuf(json, signal);
  // Copied: what the writer made may be part of a larger buffer.
  parentPort?.postMessage({
    id,
    result: result.kind === 'protobuf' ? { ...result, bytes: result.bytes.slice() } : result,
  });
});
