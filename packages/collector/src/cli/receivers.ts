import { join } from 'node:path';
import type { Admission } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import type { IntakeAccount } from '../ops/intake-account.js';
import { type Log, withFields } from '../ops/log.js';
import { createJsonThread } from '../process/json-in-thread.js';
import { submitHere } from '../receive/files/submit-here.js';
import { type WatchedFolders, watchFolders } from '../receive/files/watch-folders.js';
import { createOrigins } from '../receive/origins.js';
import { createOtlpGrpc } from '../receive/otlp-grpc.js';
import { createOtlpHttp } from '../receive/otlp-http.js';
import type { OtlpMqtt } from '../receive/otlp-mqtt.js';
import type { TlsOptions } from '../receive/tls-options.js';
import { portProblem, url } from './listen.js';
import { type MqttSettings, mqttClientId } from './mqtt.js';

const MIB = 1024 * 1024;

export interface ReceiversOptions {
  readonly host: string;
  readonly settings: {
    readonly 'otlp-http-port': number | undefined;
    readonly 'otlp-grpc-port': number | undefined;
    readonly 'cors-origin': readonly string[];
    readonly 'max-body': number | undefined;
    readonly watch: readonly string[];
  };
  readonly tls: TlsOptions | undefined;
  readonly mqtt: MqttSettings | undefined;
  readonly intake: Intake;
  readonly admission: Admission;
  readonly account: IntakeAccount;
  readonly dataPath: string;
  readonly log: Log;
}

/** Everything that telemetry comes in by, of a collector as of a gateway. */
export interface Receivers {
  /** Opens the ports; throws `UsageError`. */
  listen(): Promise<{ readonly otlpHttp: string; readonly otlpGrpc: string }>;
  /** Goes to where telemetry is fetched: the broker, the folders. */
  fetch(): Promise<void>;
  /** Requests under way have so long. */
  close(limitMs: number): Promise<void>;
}

export function createReceivers(options: ReceiversOptions): Receivers {
  const { host, settings, tls, mqtt, intake, admission, account, dataPath, log } = options;
  const maxBytes = (settings['max-body'] ?? 64) * MIB;
  const json = createJsonThread();
  const otlpHttp = createOtlpHttp({
    intake,
    admission,
    account,
    transcode: json.transcode,
    origins: createOrigins(settings['cors-origin']),
    tls,
    maxBodyBytes: maxBytes,
  });
  const otlpGrpc = createOtlpGrpc({ intake, admission, account, tls, maxMessageBytes: maxBytes });
  const stopTaking = new AbortController();
  let otlpMqtt: OtlpMqtt | undefined;
  let watched: WatchedFolders | undefined;
  const protocol = tls === undefined ? 'http' : 'https';

  return {
    async listen() {
      const http = settings['otlp-http-port'] ?? 4318;
      const httpPort = await otlpHttp.listen(host, http).catch((error: unknown) => {
        throw portProblem(error, 'OTLP/HTTP', 'otlp-http-port', host, http);
      });
      const grpc = settings['otlp-grpc-port'] ?? 4317;
      const grpcPort = await otlpGrpc.listen(host, grpc).catch((error: unknown) => {
        throw portProblem(error, 'OTLP/gRPC', 'otlp-grpc-port', host, grpc);
      });
      return { otlpHttp: url(protocol, host, httpPort), otlpGrpc: url(protocol, host, grpcPort) };
    },
    async fetch() {
      if (mqtt !== undefined) {
        // Only who has a broker waits for it to be loaded.
        const { createOtlpMqtt } = await import('../receive/otlp-mqtt.js');
        otlpMqtt = createOtlpMqtt({
          ...mqtt,
          intake,
          admission,
          clientId: mqttClientId(dataPath),
          maxMessageBytes: maxBytes,
          onEvent: withFields(log, { component: 'mqtt' }),
        });
      }
      if (settings.watch.length > 0) {
        watched = watchFolders({
          folders: settings.watch,
          submit: submitHere(intake, admission, stopTaking.signal),
          stateFile: join(dataPath, 'followed.json'),
          log: withFields(log, { component: 'watch' }),
        });
      }
    },
    async close(limitMs) {
      await Promise.all([otlpHttp.close(limitMs), otlpGrpc.close(limitMs), otlpMqtt?.close(limitMs)]);
      stopTaking.abort();
      await json.close();
      await watched?.close();
    },
  };
}
