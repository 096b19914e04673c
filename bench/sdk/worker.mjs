// One measurement in a process of its own, so that what V8 learned from one does not help or hurt another.
// node worker.mjs <measurement> <implementation> <scenario>  →  one line of JSON

import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { implementations } from './implementations.mjs';
import { scenarios } from './scenarios.mjs';

const api = createRequire(import.meta.url)('@opentelemetry/api');
const [, , measurement, implementation, scenarioName] = process.argv;
const scenario = scenarios[scenarioName];
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * Processor time of the whole process per unit of work, collecting garbage and compiling included: on a machine with other work
 * the wall clock tells about the neighbours. The median of rounds; the first rounds, in which most code is compiled, do not count.
 */
function nanosEach(work, { units = 20_000, rounds = 15, warmUp = 6 } = {}) {
  const results = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < units; i++) work(i);
    const { user, system } = process.cpuUsage(before);
    if (round >= warmUp) results.push(((user + system) * 1_000) / units);
  }
  return median(results);
}

const measurements = {
  /** Time from `startSpan` to bytes ready to send, per span. */
  async time() {
    let bytes = 0;
    let batches = 0;
    let last;
    const tracer = await implementations[implementation]({
      onBatch(batch) {
        bytes += batch.length;
        batches++;
        last = batch;
      },
    });
    const nanos = nanosEach((i) => scenario.run(tracer, i, api)) / scenario.spans;
    return { nanos, wire: bytes / batches / 512, spans: countSpans(last) };
  },

  /** The same work where every span is turned down. */
  async unsampled() {
    const tracer = await implementations[implementation]({ sampled: false });
    return { nanos: nanosEach((i) => scenario.run(tracer, i, api), { units: 200_000 }) };
  },

  /** One reading of the clock the SDK uses. */
  async clock() {
    let sum = 0;
    const nanos = nanosEach(
      () => {
        sum += performance.now();
      },
      { units: 500_000 },
    );
    return { nanos, sum: sum > 0 };
  },

  /** Memory kept by spans that wait: 64 batches and half an open one, so that what the heap does by itself is small beside it. */
  async heap() {
    const kept = [];
    const work = await implementations[implementation]({
      onBatch: (batch) => kept.push(batch),
      keepSpans: (spans) => kept.push(spans),
    });
    const run = (count) => {
      for (let i = 0; i < count; i++) scenario.run(work, i, api);
    };
    // Warm: code, caches and id pools are there before the first reading.
    run(512 * 40);
    await memory();
    kept.length = 0;
    const before = await memory();
    const waiting = 512 * 64 + 256;
    run(waiting);
    const after = await memory();
    const batches = kept.length;
    return { bytes: (after - before) / waiting, batches };
  },

  /** How long `end()` holds the program up, while batches are sealed and sent to another process. */
  async pause() {
    const { request, Agent } = await import('node:http');
    const { fork } = await import('node:child_process');
    const sink = fork(new URL('sink.mjs', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const port = await new Promise((resolve) => sink.once('message', resolve));
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    let underWay = 0;
    const send = (bytes) => {
      underWay++;
      const call = request({ port, host: '127.0.0.1', method: 'POST', agent }, (answer) => {
        answer.resume().once('end', () => underWay--);
      });
      call.end(bytes);
    };
    const tracer = await implementations[implementation]({ onBatch: send });
    const pauses = [];
    const end = (span) => {
      const start = performance.now();
      span.end();
      pauses.push(performance.now() - start);
    };
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const warmUp = 512 * 20;
    const total = 512 * 300 + warmUp;
    for (let i = 0; i < total; i++) {
      scenario.run({ startSpan: (name, options) => timed(tracer.startSpan(name, options), end) }, i, api);
      if (i === warmUp) pauses.length = 0;
      // Requests make progress between the program's own pieces of work.
      if (i % 32 === 0 || underWay > 4) await turn();
    }
    agent.destroy();
    sink.disconnect();
    sink.kill();
    pauses.sort((a, b) => a - b);
    return { p999: pauses[Math.floor(pauses.length * 0.999)], max: pauses.at(-1), ends: pauses.length };
  },
};

/** A span whose `end` is timed; the scenario does not notice. */
function timed(span, end) {
  return {
    addEvent: (...args) => span.addEvent(...args),
    setAttribute: (...args) => span.setAttribute(...args),
    end: () => end(span),
  };
}

async function memory() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Node counts array buffers in `external` too, so the three of them together would count every byte of a batch twice.
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Spans in the only resource of a request; every byte of it is walked. */
function countSpans(bytes) {
  let pos = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[pos++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const count = (end, path) => {
    let found = 0;
    while (pos < end) {
      const tag = varint();
      if ((tag & 7) !== 2) throw new Error(`unexpected tag ${tag}`);
      const fieldEnd = varint() + pos;
      if (tag >> 3 === path[0]) found += path.length === 1 ? 1 : count(fieldEnd, path.slice(1));
      pos = fieldEnd;
    }
    if (pos !== end) throw new Error('a length does not fit');
    return found;
  };
  return count(bytes.length, [1, 2, 2]);
}

console.log(JSON.stringify(await measurements[measurement]()));
process.exit(0);
