// One measurement in a process of its own, so that what V8 learned from one does not help or hurt another.
// node worker.mjs <measurement> <implementation>  →  one line of JSON

import { implementations } from './implementations.mjs';

const [, , measurement, implementation] = process.argv;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const codes = [200, 201, 400, 404, 500];
/** The attributes of a series: 500 routes, four methods, five codes are 10,000. */
const attributesOf = (i) => ({
  'http.route': `/shop/products/${i % 500}`,
  'http.request.method': methods[Math.floor(i / 500) % 4],
  'http.response.status_code': codes[Math.floor(i / 2_000) % 5],
});
const seriesCount = 10_000;
/** What a busy server measures again and again; a prime step, so that no order is learned. */
const usual = Array.from({ length: 64 }, (_, i) => attributesOf((i * 997) % seriesCount));

/**
 * Processor time of the whole process per unit of work, collecting garbage and compiling included: on a machine with other work
 * the wall clock tells about the neighbours. The median of rounds; the first rounds, in which most code is compiled, do not count.
 */
async function nanosEach(work, { units = 200_000, rounds = 15, warmUp = 6 } = {}) {
  const results = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < units; i++) {
      const answer = work(i);
      if (answer) await answer;
    }
    const { user, system } = process.cpuUsage(before);
    if (round >= warmUp) results.push(((user + system) * 1_000) / units);
  }
  return median(results);
}

const measurements = {
  /** Attributes that were seen before, in the same objects. */
  async 'counter.add.3attr'({ meter, collect }) {
    const counter = meter.createCounter('http.requests');
    const nanos = await nanosEach((i) => counter.add(1, usual[(i * 7) & 63]));
    return { nanos, bytes: (await collect()).length };
  },
  async 'histogram.record.3attr'({ meter, collect }) {
    const histogram = meter.createHistogram('http.duration');
    const nanos = await nanosEach((i) => histogram.record((i * 31) % 12_000, usual[(i * 7) & 63]));
    return { nanos, bytes: (await collect()).length };
  },
  /** New objects of the same content, as code writes them: what an object costs is in it, for all alike. */
  async 'counter.add.3attr-fresh'({ meter, collect }) {
    const counter = meter.createCounter('http.requests');
    const nanos = await nanosEach((i) => {
      const known = usual[(i * 7) & 63];
      counter.add(1, {
        'http.route': known['http.route'],
        'http.request.method': known['http.request.method'],
        'http.response.status_code': known['http.response.status_code'],
      });
    });
    return { nanos, bytes: (await collect()).length };
  },
  /** 10,000 series, all measured since the last collection, to the bytes of a request. */
  async 'collect.10k'({ meter, collect }) {
    const counter = meter.createCounter('http.requests');
    for (let i = 0; i < seriesCount; i++) counter.add(i, attributesOf(i));
    let bytes = 0;
    const nanos = await nanosEach(
      async () => {
        bytes = (await collect()).length;
      },
      { units: 4, rounds: 15, warmUp: 6 },
    );
    return { nanos, bytes };
  },
  /** What a series keeps, of the heap and beside it. Whoever keeps the attributes it was given keeps their memory too. */
  async 'heap.series'({ meter, collect }) {
    // Warm: code and caches are there before the first reading.
    const warm = meter.createCounter('warm');
    for (let i = 0; i < seriesCount; i++) warm.add(1, attributesOf(i % 100));
    await collect();
    const before = await memory();
    const counter = meter.createCounter('http.requests');
    for (let i = 0; i < seriesCount; i++) counter.add(1, attributesOf(i));
    const after = await memory();
    return { nanos: (after - before) / seriesCount, bytes: (await collect()).length };
  },
};

async function memory() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Node counts array buffers in `external` too, so the three of them together would count every byte twice.
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const made = await implementations[implementation]();
console.log(JSON.stringify(await measurements[measurement](made)));
process.exit(0);
