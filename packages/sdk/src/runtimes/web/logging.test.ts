import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLogs } from '../../../../testkit/src/otlp-proto.js';
import { rootContext } from '../../core/context/context.js';
import { setSpan, withSpanContext } from '../../core/context/span-in-context.js';
import { suppressTracing } from '../../core/context/suppress-tracing.js';
import type { Diagnostic } from '../../core/options.js';
import type { SignalPart } from '../../core/signal-part.js';
import type { Logger, LogRecord } from '../../core/telemetry-handle.js';
import { type BareWebOptions, createRedactor, fullLogging, logging, start, type Telemetry } from './bare.js';

/** What a receiver gets of `act` in a page with one kind of logging. */
async function logged(
  kind: SignalPart,
  act: (logger: Logger, telemetry: Telemetry, more: Logger) => void,
  options: BareWebOptions = {},
) {
  const batches: { readonly priority: string; readonly bytes: Uint8Array; readonly items: number }[] = [];
  const said: Diagnostic[] = [];
  let library: Logger | undefined;
  const telemetry = start(
    {
      global: false,
      serviceName: 'page',
      instruments: [
        ({ loggerProvider }) => {
          library = loggerProvider?.getLogger('lib', '2', { schemaUrl: 'https://schema', attributes: { a: 'b' } });
          return () => {};
        },
      ],
      onDiagnostic: (diagnostic) => said.push(diagnostic),
      destinations: {
        destination: 'here',
        async send({ signal, priority, bytes, items }) {
          if (signal === 'logs') batches.push({ priority, bytes, items });
          return { kind: 'accepted', rejectedItems: 0 };
        },
      },
      ...options,
    },
    { logging: kind },
  );
  act(telemetry.logger, telemetry, library!);
  await telemetry.flush();
  const { logger } = telemetry;
  await telemetry.shutdown();
  const requests = batches.map(({ priority, bytes, items }) => ({ priority, items, ...decodeLogs(bytes) }));
  return { requests, said, logger };
}

/** How they are cut into batches is another matter. */
const recordsOf = ({ requests }: Awaited<ReturnType<typeof logged>>) =>
  requests
    .flatMap(({ priority, resourceLogs }) =>
      resourceLogs.flatMap(({ resource, scopeLogs }) =>
        scopeLogs.flatMap(({ scope, schemaUrl, logRecords }) =>
          logRecords.map((record) => ({ priority, resource, scope, schemaUrl, record })),
        ),
      ),
    )
    .sort((a, b) => (a.record.observedTimeUnixNano! < b.record.observedTimeUnixNano! ? -1 : 1));

const circle: Record<string, unknown> = { name: 'circle' };
circle.self = circle;
const value = fc.anything({
  withBigInt: true,
  withMap: true,
  withTypedArray: false,
  withDate: false,
  withNullPrototype: true,
  maxDepth: 3,
});

test('log records of the small logging are to a receiver what those of the full one are [S7]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record(
          {
            severityNumber: fc.integer({ min: -1, max: 26 }),
            severityText: fc.string(),
            eventName: fc.string(),
            body: value,
            attributes: fc.dictionary(fc.string(), value, { maxKeys: 5 }),
            timestamp: fc.constantFrom<LogRecord['timestamp']>(new Date(1.6e12), [1_600_000_000, 7], 1.6e12),
            exception: fc.constantFrom<unknown>(new RangeError('far'), 'text', undefined),
          },
          { requiredKeys: ['timestamp'] },
        ),
        { minLength: 1, maxLength: 5 },
      ),
      async (records) => {
        const of = async (kind: SignalPart) =>
          recordsOf(
            await logged(
              kind,
              (logger, _, library) => {
                for (const [at, record] of records.entries())
                  (at % 2 ? library : logger).emit({ ...record, observedTimestamp: [1_600_000_001, at] });
              },
              { logRecordLimits: { attributeCountLimit: 3, attributeValueLengthLimit: 5 } },
            ),
          );
        expect(await of(logging)).toEqual(await of(fullLogging));
      },
    ),
    { numRuns: 150 },
  );
});

test('values that contain themselves, throw or are endless, and secrets, leave alike in both kinds [F26]', async () => {
  let deep: unknown = 'end';
  for (let i = 0; i < 40; i++) deep = { left: deep, right: deep };
  const angry = {
    get own(): never {
      throw new Error('not mine');
    },
  };
  const bodies = [
    circle,
    [circle, circle],
    deep,
    { angry },
    new Date(0),
    { toJSON: () => ['x'] },
    () => 1,
    Symbol('s'),
  ];
  const act = (logger: Logger) => {
    for (const [at, body] of [
      ...bodies,
      new Error('body', { cause: circle }),
      2n ** 70n,
      new Uint8Array([1]),
    ].entries())
      logger.emit({
        body: body instanceof Error ? { name: body.message } : body,
        attributes: {
          body: typeof body === 'object' && !(body instanceof Error) ? body : at,
          Token: 'secret',
          deep: { password: 'secret' },
        },
        timestamp: [1_600_000_000, at],
        observedTimestamp: [1_600_000_000, at],
      });
  };
  const options = { spanProcessors: [createRedactor(['password', /token/i])] };
  const small = await logged(logging, act, options);
  expect(JSON.stringify(small.requests)).not.toContain('secret');
  expect(recordsOf(small)).toEqual(recordsOf(await logged(fullLogging, act, options)));
  // Where the option itself says so too.
  const bare = await logged(logging, act, { redact: ['PASSWORD', /^tok/gi] });
  expect(JSON.stringify(bare.requests)).not.toContain('secret');
});

test('a record of the small logging has the ids of its span and a time in it, and none below telemetry’s own requests', async () => {
  const spanContext = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
  const { requests, logger } = await logged(logging, (logger, { tracer }) => {
    const span = tracer.startSpan('here');
    logger.emit({ body: 'in it', context: setSpan(rootContext, span) });
    logger.emit({ body: 'foreign', context: withSpanContext(rootContext, spanContext) });
    logger.emit({ body: 'none', context: rootContext });
    logger.emit({ body: 'quiet', context: suppressTracing(rootContext) });
    logger.emit(undefined as never);
    expect(logger.enabled()).toBe(true);
    expect(logger.enabled({ context: suppressTracing(rootContext) })).toBe(false);
    span.end();
  });
  const records = requests.flatMap(({ resourceLogs }) => resourceLogs[0]!.scopeLogs[0]!.logRecords);
  expect(records.map(({ body, traceId, flags }) => [body!.stringValue, traceId?.length, flags])).toEqual([
    ['in it', 16, 3],
    ['foreign', 16, 1],
    ['none', undefined, undefined],
  ]);
  expect(logger.enabled()).toBe(false);
});

test('options that need the full logging are named by the small one [F2]', async () => {
  const { said } = await logged(logging, () => {}, { logVolumeLimit: { perSecond: 1 }, logRecordProcessors: [] });
  expect(said.map(({ code, message }) => [code, message])).toEqual([
    ['part-missing', 'logRecordProcessors needs fullLogging'],
  ]);
  const full = await logged(fullLogging, () => {}, { logVolumeLimit: { perSecond: 1 } });
  expect(full.said).toEqual([]);
});
