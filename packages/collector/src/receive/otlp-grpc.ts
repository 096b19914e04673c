import {
  compressionAlgorithms,
  type handleUnaryCall,
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type Admission, RETRY_AFTER_SECONDS } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import { submitWhole } from '../admit/submit-whole.js';
import type { Signal } from '../process/signal.js';
import { exportResponse, RPC, rpcStatus } from './answers.js';
import { BATCH_ID_KEY, batchId } from './batch-id.js';
import { MAX_BODY_BYTES } from './otlp-http.js';
import type { TlsOptions } from './tls-options.js';

export interface OtlpGrpcOptions {
  readonly intake: Intake;
  readonly admission: Admission;
  readonly tls?: TlsOptions | undefined;
  /** Of a message, also after decompression. Default 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
}

export interface OtlpGrpc {
  /** Resolves with the port that was taken; rejects when it cannot be. `host` without brackets. */
  listen(host: string, port: number): Promise<number>;
  /** Lets calls under way finish for at most `limitMs`. */
  close(limitMs: number): Promise<void>;
}

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};

const same = (bytes: Buffer): Buffer => bytes;

/** OTLP/gRPC. Messages stay bytes: what reads them is the same as over HTTP. */
export function createOtlpGrpc(options: OtlpGrpcOptions): OtlpGrpc {
  const maxBytes = options.maxMessageBytes ?? MAX_BODY_BYTES;
  // What matters is told to callers; the library would also print it, without saying whose words they are.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': maxBytes,
    'grpc.default_compression_algorithm': compressionAlgorithms.identity,
    // One sender may not fill the memory with calls that wait.
    'grpc.max_concurrent_streams': 100,
  });
  for (const [signal, name] of Object.entries(SERVICES) as [Signal, string][]) {
    const definition: ServiceDefinition<UntypedServiceImplementation> = {
      Export: {
        path: `/${name}/Export`,
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    };
    server.addService(definition, { Export: exportCall(options, signal) });
  }
  const { tls } = options;
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          tls.clientCa ?? null,
          [{ cert_chain: tls.cert, private_key: tls.key }],
          tls.clientCa !== undefined,
        );
  return {
    listen: (host, port) =>
      new Promise((done, failed) => {
        const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
        server.bindAsync(address, credentials, (error, bound) => (error === null ? done(bound) : failed(error)));
      }),
    close: (limitMs) =>
      new Promise((done) => {
        const timer = setTimeout(() => {
          server.forceShutdown();
          done();
        }, limitMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          done();
        });
      }),
  };
}

function exportCall(options: OtlpGrpcOptions, signal: Signal): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const wait = (message: string): void => {
      const metadata = new Metadata();
      metadata.set('grpc-status-details-bin', Buffer.from(rpcStatus(RPC.unavailable, message, RETRY_AFTER_SECONDS)));
      callback({ code: status.UNAVAILABLE, details: message, metadata });
    };
    submitWhole(options, {
      signal,
      bytes: call.request,
      batchId: batchId(call.metadata.get(BATCH_ID_KEY)[0]),
      way: 'grpc',
    })
      .then((verdict) => {
        if (verdict.kind === 'accepted') callback(null, Buffer.from(exportResponse(verdict.rejected, verdict.message)));
        else if (verdict.kind === 'malformed') callback({ code: status.INVALID_ARGUMENT, details: verdict.message });
        else wait(verdict.message);
      })
      .catch((error: unknown) => callback({ code: status.INTERNAL, details: String(error) }));
  };
}
