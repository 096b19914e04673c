import { readFileSync } from 'node:fs';
import type { Signal } from '../../core/batch.js';
import type { Destinations, Diagnostic } from '../../core/options.js';
import type { Transport } from '../../core/ports.js';
import { batchDefaults } from '../../core/presets.js';
import { exportRequestToJson } from '../../core/wire/export-request-to-json.js';
import { answeredWithin } from '../../transports/answered-within.js';
import { consoleTransport } from '../../transports/console.js';
import { grpcTransport } from '../../transports/grpc.js';
import { nodeHttpTransport } from '../../transports/node-http.js';
import { signalUrl } from '../../transports/signal-url.js';
import type { TlsOptions } from '../../transports/tls.js';
import { zipkinHttp } from '../../transports/zipkin-http.js';
import type { EnvironmentSettings } from './env/read-environment.js';
import type { ExporterName, OtlpSettings } from './env/read-exporter.js';
import type { NodeOptions } from './node-options.js';

type Report = (diagnostic: Diagnostic) => void;
type Options = Pick<NodeOptions, 'endpoint' | 'protocol' | 'headers' | 'compression' | 'tls' | 'http2'>;

const everySignal: readonly Signal[] = ['traces', 'metrics', 'logs'];

/**
 * What becomes of `endpoint`, `protocol` and the rest, or of the variables that stand for them, where no `destinations` are given. Signals that go to
 * one place in one way share a transport.
 */
export function defaultDestinations(
  options: Options,
  environment: Pick<EnvironmentSettings, 'otlp' | 'exporters' | 'timeoutMs' | 'zipkin'>,
  report: Report,
): Destinations {
  const ways = new Map<
    string,
    { readonly signals: Signal[]; readonly make: (signals: readonly Signal[]) => Transport }
  >();
  for (const signal of everySignal) {
    const settings = environment.otlp[signal];
    for (const name of exportersOf(signal, options, environment)) {
      // It is asked, and sends nothing.
      if (name === 'prometheus') continue;
      const { signalEndpoint, ...shared } = settings;
      // Over gRPC an address is a connection; over HTTP each signal has its own below one base.
      const isGrpc = (options.protocol ?? settings.protocol) === 'grpc';
      const key = name === 'otlp' ? JSON.stringify([shared, isGrpc && signalEndpoint]) : name;
      const way = ways.get(key) ?? {
        signals: [],
        make: (signals) =>
          name === 'console'
            ? consoleTransport()
            : name === 'zipkin'
              ? zipkin(environment.zipkin)
              : answeredWithin(otlpTransport(options, environment.otlp, signals, report), environment.timeoutMs),
      };
      way.signals.push(signal);
      ways.set(key, way);
    }
  }
  const transports = [...ways.values()].map(({ signals, make }) =>
    signals.length === everySignal.length ? make(signals) : { ...make(signals), signals },
  );
  return transports.length === 1 && transports[0] ? transports[0] : { copies: transports };
}

/** Patient for ten seconds, whatever is said of OTLP. */
const zipkin = ({ endpoint, timeoutMs = batchDefaults.sendTimeoutMs }: EnvironmentSettings['zipkin']): Transport =>
  answeredWithin(nodeHttpTransport(zipkinHttp(endpoint)), { traces: timeoutMs });

/** Where a signal goes, by name. `none` of metrics and logs turns the signal off, whoever says where the others go. */
export function exportersOf(
  signal: Signal,
  options: Pick<NodeOptions, 'endpoint' | 'destinations'>,
  { exporters }: Pick<EnvironmentSettings, 'exporters'>,
): readonly ExporterName[] {
  const names = exporters[signal];
  // An endpoint in the program is a wish to send there, whatever the environment says of exporters.
  const isTold = options.endpoint !== undefined || options.destinations !== undefined;
  if (isTold && !(signal !== 'traces' && names?.length === 0)) return ['otlp'];
  return names ?? ['otlp'];
}

function otlpTransport(
  options: Options,
  settings: Readonly<Record<Signal, OtlpSettings>>,
  signals: readonly Signal[],
  report: Report,
): Transport {
  const otlp = settings[signals[0]!];
  // A program in JavaScript may hand over anything; what is no address is named when it is read.
  const endpoint = options.endpoint && String(options.endpoint);
  const headers = options.headers ?? otlp.headers;
  const tls = options.tls ?? readTls(otlp, report);
  const compression = options.compression ?? otlp.compression;
  const protocol = options.protocol ?? otlp.protocol ?? 'http/protobuf';
  if (protocol === 'grpc') {
    if (compression === 'br')
      report({
        level: 'warn',
        code: 'unsupported-option',
        message: 'Brotli is not used over gRPC; bodies are sent uncompressed. Say gzip, or use HTTP.',
      });
    return grpcTransport({
      url: endpoint ?? otlp.signalEndpoint ?? otlp.endpoint ?? 'http://localhost:4317',
      insecure: otlp.insecure,
      headers,
      tls,
      compression: compression === 'gzip' ? 'gzip' : undefined,
    });
  }
  const base = otlp.endpoint ?? 'http://localhost:4318';
  const table = () =>
    Object.fromEntries(
      signals.map((signal) => {
        const own = settings[signal].signalEndpoint;
        return [signal, own ? withPath(own) : signalUrl(base, signal)];
      }),
    );
  return nodeHttpTransport({
    // The specification: an address for one signal is used as it stands, a general one is a base.
    url: endpoint ?? (signals.some((signal) => settings[signal].signalEndpoint) ? table() : base),
    headers,
    tls,
    http2: options.http2,
    compression: compression === 'none' ? undefined : compression,
    toJson: protocol === 'http/json' ? exportRequestToJson : undefined,
  });
}

/** "If the URL has no path part, the root path is used" (specification "OTLP Exporter, Endpoint URLs for OTLP/HTTP"). */
function withPath(endpoint: string): string {
  return /^[a-z]+:\/\/[^/?#]+$/i.test(endpoint) ? `${endpoint}/` : endpoint;
}

function readTls(otlp: OtlpSettings, report: Report): TlsOptions | undefined {
  const read = (variable: string, path: string | undefined): Uint8Array | undefined => {
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      report({
        level: 'error',
        code: 'invalid-environment',
        message: `OTEL_EXPORTER_OTLP_${variable} names a file that cannot be read: ${(error as Error).message}`,
      });
      return undefined;
    }
  };
  const ca = read('CERTIFICATE', otlp.caFile);
  const cert = read('CLIENT_CERTIFICATE', otlp.certFile);
  const key = read('CLIENT_KEY', otlp.keyFile);
  return ca || cert || key ? { ca, cert, key } : undefined;
}
