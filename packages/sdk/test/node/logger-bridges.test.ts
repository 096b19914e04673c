import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { decodeSpans } from '../../../testkit/src/decode-spans.js';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { decodeLogRequests, type WireLog } from '../compliance/decode-logs.js';
import { type InstalledSdk, installSdk } from './installed-sdk.js';
import { killPrograms, runProgram } from './run-program.js';

/*
 * Programs that log with pino, winston and console, with the package as npm installs it, against a real receiver.
 */

let sdk: InstalledSdk;
let sink: OtlpSink;

beforeAll(async () => {
  sdk = await installSdk();
});
afterAll(() => sdk?.remove());
beforeEach(async () => {
  sink = await otlpSink({ protocol: 'http1' });
});
afterEach(async () => {
  killPrograms();
  await sink.close();
});

async function ran(file: string, env: Record<string, string> = {}) {
  const program = runProgram(file, { cwd: sdk.folder, env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...env } });
  const { code, stdout, stderr } = await program.ended;
  const bodies = (signal: string) =>
    sink.received.filter(({ path }) => path.startsWith(`/v1/${signal}`)).map(({ body }) => body);
  // Errors leave in batches of their own; what the loggers say of time is whole milliseconds.
  const arrived = decodeLogRequests(bodies('logs'));
  const isError = ({ severityNumber }: WireLog) => severityNumber >= 17;
  const records = [...arrived.filter((record) => !isError(record)), ...arrived.filter(isError)];
  const spans = bodies('traces').flatMap((body) => decodeSpans(body));
  return { code, stdout, stderr, records, spans };
}

/** Of each order the records, which must be in its span. */
function ofOrders({ records, spans }: Awaited<ReturnType<typeof ran>>): Record<'first' | 'second', WireLog[]> {
  const of = (name: string) => {
    const span = spans.find((one) => one.name === name)!;
    return records.filter(({ traceId, spanId }) => traceId === span.traceId && spanId === span.spanId);
  };
  return { first: of('first'), second: of('second') };
}

test('what a program logs with pino is recorded in its span, as pino writes it, and printed as before [S7 F19]', async () => {
  const run = await ran('bridged-pino.mjs');
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  expect(run.stdout.split('\n').filter((line) => line.includes('too early'))).toHaveLength(1);
  expect(run.stdout).not.toContain('begins');
  const orders = ofOrders(run);
  for (const name of ['first', 'second'] as const) {
    expect(orders[name].map(({ severityNumber, severityText, body }) => [severityNumber, severityText, body])).toEqual([
      [5, 'debug', 'begins'],
      [9, 'info', 'paid in full'],
      [17, 'error', `no stock for ${name}`],
      [21, 'fatal', 'text as error'],
    ]);
    const [begins, paid, error, fatal] = orders[name];
    expect(begins!.scope.name).toBe('pino');
    expect(begins!.attributes).toEqual({ order: name });
    expect(paid!.attributes).toEqual({ order: name, lines: 3n, card: { number: '[Redacted]', kind: 'visa' } });
    expect(error!.attributes).toEqual({
      order: name,
      'exception.type': 'RangeError',
      'exception.message': `no stock for ${name}`,
      'exception.stacktrace': expect.stringContaining('bridged-pino.mjs'),
    });
    expect(fatal!.attributes).toEqual({ order: name, err: 'a text' });
  }
  const outside = run.records.filter(({ spanId }) => spanId === '').map(({ body }) => body);
  expect(outside).toEqual(['telemetry says started-twice']);
  expect(run.records).toHaveLength(9);
});

test('what a program logs with winston is recorded in its span, also in a hurry, and printed as before [S7 F19]', async () => {
  const run = await ran('bridged-winston.mjs');
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  expect(run.stdout.split('\n').filter((line) => line.includes('too early'))).toHaveLength(1);
  const orders = ofOrders(run);
  for (const name of ['first', 'second'] as const) {
    expect(orders[name].map(({ severityNumber, severityText, body }) => [severityNumber, severityText, body])).toEqual([
      [5, 'debug', 'begins'],
      [9, 'info', 'paid in full'],
      ...Array.from({ length: 40 }, (_, at) => [6, 'verbose', `step ${at}`]),
      [13, 'warn', 'not shipped'],
      [17, 'error', `no stock for ${name}`],
      [17, 'error', 'severe'],
    ]);
    const [begins, paid] = orders[name];
    const [warn, error] = orders[name].slice(-3);
    expect(begins!.scope.name).toBe('winston');
    expect(paid!.attributes).toEqual({ order: name, lines: 3n });
    expect(error!.attributes).toEqual({
      order: name,
      'exception.type': 'RangeError',
      'exception.message': `no stock for ${name}`,
      'exception.stacktrace': expect.stringContaining('bridged-winston.mjs'),
    });
    expect(warn!.attributes).toMatchObject({
      order: name,
      'exception.type': 'TypeError',
      'exception.message': 'no van',
    });
  }
  expect(run.records).toHaveLength(90);
});

test('what a program says by console is recorded in its span and printed as before, and telemetry does not hear itself [S7]', async () => {
  const run = await ran('bridged-console.mjs');
  expect(run.code).toBe(0);
  expect(run.stdout).toContain("paid { order: 'first', lines: [ 1, 2 ] }");
  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe('as it was');
  expect(run.stderr).toContain('[throughline] started-twice');
  const orders = ofOrders(run);
  for (const name of ['first', 'second'] as const) {
    expect(orders[name].map(({ severityNumber, severityText, body }) => [severityNumber, severityText, body])).toEqual([
      [5, 'debug', `${name} begins`],
      [9, 'log', `paid {"order":"${name}","lines":[1,2]}`],
      [13, 'warn', `99% of ${name} {"a":"1n"}`],
      [17, 'error', `not shipped: RangeError: no stock for ${name}`],
    ]);
    expect(orders[name][0]!.scope.name).toBe('console');
    expect(orders[name][3]!.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': `no stock for ${name}`,
      'exception.stacktrace': expect.stringContaining('bridged-console.mjs'),
    });
  }
  expect(run.records).toHaveLength(8);
});

test('a console that is observed and is where telemetry goes does not go round', async () => {
  const run = await ran('bridged-console.mjs', { OTEL_LOGS_EXPORTER: 'console', OTEL_TRACES_EXPORTER: 'console' });
  expect(run.code).toBe(0);
  // Printed by the program once and by telemetry once.
  expect(run.stdout.split('\n').filter((line) => line.includes('paid'))).toHaveLength(4);
  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe('as it was');
});
