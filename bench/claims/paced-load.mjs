// 100,000 spans a second through `start()` and the transport a program gets, to a collector in another process.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { nodeHttpTransport, start } from '@throughline/sdk/node';
import { scenarios } from '../sdk/scenarios.mjs';
import { percentile, processorMicros } from './processor-time.mjs';

const batchItems = 512;
const perSecond = 100_000;
/** Spans between two looks at the network, where a program that was held up catches up. */
const stepItems = 64;

/** `{ rate, p50, p99, max }` of `end()` and `{ ackP50, ackP99, ackMax }` from sealing to the answer, in ms; `lost` spans; `load` of one core. */
export async function pacedLoad({ seconds }) {
  const sink = fork(new URL('sink.mjs', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = await once(sink, 'message');
  const http = nodeHttpTransport({ url: `http://127.0.0.1:${port}` });
  const sealedAt = [];
  const answered = [];
  const telemetry = start({
    serviceName: 'claims',
    // What is dropped is counted below.
    onDiagnostic() {},
    batch: { maxItems: batchItems, maxQueueItems: 2_048, maxAgeMs: 60_000 },
    destinations: {
      ...http,
      async send(batch, options) {
        // The `end()` that fills a batch seals it, and a batch's id ends with its number.
        const sealed = sealedAt[Number.parseInt(batch.id.slice(16), 16)];
        const outcome = await http.send(batch, options);
        if (outcome.kind !== 'accepted') throw new Error(`a batch was not accepted: ${JSON.stringify(outcome)}`);
        if (batch.items !== batchItems) throw new Error(`a batch of ${batch.items} spans`);
        answered.push(performance.now() - sealed);
        return outcome;
      },
    },
  });
  const { tracer } = telemetry;
  const ends = new Float64Array(perSecond * seconds + batchItems);
  let ended = 0;
  const timed = (name, options) => {
    const span = tracer.startSpan(name, options);
    return {
      end() {
        const before = performance.now();
        if (ended % batchItems === batchItems - 1) sealedAt.push(before);
        span.end();
        ends[ended++] = performance.now() - before;
      },
    };
  };
  const each = { startSpan: timed };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
  async function run(count) {
    const began = performance.now();
    for (let made = 0; made < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - began) * perSecond) / 1_000));
      // A program that was held up catches up in steps, between which it takes answers.
      for (const upTo = Math.min(due, made + stepItems); made < upTo; made++) scenarios['span.5attr'].run(each, made);
      await (made < due ? turn() : pause());
    }
    return performance.now() - began;
  }

  const warmUp = batchItems * 100;
  await run(warmUp);
  await telemetry.flush();
  ended = 0;
  answered.length = 0;
  const spans = Math.floor((perSecond * seconds) / batchItems) * batchItems;
  const usage = process.cpuUsage();
  const tookMs = await run(spans);
  const load = processorMicros(usage) / 1_000 / tookMs;
  await telemetry.flush();
  const { dropped } = telemetry.status();
  sink.send('count');
  const [came] = await once(sink, 'message');
  await telemetry.shutdown();
  sink.disconnect();
  const lost = warmUp + spans - came.spans;
  const inBooks = Object.values(dropped).reduce((sum, items) => sum + items, 0);
  if (lost !== inBooks) throw new Error(`${lost} spans did not come, and ${inBooks} are in the telemetry's books`);
  const pauses = ends.subarray(0, spans);
  return {
    rate: spans / (tookMs / 1_000),
    p50: percentile(pauses, 0.5),
    p99: percentile(pauses, 0.99),
    max: percentile(pauses, 1),
    ackP50: percentile(answered, 0.5),
    ackP99: percentile(answered, 0.99),
    ackMax: percentile(answered, 1),
    lost,
    load,
  };
}
