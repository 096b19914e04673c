import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Signal } from '../../../../core/batch.js';
import type { Transport } from '../../../../core/ports.js';
import { exportRequestToJson } from '../../../../core/wire/export-request-to-json.js';
import { answeredWithin } from '../../../../transports/answered-within.js';
import { consoleTransport } from '../../../../transports/console.js';
import { grpcTransport } from '../../../../transports/grpc.js';
import { nodeHttpTransport } from '../../../../transports/node-http.js';
import { otlpLinesTransport } from '../../../../transports/otlp-lines.js';
import type { TlsOptions } from '../../../../transports/tls.js';
import { zipkinHttp } from '../../../../transports/zipkin-http.js';
import { createEnvironment } from '../../env/environment.js';
import type { ExporterModel, OtlpGrpcModel, OtlpHttpModel } from '../configuration-model.js';
import type { Creation } from './creation.js';

export const exporterNames = ['otlp_http', 'otlp_grpc', 'otlp_file/development', 'console', 'zipkin'] as const;

/** The specification's own, where a file says nothing. */
const defaultTimeoutMs = 10_000;

/** A way out for a signal, and how long an answer is waited for on it. `undefined` for a plugin's name, and where it cannot be made. */
export function createTransport(
  model: ExporterModel,
  signal: Signal,
  path: string,
  creation: Creation,
): { readonly transport: Transport; readonly timeoutMs: number } | undefined {
  const [name = ''] = Object.keys(model);
  const made = (transport: Transport | undefined, timeout: number | null | undefined) => {
    // 0: as long as it takes.
    const timeoutMs = timeout === 0 ? maxTimeoutMs : (timeout ?? defaultTimeoutMs);
    return transport && { transport: { ...transport, signals: [signal] }, timeoutMs };
  };
  const at = `${path}.${name}`;
  switch (name) {
    case 'otlp_http':
      return made(otlpHttp(model.otlp_http ?? {}, signal, at, creation), model.otlp_http?.timeout);
    case 'otlp_grpc':
      return made(otlpGrpc(model.otlp_grpc ?? {}, at, creation), model.otlp_grpc?.timeout);
    case 'otlp_file/development': {
      const file = model['otlp_file/development'] ?? {};
      const stream = file.output_stream ?? 'stdout';
      if (stream === 'stdout' || stream.startsWith('file:')) return made(otlpLinesTransport(stream), 0);
      return creation.fail(file, at, `is "${stream}"; stdout or a file: address is expected`, 'output_stream');
    }
    case 'console':
      return made(consoleTransport(), 0);
    case 'zipkin':
      return made(nodeHttpTransport(zipkinHttp(model.zipkin?.endpoint ?? undefined)), model.zipkin?.timeout);
    default:
      return undefined;
  }
}

/** What a timer can wait at most. */
const maxTimeoutMs = 2 ** 31 - 1;

/** The same, on which an answer is waited for no longer than its own time-out and `limitMs`, and how long that is. */
export function limited(
  { transport, timeoutMs }: { readonly transport: Transport; readonly timeoutMs: number },
  limitMs: number | null | undefined,
): { readonly transport: Transport; readonly timeoutMs: number } {
  const shortest = Math.min(timeoutMs, limitMs || maxTimeoutMs);
  const waits = Object.fromEntries((transport.signals ?? []).map((signal) => [signal, shortest]));
  return { transport: shortest < maxTimeoutMs ? answeredWithin(transport, waits) : transport, timeoutMs: shortest };
}

function otlpHttp(model: OtlpHttpModel, signal: Signal, path: string, creation: Creation): Transport | undefined {
  const compression = compressionOf(model, ['gzip', 'br'] as const, path, creation);
  return nodeHttpTransport({
    url: { [signal]: model.endpoint ?? `http://localhost:4318/v1/${signal}` },
    headers: headersOf(model, path, creation),
    tls: tlsOf(model.tls, `${path}.tls`, creation),
    compression,
    toJson: model.encoding === 'json' ? exportRequestToJson : undefined,
    ...sizesOf(model),
  });
}

function otlpGrpc(model: OtlpGrpcModel, path: string, creation: Creation): Transport | undefined {
  const compression = compressionOf(model, ['gzip'] as const, path, creation);
  return grpcTransport({
    url: model.endpoint ?? 'http://localhost:4317',
    insecure: model.tls?.insecure ?? undefined,
    headers: headersOf(model, path, creation),
    tls: tlsOf(model.tls, `${path}.tls`, creation),
    compression,
    ...sizesOf(model),
  });
}

type Otlp = OtlpHttpModel | OtlpGrpcModel;

function compressionOf<T extends string>(
  model: Otlp,
  known: readonly T[],
  path: string,
  creation: Creation,
): T | undefined {
  const { compression } = model;
  const found = known.find((name) => name === compression);
  if (!found && compression && compression !== 'none')
    creation.fail(model, path, `is "${compression}"; one of ${known.join(', ')}, none is expected`, 'compression');
  return found;
}

/** Those of `headers` count before those of `headers_list`. */
function headersOf(model: Otlp, path: string, creation: Creation): Record<string, string> | undefined {
  const { headers, headers_list: list } = model;
  const environment = createEnvironment({ list: list ?? '' });
  const listed = environment.pairs('list');
  if (environment.diagnostics.length)
    creation.fail(
      model,
      path,
      'must read key=value,key=value with commas and equals signs inside percent-encoded',
      'headers_list',
    );
  if (!headers && !listed) return undefined;
  const own = (headers ?? []).flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const]));
  return { ...listed, ...Object.fromEntries(own) };
}

function tlsOf(model: Otlp['tls'], path: string, creation: Creation): TlsOptions | undefined {
  if (!model) return undefined;
  const read = (key: 'ca_file' | 'cert_file' | 'key_file'): Uint8Array | undefined => {
    const file = model[key];
    if (!file) return undefined;
    if (!isAbsolute(file)) return creation.fail(model, path, `is "${file}"; an absolute path is expected`, key);
    try {
      return readFileSync(file);
    } catch (error) {
      return creation.fail(model, path, `names a file that cannot be read: ${(error as Error).message}`, key);
    }
  };
  const tls = { ca: read('ca_file'), cert: read('cert_file'), key: read('key_file') };
  return tls.ca || tls.cert || tls.key ? tls : undefined;
}

const sizesOf = ({ max_request_size: request, max_response_size: response }: Otlp) => ({
  ...(typeof request === 'number' && { maxRequestBytes: request || Number.POSITIVE_INFINITY }),
  ...(typeof response === 'number' && { maxAnswerBytes: response }),
});
