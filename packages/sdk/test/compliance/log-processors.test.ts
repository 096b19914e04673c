import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logs, SeverityNumber } from '@opentelemetry/api-logs';
import { expect, test } from 'vitest';
import { readLines } from '../../../collector/src/receive/files/read-lines.js';
import { fakeTime } from '../../../testkit/src/fake-time.js';
import {
  batchLogRecordProcessor,
  createLog,
  type LogRecordExporter,
  type LogRecordProcessor,
  type ReadableLogRecord,
  type SdkLogRecord,
  simpleLogRecordProcessor,
} from '../../src/core/logs/index.js';
import { fileTransport, start } from '../../src/runtimes/node/index.js';
import { createTestClock } from '../../src/runtimes/testing/test-clock.js';
import { decodeLogRequests } from './decode-logs.js';
import { recorded } from './recorded.js';

/* Processors and exporters of log records, as the specification has them. */

const require = createRequire(import.meta.url);

/** Keeps what it is given; `answer` says when an export is over. */
function keepingExporter(answer: (done: () => void) => void = (done) => done()) {
  const batches: (readonly ReadableLogRecord[])[] = [];
  const calls: string[] = [];
  const exporter: LogRecordExporter = {
    export(records, done) {
      batches.push([...records]);
      calls.push(`export ${records.length}`);
      answer(() => done({ code: 0 }));
    },
    forceFlush: async () => void calls.push('forceFlush'),
    shutdown: async () => void calls.push('shutdown'),
  };
  return { exporter, batches, calls, bodies: () => batches.map((records) => records.map(({ body }) => body)) };
}

const quiet = (onEmit: LogRecordProcessor['onEmit'], more: Partial<LogRecordProcessor> = {}): LogRecordProcessor => ({
  onEmit,
  forceFlush: async () => {},
  shutdown: async () => {},
  ...more,
});

test('a simple processor hands each record to its exporter as it is emitted, one export at a time', async () => {
  const waiting: (() => void)[] = [];
  const { exporter, bodies } = keepingExporter((done) => waiting.push(done));
  recorded({ logRecordProcessors: [simpleLogRecordProcessor(exporter)] });
  const logger = logs.getLogger('lib');
  logger.emit({ body: 1 });
  expect(bodies()).toEqual([[1]]);
  logger.emit({ body: 2 });
  logger.emit({ body: 3 });
  expect(bodies()).toEqual([[1]]);
  for (const seen of [2, 3]) {
    waiting.shift()!();
    await expect.poll(() => bodies()).toHaveLength(seen);
  }
  expect(bodies()).toEqual([[1], [2], [3]]);
  waiting.shift()!();
});

test('a batch processor hands over so many records at once, or what there is after its delay, and keeps no more than its queue holds', async () => {
  const time = fakeTime();
  const { exporter, bodies, calls } = keepingExporter();
  const reports: string[] = [];
  const processor = batchLogRecordProcessor(exporter, { maxItems: 2, maxAgeMs: 100, maxQueueItems: undefined })({
    timers: time.timers,
    limits: { maxItems: 512, maxAgeMs: 1_000, maxQueueItems: 3, sendTimeoutMs: 50 },
    quietly: (run) => run(),
    report: (_level, code) => reports.push(code),
  });
  const emit = (body: number) => processor.onEmit({ body, resource: { attributes: {} } } as SdkLogRecord);
  emit(1);
  await time.advance(99);
  expect(bodies()).toEqual([]);
  await time.advance(1);
  expect(bodies()).toEqual([[1]]);
  for (const body of [2, 3, 4]) emit(body);
  await processor.forceFlush();
  expect(bodies()).toEqual([[1], [2, 3], [4]]);

  const never = keepingExporter(() => {});
  const slow = batchLogRecordProcessor(never.exporter, { maxItems: 1 })({
    timers: time.timers,
    limits: { maxItems: 512, maxAgeMs: 1_000, maxQueueItems: 3, sendTimeoutMs: 50 },
    quietly: (run) => run(),
    report: (_level, code) => reports.push(code),
  });
  for (const body of [1, 2, 3, 4, 5, 6]) slow.onEmit({ body, resource: { attributes: {} } } as SdkLogRecord);
  expect(reports).toEqual(['exporter-queue-full', 'exporter-queue-full']);
  for (let export_ = 0; export_ < 4; export_++) await time.advance(50);
  expect(never.bodies()).toEqual([[1], [2], [3], [4]]);
  expect(reports.slice(2)).toEqual(Array(4).fill('exporter-failed'));

  await processor.shutdown();
  emit(9);
  await processor.forceFlush();
  expect(calls.filter((call) => call !== 'forceFlush')).toEqual(['export 1', 'export 2', 'export 1', 'shutdown']);
});

test('what a processor of the program’s own changes in a record is what later ones see and what leaves; afterwards it can only be read [F26 S7]', () => {
  const seen: unknown[] = [];
  let kept: SdkLogRecord | undefined;
  const first = quiet((record, context) => {
    kept = record;
    expect(record).toMatchObject({
      body: 'paid by 4111',
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'paid',
      attributes: { user: 'ada', gone: 1 },
      instrumentationScope: { name: 'lib', version: '1' },
      resource: { attributes: { 'service.name': 'test' } },
      droppedAttributesCount: 0,
      hrTime: [expect.any(Number), expect.any(Number)],
      hrTimeObserved: [expect.any(Number), expect.any(Number)],
    });
    expect(context).toBeDefined();
    record
      .setBody('paid by card')
      .setAttribute('checked', true)
      .setAttributes({ lines: [1, 2] });
    record.setSeverityNumber(17).setSeverityText('ERROR').setEventName('paid.twice');
    delete record.attributes.gone;
    record.attributes.more = { deep: 1 };
    record.hrTime = [1_700_000_000, 5];
  });
  const second = quiet((record) => {
    seen.push(record.body, { ...record.attributes });
    throw new Error('not mine');
  });
  const rig = recorded({ logRecordProcessors: [first, second] });
  logs.getLogger('lib', '1').emit({
    body: 'paid by 4111',
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'paid',
    attributes: { user: 'ada', gone: 1 },
  });
  expect(seen).toEqual(['paid by card', { user: 'ada', checked: true, lines: [1, 2], more: { deep: 1 } }]);
  const [record] = rig.logs();
  expect(record).toMatchObject({
    body: 'paid by card',
    severityNumber: 17,
    severityText: 'ERROR',
    eventName: 'paid.twice',
    time: 1_700_000_000_000_000_005n,
  });
  expect(record!.attributes).toEqual({ user: 'ada', checked: true, lines: [1n, 2n], more: { deep: 1n } });
  kept!.setBody('later').setAttribute('later', 1);
  expect(kept).toMatchObject({ body: 'paid by card' });
  expect(kept!.attributes).not.toHaveProperty('later');
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['log-failed']);
});

test('limits and redaction hold for what processors add, and what a record is made of is copied before they see it', () => {
  const body = { list: [1] };
  const rig = recorded({
    redact: ['password'],
    logRecordLimits: { attributeCountLimit: 2, attributeValueLengthLimit: 12 },
    logRecordProcessors: [
      quiet((record) => {
        body.list.push(2);
        record.setAttribute('password', 'secret').setAttribute('third', 1);
      }),
    ],
  });
  logs.getLogger('lib').emit({ body, attributes: { long: 'abcdefghijklmnop' } });
  const [record] = rig.logs();
  expect(record).toMatchObject({ body: { list: [1n] }, attributes: { long: 'abcdefghijkl', password: '[REDACTED]' } });
});

test('enabled asks the processors: where each one that answers says no, a record of this kind is not wanted', () => {
  const asked: unknown[] = [];
  /** Takes what is severe enough, and keeps the rest from the one behind it. */
  const fromWarn = (next: LogRecordProcessor): LogRecordProcessor => ({
    ...next,
    onEmit: (record, context) => (record.severityNumber ?? 0) >= 13 && next.onEmit(record, context),
    enabled(question) {
      asked.push(question);
      return (question.severityNumber ?? 0) >= 13 && (next.enabled?.(question) ?? true);
    },
  });
  const rig = recorded({ logRecordProcessors: (exporting) => [fromWarn(exporting)] });
  const logger = logs.getLogger('lib', '1');
  expect(logger.enabled({ severityNumber: SeverityNumber.INFO, eventName: 'x' })).toBe(false);
  expect(logger.enabled({ severityNumber: SeverityNumber.ERROR })).toBe(true);
  expect(asked[0]).toMatchObject({
    severityNumber: 9,
    eventName: 'x',
    instrumentationScope: { name: 'lib', version: '1' },
    context: expect.anything(),
  });
  logger.emit({ severityNumber: 9, body: 'not wanted' });
  logger.emit({ severityNumber: 17, body: 'wanted' });
  expect(rig.logs().map(({ body }) => body)).toEqual(['wanted']);
});

test('a processor that cannot answer is wanted', () => {
  const rig = recorded({ logRecordProcessors: [quiet(() => {})] });
  expect(rig.telemetry.logger.enabled()).toBe(true);
  const broken = quiet(() => {}, {
    enabled() {
      throw new Error('not mine');
    },
  });
  expect(recorded({ global: false, logRecordProcessors: () => [broken] }).telemetry.logger.enabled()).toBe(true);
});

test('an exporter of the program’s own gets records as objects, with their span and who made them, and what left before the end [F26]', async () => {
  const { exporter, batches, calls } = keepingExporter();
  const rig = recorded({ logRecordExporters: [exporter], redact: ['password'] });
  rig.telemetry.measure('checkout', () => {
    logs.getLogger('lib', '1').emit({
      body: { password: 'p' },
      exception: new RangeError('far'),
      attributes: { a: 1 },
      timestamp: new Date(1_600_000_000_123),
    });
  });
  expect(await rig.telemetry.flush()).toBe(true);
  const { traceId, spanId } = rig.span('checkout');
  expect(batches).toHaveLength(1);
  expect(batches[0]![0]).toMatchObject({
    body: { password: '[REDACTED]' },
    attributes: { a: 1, 'exception.type': 'RangeError', 'exception.message': 'far' },
    hrTime: [1_600_000_000, 123_000_000],
    spanContext: { traceId, spanId },
    instrumentationScope: { name: 'lib', version: '1' },
  });
  rig.telemetry.logger.emit({ body: 'last' });
  await rig.telemetry.shutdown();
  expect(batches[1]!.map(({ body }) => body)).toEqual(['last']);
  expect(calls.at(-1)).toBe('shutdown');
  // The bytes left beside it.
  expect(rig.logs().map(({ body }) => body)).toEqual([{ password: '[REDACTED]' }, 'last']);
});

test('OpenTelemetry’s own log processors and exporters work on our records [F26]', async () => {
  const { SimpleLogRecordProcessor, BatchLogRecordProcessor, InMemoryLogRecordExporter } =
    require('@opentelemetry/sdk-logs') as typeof import('@opentelemetry/sdk-logs');
  const simple = new InMemoryLogRecordExporter();
  const batch = new InMemoryLogRecordExporter();
  const plain = new InMemoryLogRecordExporter();
  const rig = recorded({
    logRecordProcessors: [
      new SimpleLogRecordProcessor({ exporter: simple }),
      new BatchLogRecordProcessor({ exporter: batch }),
    ],
    logRecordExporters: [plain],
  });
  logs.getLogger('lib').emit({ body: 'a', severityNumber: 9, attributes: { list: ['x'] } });
  expect(await rig.telemetry.flush()).toBe(true);
  for (const exporter of [simple, batch, plain])
    expect(
      exporter
        .getFinishedLogRecords()
        .map(({ body, severityNumber, attributes }) => [body, severityNumber, attributes]),
    ).toEqual([['a', 9, { list: ['x'] }]]);
});

test('a logger takes what its configuration says: nothing, what is severe enough, what belongs to sampled spans', () => {
  const rig = recorded({
    sampler: { shouldSample: (_context, _id, name) => ({ decision: name === 'sampled' ? 2 : 0 }) },
    loggerConfigurator({ name }) {
      if (name === 'off') return { disabled: true };
      if (name === 'warn') return { minimumSeverity: 13 };
      if (name === 'sampled') return { traceBased: true };
      if (name === 'broken') throw new Error('not mine');
      return undefined;
    },
  });
  for (const name of ['off', 'warn', 'sampled', 'broken', 'other'])
    for (const span of ['sampled', 'not sampled'])
      rig.telemetry.measure(span, () => {
        const logger = logs.getLogger(name);
        for (const severityNumber of [0, 9, 13]) {
          const wanted = logger.enabled({ severityNumber });
          logger.emit({ body: [name, span, severityNumber, wanted].join(), severityNumber });
        }
      });
  expect(rig.logs().map(({ body }) => body)).toEqual([
    ...['sampled', 'not sampled'].flatMap((span) => [`warn,${span},0,true`, `warn,${span},13,true`]),
    ...[0, 9, 13].map((severity) => `sampled,sampled,${severity},true`),
    ...['broken', 'other'].flatMap((name) =>
      ['sampled', 'not sampled'].flatMap((span) => [0, 9, 13].map((severity) => `${name},${span},${severity},true`)),
    ),
  ]);
});

test('of more records than a program may make, errors are kept longest, and what is not kept is counted [W5]', () => {
  const rig = recorded({ logVolumeLimit: { perSecond: 0.001, burst: 10 } });
  const logger = logs.getLogger('lib');
  for (let at = 0; at < 20; at++) logger.emit({ severityNumber: 9, body: `info ${at}` });
  for (let at = 0; at < 20; at++) logger.emit({ severityNumber: 17, body: `error ${at}` });
  const bodies = rig.logs().map(({ body }) => body);
  expect(bodies.filter((body) => String(body).startsWith('info'))).toHaveLength(8);
  expect(bodies.filter((body) => String(body).startsWith('error'))).toEqual(['error 0', 'error 1']);
  expect(rig.telemetry.status().dropped).toMatchObject({ 'rate-limited': 30, 'queue-full': 0 });
  expect(recorded({ global: false }).telemetry.status().dropped).not.toHaveProperty('rate-limited');
});

test('room for records comes back as time passes, once for each piece of it', () => {
  const clock = createTestClock(1_700_000_000_000);
  const rig = recorded({ clock, logVolumeLimit: { perSecond: 1, burst: 2 } });
  const logger = logs.getLogger('lib');
  for (let at = 0; at < 20; at++) {
    logger.emit({ severityNumber: 17, body: at });
    clock.advance(500);
  }
  // Two at once, then one each second.
  expect(rig.logs().map(({ body }) => Number(body))).toEqual([0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

test('where hardly anything may come at once, what is no error comes too', () => {
  const rig = recorded({ logVolumeLimit: { perSecond: 0.001, burst: 1 } });
  const logger = logs.getLogger('lib');
  for (let at = 0; at < 3; at++) logger.emit({ severityNumber: 9, body: `info ${at}` });
  expect(rig.logs().map(({ body }) => body)).toEqual(['info 0']);
  expect(rig.telemetry.status().dropped).toMatchObject({ 'rate-limited': 2 });
});

test('what an exporter is handed later are the bytes of the moment they were logged in', async () => {
  const { exporter, bodies } = keepingExporter();
  const rig = recorded({ logRecordExporters: [exporter] });
  const memory = Buffer.from('first');
  rig.telemetry.logger.emit({ body: memory });
  memory.write('later');
  await rig.telemetry.flush();
  expect(bodies()).toEqual([[new Uint8Array(Buffer.from('first'))]]);
});

test('in a word: a text, attributes and what was thrown; an event by its name; a text that costs is made only where it is wanted', () => {
  const rig = recorded({ loggerConfigurator: () => ({ minimumSeverity: 5 }) });
  const log = createLog(rig.telemetry.logger);
  const error = new TypeError('no card');
  let made = 0;
  log.info('paid', { lines: 3 });
  log.error('not paid', { lines: 0 }, error);
  log.debug(() => `dear ${++made}`);
  log.trace(() => `too dear ${++made}`);
  log.warn(() => {
    throw error;
  });
  log.fatal({ code: 7 });
  log.event('cart.full', { items: 99 });
  log.event('cart.lost', undefined, { severityNumber: 13, body: 'gone' });
  expect(made).toBe(1);
  // Errors leave first.
  const said = rig
    .logs()
    .map(({ severityNumber, severityText, body, attributes, eventName }) => [
      severityNumber,
      severityText,
      body,
      attributes,
      eventName,
    ]);
  const exception = {
    'exception.type': 'TypeError',
    'exception.message': 'no card',
    'exception.stacktrace': error.stack,
  };
  expect(said).toEqual([
    [9, 'INFO', 'paid', { lines: 3n }, ''],
    [17, 'ERROR', 'not paid', { lines: 0n, ...exception }, ''],
    [5, 'DEBUG', 'dear 1', {}, ''],
    [13, 'WARN', null, exception, ''],
    [21, 'FATAL', { code: 7n }, {}, ''],
    [9, '', null, { items: 99n }, 'cart.full'],
    [13, '', 'gone', {}, 'cart.lost'],
  ]);
});

test('log records are written to a file as lines of OTLP/JSON, which the collector’s reader of such files reads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-log-file-'));
  try {
    const path = join(folder, 'logs.jsonl');
    const destinations = fileTransport({ path, format: 'json-lines' });
    const telemetry = start({ env: {}, destinations, signals: false, global: false });
    telemetry.logger.emit({ severityNumber: 9, body: 'paid\nin two lines', attributes: { lines: 3 } });
    telemetry.logger.emit({ severityNumber: 17, body: 'not shipped' });
    expect(await telemetry.flush()).toBe(true);
    telemetry.logger.emit({ body: 'appended' });
    await telemetry.shutdown();
    expect(telemetry.status().sent).toEqual({ traces: 0, metrics: 0, logs: 3 });
    const file = readFileSync(path);
    const requests: Uint8Array[] = [];
    const read = async (offset: number, length: number) => file.subarray(offset, offset + length);
    for await (const part of readLines(read, 0, file.length, true)) {
      expect(part).toMatchObject({ kind: 'batch', signal: 'logs' });
      if (part.kind === 'batch') requests.push(part.bytes);
    }
    expect(decodeLogRequests(requests).map(({ body, attributes }) => [body, attributes])).toEqual([
      ['not shipped', {}],
      ['paid\nin two lines', { lines: 3n }],
      ['appended', {}],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
