// One measurement in a process of its own: node --expose-gc worker.mjs <measurement> <JSON of its options>  →  one line of JSON

import { implementations } from '../sdk/implementations.mjs';
import { scenarios } from '../sdk/scenarios.mjs';
import { median, processorMicros } from './processor-time.mjs';

const [, , measurement, options] = process.argv;

const measurements = {
  /** From `startSpan` to bytes that are ready to send, per span of no attributes. */
  async span() {
    const tracer = await implementations.ours();
    const rounds = [];
    for (let round = 0; round < 21; round++) {
      const before = process.cpuUsage();
      for (let i = 0; i < 20_000; i++) scenarios['span.0attr'].run(tracer, i);
      if (round >= 6) rounds.push((processorMicros(before) * 1_000) / 20_000);
    }
    return { nanos: median(rounds) };
  },

  /** What telemetry adds to the start of a program, with nothing in any cache but the system's of files. */
  async start() {
    const before = performance.now();
    const { start } = await import('@throughline/sdk/node');
    start({ serviceName: 'claims' });
    return { ms: performance.now() - before };
  },

  /** A batch of 512 spans of five attributes, from protobuf to OTLP/JSON. */
  async json() {
    let batch;
    const tracer = await implementations.ours({
      onBatch(bytes) {
        batch = bytes;
      },
    });
    for (let i = 0; i < 512; i++) scenarios['span.5attr'].run(tracer, i);
    const path = '../../packages/sdk/dist/core/wire/export-request-to-json.js';
    const { exportRequestToJson } = await import(new URL(path, import.meta.url));
    const times = [];
    let text;
    for (let i = 0; i < 300; i++) {
      const before = performance.now();
      text = exportRequestToJson('traces', batch);
      if (i >= 100) times.push(performance.now() - before);
    }
    const spans = JSON.parse(text).resourceSpans[0].scopeSpans[0].spans.length;
    if (spans !== 512) throw new Error(`the JSON holds ${spans} spans`);
    return { ms: median(times) };
  },

  paced: async (given) => (await import('./paced-load.mjs')).pacedLoad(given),
  overhead: async (given) => (await import('./overhead.mjs')).overhead(given),
  provider: async () => (await import('./memory.mjs')).providerMemory(),
  queue: async () => (await import('./memory.mjs')).queueMemory(),
  transport: async () => (await import('./memory.mjs')).transportMemory(),
};

console.log(JSON.stringify(await measurements[measurement](options ? JSON.parse(options) : {})));
process.exit(0);
