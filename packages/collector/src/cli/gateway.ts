import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createAdmission } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import { isOurHost } from '../api/check-host.js';
import { createIntakeAccount } from '../ops/intake-account.js';
import { type Log, withFields } from '../ops/log.js';
import { createMetrics } from '../ops/metrics.js';
import { createOpsListener } from '../ops/ops-listener.js';
import { addProcessMetrics } from '../ops/process-metrics.js';
import { keepHeapSmall } from '../ops/small-heap.js';
import { collectYoungGarbage } from '../ops/young-garbage.js';
import { folderProblem } from '../receive/files/watch-folders.js';
import type { TlsOptions } from '../receive/tls-options.js';
import { checkOrigins } from './check-origins.js';
import { type DataDirectory, takeDataDirectory } from './data-directory.js';
import { CONNECTIONS, type ForwardSettings, readDestination, startForwarding } from './forwarding.js';
import type { GatewaySettings } from './gateway-settings.js';
import { closeServer, listenNear, portProblem, url } from './listen.js';
import { type MqttSettings, readMqtt } from './mqtt.js';
import { addAdmissionMetrics } from './own-metrics.js';
import { createReceivers } from './receivers.js';
import { readOwnMetrics, reportOwnMetrics } from './report-own-metrics.js';
import { readHeader } from './request-options.js';
import { checkRules, withRules } from './rules.js';
import { readAuthority, readKeyPair, readTls } from './tls.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

const MIB = 1024 * 1024;
/** A stop takes at most this long: requests that come in, then batches that go out. */
const REQUESTS_MS = 2_000;

interface RunningGateway {
  readonly addresses: { readonly status: string; readonly otlpHttp: string; readonly otlpGrpc: string };
  readonly destinations: readonly string[];
  /** Where else telemetry is taken from: a broker and its topics. */
  readonly mqtt: string | undefined;
  /** What the person should hear. */
  readonly notices: readonly string[];
  close(): Promise<void>;
}

/**
 * A collector without a store: what it takes is on the disk before it is acknowledged, and stays there until it has arrived elsewhere. Nothing of `store/` is loaded. Throws `UsageError` for
 * what a person can put right.
 */
export async function startGateway(settings: GatewaySettings, log: Log): Promise<RunningGateway> {
  const forward = readGateway(settings);
  const tls = readTls(settings);
  checkOrigins(settings['cors-origin']);
  checkRules(settings);
  const mqtt = readMqtt(settings);
  readOwnMetrics(settings);
  const problem = await folderProblem(settings.watch);
  if (problem !== undefined) throw new UsageError(problem);
  const data = takeDataDirectory(settings.data ?? '.throughline-gateway');
  try {
    return await start(settings, data, { forward, tls, mqtt }, log);
  } catch (error) {
    data.release();
    throw error;
  }
}

/** What the settings say, read and checked. */
interface Given {
  readonly forward: ForwardSettings;
  readonly tls: TlsOptions | undefined;
  readonly mqtt: MqttSettings | undefined;
}

function readGateway(settings: GatewaySettings): ForwardSettings {
  const { to, protocol, ca, 'client-cert': cert, 'client-key': key } = settings;
  if (to.length === 0)
    throw new UsageError('Where to? throughline gateway --to http://collector:4318 (see throughline gateway --help).');
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('A certificate to show needs both --client-cert and --client-key.');
  const destinations = to.map((one) =>
    readDestination('to', one, protocol === undefined ? undefined : protocol === 'grpc' ? 'grpc' : 'http'),
  );
  const twice = destinations.find(({ folder }, at) => destinations.findIndex((other) => other.folder === folder) < at);
  if (twice !== undefined) throw new UsageError(`${twice.shown} stands twice in --to.`);
  return {
    destinations,
    spoolBytes: (settings.spool ?? 1024) * MIB,
    sending: {
      connections: settings.connections ?? CONNECTIONS,
      headers: Object.fromEntries(settings.header.map(readHeader)),
      gzip: settings.compression === 'gzip',
      tls: {
        ...(ca !== undefined && { ca: readAuthority({ flag: 'ca', file: ca }) }),
        ...(cert !== undefined &&
          key !== undefined &&
          readKeyPair({ flag: 'client-cert', file: cert }, { flag: 'client-key', file: key })),
      },
    },
  };
}

async function start(
  settings: GatewaySettings,
  data: DataDirectory,
  { forward, tls, mqtt }: Given,
  log: Log,
): Promise<RunningGateway> {
  keepHeapSmall();
  const host = settings.host ?? '127.0.0.1';
  const metrics = createMetrics();
  const account = createIntakeAccount(metrics);
  const forwarding = await startForwarding({
    ...forward,
    dataPath: data.path,
    metrics,
    account,
    log: withFields(log, { component: 'forward' }),
  });
  const ruled = withRules(forwarding.intake, settings, metrics);
  // The pieces of bodies, which the HTTP parser makes anew for each.
  const pieces = collectYoungGarbage(MIB);
  const intake: Intake = {
    submit(request) {
      pieces.add(request.bytes.length);
      return ruled.submit(request);
    },
  };
  const admission = createAdmission((settings['in-flight'] ?? 16) * MIB);
  addProcessMetrics(metrics, version());
  addAdmissionMetrics(metrics, admission);
  const receivers = createReceivers({
    host,
    settings,
    tls,
    mqtt,
    intake,
    admission,
    account,
    dataPath: data.path,
    log,
  });
  const ops = createOpsListener({
    metrics,
    readiness: () => ({
      ready: !forwarding.isFull(),
      checks: { waitingBatches: forwarding.waitingBatches(), destinations: forwarding.destinations },
    }),
    mayRead: (name) => isOurHost(name, [...settings['allow-host'], host]),
  });
  const reading: RequestListener = (request, response) => {
    if (ops(request, response)) return;
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(
      'This is a gateway of Throughline: /livez, /readyz and /metrics are here, and the telemetry elsewhere.\n',
    );
  };
  const status =
    tls === undefined ? createHttpServer(reading) : createHttpsServer({ cert: tls.cert, key: tls.key }, reading);
  const reporting = reportOwnMetrics(settings, { metrics, intake, admission, log });
  const close = async (): Promise<void> => {
    await Promise.all([receivers.close(REQUESTS_MS), closeServer(status, REQUESTS_MS)]);
    await reporting?.close();
    await forwarding.close(REQUESTS_MS);
    data.release();
  };
  const wanted = settings['status-port'] ?? 4319;
  try {
    const addresses = await receivers.listen();
    const statusPort = await listenNear(status, host, wanted).catch((error: unknown) => {
      throw portProblem(error, 'status', 'status-port', host, wanted);
    });
    await receivers.fetch();
    const protocol = tls === undefined ? 'http' : 'https';
    const moved = wanted !== 0 && statusPort !== wanted;
    return {
      addresses: { status: url(protocol, host, statusPort), ...addresses },
      destinations: forwarding.destinations,
      mqtt: mqtt && `${mqtt.address.shown}, ${mqtt.topic}/v1/…`,
      notices: [
        ...(moved ? [`Port ${wanted} is taken; the status is on ${statusPort} instead.`] : []),
        ...forwarding.notices,
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
