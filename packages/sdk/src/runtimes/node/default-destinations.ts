import { readFileSync } from 'node:fs';
import type { Destinations, Diagnostic } from '../../core/options.js';
import type { Transport } from '../../core/ports.js';
import { exportRequestToJson } from '../../core/wire/export-request-to-json.js';
import { consoleTransport } from '../../transports/console.js';
import { grpcTransport } from '../../transports/grpc.js';
import { nodeHttpTransport } from '../../transports/node-http.js';
import type { TlsOptions } from '../../transports/tls.js';
import type { ExporterName, OtlpSettings } from './env/read-exporter.js';
import type { NodeOptions } from './node-options.js';

type Report = (diagnostic: Diagnostic) => void;

/** What becomes of `endpoint`, `protocol` and the rest, or of the variables that stand for them, where no `destinations` are given. */
export function defaultDestinations(
  options: Pick<NodeOptions, 'endpoint' | 'protocol' | 'headers' | 'compression' | 'tls' | 'http2'>,
  environment: { readonly otlp: OtlpSettings; readonly exporters?: readonly ExporterName[] | undefined },
  report: Report,
): Destinations {
  // An endpoint in the program is a wish to send there, whatever the environment says of exporters.
  const names = options.endpoint !== undefined ? ['otlp'] : (environment.exporters ?? ['otlp']);
  const transports = names.map((name) =>
    name === 'console' ? consoleTransport() : otlpTransport(options, environment.otlp, report),
  );
  return transports.length === 1 && transports[0] ? transports[0] : { copies: transports };
}

function otlpTransport(options: NodeOptions, otlp: OtlpSettings, report: Report): Transport {
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
      url: endpoint ?? otlp.tracesEndpoint ?? otlp.endpoint ?? 'http://localhost:4317',
      insecure: otlp.insecure,
      headers,
      tls,
      compression: compression === 'gzip' ? 'gzip' : undefined,
    });
  }
  const base = otlp.endpoint ?? 'http://localhost:4318';
  return nodeHttpTransport({
    // The specification: an address for one signal is used as it stands, a general one is a base.
    url: endpoint ?? (otlp.tracesEndpoint ? { traces: withPath(otlp.tracesEndpoint) } : base),
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
