// F10: what a span costs a piece of work of 100 µs, everything included: sampling, bytes, sending them to another process.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { start } from '@throughline/sdk/node';
import { traceIdRatioSampler } from '@throughline/sdk/sampling';
import { median, processorMicros } from './processor-time.mjs';

const blockItems = 512;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Arithmetic that allocates nothing. */
function work(rounds) {
  let x = 88_675_123;
  for (let i = 0; i < rounds; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/** Rounds of `work` that take 100 µs of this processor now. */
function calibrate() {
  let rounds = 50_000;
  for (let attempt = 0; attempt < 6; attempt++) {
    const micros = [];
    for (let i = 0; i < 25; i++) {
      const before = process.hrtime.bigint();
      for (let k = 0; k < 10; k++) work(rounds);
      micros.push(Number(process.hrtime.bigint() - before) / 10_000);
    }
    rounds = Math.max(1_000, Math.round((rounds * 100) / median(micros)));
  }
  return rounds;
}

/**
 * `{ percent }`: processor time of blocks of work with a span around each piece over that of blocks without, taking turns, less 1.
 * With `ratio` undefined the two are the same, and the figure is the noise.
 */
export async function overhead({ ratio, pairs }) {
  const sink = fork(new URL('sink.mjs', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = await once(sink, 'message');
  const telemetry = start({
    serviceName: 'claims',
    endpoint: `http://127.0.0.1:${port}`,
    sampler: traceIdRatioSampler(ratio ?? 1),
  });
  const { tracer } = telemetry;
  const rounds = calibrate();
  let sum = 0;
  const without = () => {
    for (let i = 0; i < blockItems; i++) sum ^= work(rounds);
  };
  const within = () => {
    for (let i = 0; i < blockItems; i++) {
      const span = tracer.startSpan('work');
      sum ^= work(rounds);
      span.end();
    }
  };
  async function measure(block) {
    const before = process.cpuUsage();
    block();
    // What is sent of the block is sent on its account.
    for (let i = 0; i < 4; i++) await turn();
    return processorMicros(before);
  }
  // What makes spans is compiled by then.
  for (let i = 0; i < 20_000; i++) {
    tracer.startSpan('work').end();
    if (i % 256 === 0) await turn();
  }
  await telemetry.flush();
  const shares = [];
  let plain = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const measured = ratio === undefined ? without : within;
    // Which of the two goes first changes, so that neither has the warmer processor.
    const first = pair % 2 ? await measure(measured) : await measure(without);
    const second = pair % 2 ? await measure(without) : await measure(measured);
    const [bare, spanned] = pair % 2 ? [second, first] : [first, second];
    plain += bare;
    shares.push(spanned / bare - 1);
  }
  await telemetry.shutdown();
  sink.disconnect();
  return { percent: median(shares) * 100, workMicros: plain / pairs / blockItems, sum };
}
