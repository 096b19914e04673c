import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Destinations, Diagnostic } from '../../core/options.js';
import { defaultDestinations } from './default-destinations.js';
import { readEnvironment } from './env/read-environment.js';
import type { NodeOptions } from './node-options.js';

function made(options: NodeOptions, variables: Record<string, string> = {}) {
  const diagnostics: Diagnostic[] = [];
  const destinations = defaultDestinations(options, readEnvironment(variables), (diagnostic) =>
    diagnostics.push(diagnostic),
  );
  return { addresses: addressesOf(destinations), diagnostics };
}

/** Addresses, and behind them the signals where they are not all. */
function addressesOf(destinations: Destinations): string[] {
  const transports =
    'destination' in destinations
      ? [destinations]
      : 'copies' in destinations
        ? destinations.copies
        : destinations.failover;
  return transports.map(({ destination, signals }) => [destination, ...(signals ?? [])].join(' '));
}

test.each([
  [{}, {}, ['http://localhost:4318']],
  [{ protocol: 'grpc' }, {}, ['http://localhost:4317']],
  [{}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4317' }, ['https://c:4317']],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, ['http://c:4318']],
  [{}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318' }, ['http://c:4318/']],
  [{}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/own/path' }, ['http://c/own/path']],
  [{ endpoint: 'http://mine:4318' }, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/own' }, ['http://mine:4318']],
  [{ protocol: 'grpc' }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317' }, ['https://c:4317']],
  [
    { protocol: 'grpc' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317', OTEL_EXPORTER_OTLP_INSECURE: 'true' },
    ['http://c:4317'],
  ],
  [{}, { OTEL_TRACES_EXPORTER: 'none' }, ['http://localhost:4318 metrics logs']],
  [{}, { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }, []],
  [{}, { OTEL_TRACES_EXPORTER: 'otlp,console' }, ['http://localhost:4318', 'console traces']],
  [
    {},
    { OTEL_LOGS_EXPORTER: 'console', OTEL_METRICS_EXPORTER: 'none' },
    ['http://localhost:4318 traces', 'console logs'],
  ],
  [{ endpoint: 'http://mine:4318' }, { OTEL_TRACES_EXPORTER: 'none' }, ['http://mine:4318']],
  [
    { endpoint: 'http://mine:4318' },
    { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'console' },
    ['http://mine:4318 traces logs'],
  ],
  [{}, { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://logs/take' }, ['http://localhost:4318/v1/traces']],
  [
    {},
    { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://logs/take', OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'token=l' },
    ['http://localhost:4318 traces metrics', 'http://logs/take logs'],
  ],
  [
    { protocol: 'grpc' },
    { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://m:4317' },
    ['http://localhost:4317 traces logs', 'http://m:4317 metrics'],
  ],
] as [NodeOptions, Record<string, string>, string[]][])(
  '%o with %o goes to %o [F1 F18]',
  (options, variables, addresses) => {
    expect(made(options, variables)).toEqual({ addresses, diagnostics: [] });
  },
);

test('a certificate that cannot be read is reported by its variable [F18]', () => {
  const { diagnostics } = made({}, { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem' });
  expect(diagnostics).toEqual([
    expect.objectContaining({ level: 'error', message: expect.stringContaining('OTEL_EXPORTER_OTLP_CERTIFICATE') }),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'throughline-ca-'));
  try {
    writeFileSync(join(folder, 'ca.pem'), 'PEM');
    expect(made({}, { OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, 'ca.pem') }).diagnostics).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('Brotli over gRPC is refused in a sentence', () => {
  expect(made({ protocol: 'grpc', compression: 'br' }).diagnostics).toEqual([
    expect.objectContaining({ code: 'unsupported-option' }),
  ]);
});
