import { Worker } from 'node:worker_threads';

/*
 * Ends some spans (or logs, or counts, by `SIGNAL`) and comes to its end in the way that `END` says. `TELEMETRY=no`: the same program without any.
 */
const { FOLDER, END, TELEMETRY, DURABLE_AT = 'batch', FIRST = '0', SERIALS = '5', SIGNAL = 'traces' } = process.env;

const { start } = TELEMETRY === 'no' ? {} : await import('@throughline/sdk/node');
const telemetry = start?.({
  serviceName: 'crashing',
  store: FOLDER && { folder: FOLDER, durableAt: DURABLE_AT },
  batch: { shutdownTimeoutMs: 500 },
  metricTemporality: 'delta',
  cardinalityLimit: 1_000_000,
});
const traced = (name, options, run) => (telemetry ? telemetry.traced(name, options, run)() : run());
const first = Number(FIRST);
const counter = telemetry?.meter.createCounter('work');
const record = {
  traces: (attributes) => traced('work', { attributes }, () => {}),
  logs: (attributes) => telemetry?.logger.emit({ attributes }),
  metrics: (attributes) => counter?.add(1, attributes),
}[SIGNAL];
for (let serial = first; serial < first + Number(SERIALS); serial++) record({ 'throughline.serial': serial });

/** In a span that is still open when it happens. */
const inOrder = (run) => void traced('order', {}, () => new Promise(() => setTimeout(run, 5)));

const inThread = (throws) =>
  new Worker(new URL('./crashing-thread.mjs', import.meta.url), {
    workerData: { throws, telemetry: telemetry !== undefined },
  });

const ends = {
  throw: () => inOrder(() => null.missing),
  'throw text': () =>
    inOrder(() => {
      throw 'no error at all';
    }),
  reject: () => inOrder(() => void Promise.reject(new RangeError('too far'))),
  exit: () => inOrder(() => process.exit(7)),
  handled() {
    process.on('uncaughtException', ({ message }) => {
      console.log(`handled: ${message}`);
      process.exitCode = 4;
    });
    traced(
      'order',
      {},
      () =>
        new Promise((resolve) => {
          setTimeout(() => {
            setTimeout(resolve, 20);
            throw new Error('caught in the end');
          }, 5);
        }),
    );
  },
  thread: () => inThread(false).once('message', () => inOrder(() => null.missing)),
  'thread throws': () => inThread(true),
  wait() {
    inOrder(() => console.log('waiting'));
    setInterval(() => {}, 1_000);
  },
};
ends[END]();
