import { readdirSync, writeSync } from 'node:fs';
import { start } from '@throughline/sdk/node';

/*
 * Ends spans with serials (or logs records, or counts, by `SIGNAL`), in batches of `PER_BATCH`, and says each that is durable by then; keeps on living.
 * `END` says how it ends instead.
 */
const {
  FOLDER,
  DURABLE_AT = 'batch',
  FIRST = '0',
  SPANS = '1000',
  END = 'no',
  MAX_BYTES,
  MAX_QUEUE_BYTES,
  PER_BATCH = '10',
  SIGNAL = 'traces',
} = process.env;

const size = Number(PER_BATCH);

const telemetry = start({
  serviceName: 'stored',
  store: { folder: FOLDER, durableAt: DURABLE_AT, ...(MAX_BYTES && { maxBytes: Number(MAX_BYTES) }) },
  batch: {
    maxItems: size,
    firstRetryMs: 100,
    maxRetryMs: 1_000,
    shutdownTimeoutMs: 1_000,
    ...(MAX_QUEUE_BYTES && { maxQueueBytes: Number(MAX_QUEUE_BYTES) }),
  },
  // Then each point is told once, and each serial is a series.
  metricTemporality: 'delta',
  cardinalityLimit: 1_000_000,
});
const counter = telemetry.meter.createCounter('work');

/** A span, a record or a count with this serial. What is counted becomes bytes when metrics are collected. */
const record = {
  traces: (attributes) => telemetry.tracer.startSpan('work', { attributes }).end(),
  logs: (attributes) => telemetry.logger.emit({ body: 'work', attributes }),
  metrics: (attributes) => counter.add(1, attributes),
}[SIGNAL];

let serial = Number(FIRST);
const last = serial + Number(SPANS);

const ends = {
  no: () => setInterval(() => {}, 1_000),
  abort: () => process.abort(),
  memory() {
    for (const kept = []; ; ) kept.push(new Array(100_000).fill(serial));
  },
  /** Says that there is no more room, and in the end what became of everything. */
  async counted() {
    console.log('full');
    for (;;) {
      const { queued, stored, dropped, sent } = telemetry.status();
      if (queued.items + stored.items === 0) {
        await telemetry.shutdown();
        console.log(JSON.stringify({ dropped, sent }));
        return process.exit();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  // When it sees nothing left any more; who wants to be sure looks into the folder afterwards.
  sent: () =>
    whenNothingIs(
      () => telemetry.status().stored.items || readdirSync(FOLDER).some((file) => !file.startsWith(`${process.pid}-`)),
    ),
  // The same of what it has itself: of several at once each sees the others' files, for as long as those live.
  ownSent: () => whenNothingIs(() => telemetry.status().stored.items),
};

function whenNothingIs(left, seen = 0) {
  const isLeft = left();
  if (isLeft || seen < 5) setTimeout(whenNothingIs, 50, left, isLeft ? 0 : seen + 1);
  else void telemetry.shutdown();
}

function work() {
  // Several in one step, so that a step is not a span.
  for (let each = 0; each < 7 && serial < last; each++, serial++) {
    record({ 'throughline.serial': serial });
    const isWhole = (serial - Number(FIRST)) % size === size - 1;
    if (SIGNAL === 'metrics' && (isWhole || DURABLE_AT === 'span')) void telemetry.flush({ timeoutMs: 100 });
    if (DURABLE_AT === 'span') writeSync(1, `${serial}\n`);
    else if (isWhole) writeSync(1, `${Array.from({ length: size }, (_, at) => serial - at).join('\n')}\n`);
  }
  if (serial < last) setImmediate(work);
  else ends[END]();
}
work();
