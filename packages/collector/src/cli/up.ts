import { existsSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdmission } from '../admit/admission.js';
import { createBothIntake } from '../admit/both-intake.js';
import { watchDisk } from '../admit/disk-watch.js';
import { createIntake } from '../admit/intake.js';
import { watchMemory } from '../admit/memory-watch.js';
import { isOurHost } from '../api/check-host.js';
import { createApi } from '../api/create-api.js';
import { createIntakeAccount } from '../ops/intake-account.js';
import { type Log, withFields } from '../ops/log.js';
import { createMetrics } from '../ops/metrics.js';
import { createOpsListener } from '../ops/ops-listener.js';
import { addProcessMetrics } from '../ops/process-metrics.js';
import { keepHeapSmall } from '../ops/small-heap.js';
import type { SqlLimits } from '../query/sql-desk.js';
import { folderProblem } from '../receive/files/watch-folders.js';
import type { TlsOptions } from '../receive/tls-options.js';
import { openLedger } from '../spool/ledger.js';
import { openSpool } from '../spool/spool.js';
import { createClusterStore } from '../store/cluster-store.js';
import { createDeferredStore } from '../store/deferred-store.js';
import { createEmbeddedStore } from '../store/embedded-store.js';
import { keepUnder } from '../store/keep-under.js';
import { missingEngine, platformProblem } from '../store/unusable-store.js';
import { checkOrigins } from './check-origins.js';
import { type DataDirectory, takeDataDirectory } from './data-directory.js';
import { type ForwardSettings, readForward, startForwarding } from './forwarding.js';
import { closeServer, listenNear, portProblem, url } from './listen.js';
import { type MqttSettings, readMqtt } from './mqtt.js';
import {
  addAdmissionMetrics,
  addDiskMetrics,
  addSpoolMetrics,
  addStoreMetrics,
  readiness,
  timedInsert,
} from './own-metrics.js';
import { createReceivers } from './receivers.js';
import { readOwnMetrics, reportOwnMetrics } from './report-own-metrics.js';
import { checkRules, withRules } from './rules.js';
import type { Settings } from './settings.js';
import { readTls } from './tls.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';
import { whereRoomIs } from './where-room-is.js';

const MIB = 1024 * 1024;
/** A stop takes at most this long: requests under way, then the spool, then the engine. */
const REQUESTS_MS = 2_000;
const SPOOL_MS = 6_000;

export interface RunningCollector {
  readonly addresses: { readonly explorer: string; readonly otlpHttp: string; readonly otlpGrpc: string };
  /** Where else telemetry is taken from: a broker and its topics. */
  readonly mqtt: string | undefined;
  /** Where it is handed on to. */
  readonly forward: string | undefined;
  /** What the person should hear: a port that moved, where data is. */
  readonly notices: readonly string[];
  /** Resolves when the store is open; rejects when it never will be. The receivers take telemetry before that. */
  readonly storeOpened: Promise<void>;
  close(): Promise<void>;
}

/**
 * The whole collector. Resolves as soon as all three ports answer; the engine opens meanwhile. Throws `UsageError` for what a person can put
 * right. `log` gets one line per event worth knowing.
 */
export async function startCollector(settings: Settings, log: Log): Promise<RunningCollector> {
  const tls = readTls(settings);
  if (settings.clickhouse === undefined) checkEngine();
  else checkUrl('clickhouse', settings.clickhouse);
  checkSqlSettings(settings);
  checkOrigins(settings['cors-origin']);
  checkRules(settings);
  const mqtt = readMqtt(settings);
  const problem = await folderProblem(settings.watch);
  if (problem !== undefined) throw new UsageError(problem);
  const forward = readForward(settings);
  readOwnMetrics(settings);
  const data = takeDataDirectory(settings.data ?? '.throughline');
  try {
    return await start(settings, data, { tls, mqtt, forward }, log);
  } catch (error) {
    data.release();
    throw error;
  }
}

/** What the settings say, read and checked. */
interface Given {
  readonly tls: TlsOptions | undefined;
  readonly mqtt: MqttSettings | undefined;
  readonly forward: ForwardSettings | undefined;
}

async function start(
  settings: Settings,
  data: DataDirectory,
  { tls, mqtt, forward }: Given,
  log: Log,
): Promise<RunningCollector> {
  const host = settings.host ?? '127.0.0.1';
  const retentionDays = settings.retention;
  const { clickhouse } = settings;
  const store = createDeferredStore(
    clickhouse === undefined ? 'embedded' : 'cluster',
    () =>
      clickhouse === undefined
        ? createEmbeddedStore({
            dataDir: data.path,
            retentionDays,
            readers: settings.readers,
            memoryBytes: settings['engine-memory'] === undefined ? undefined : settings['engine-memory'] * MIB,
            onEvent: withFields(log, { component: 'engine' }),
          })
        : createClusterStore({ url: clickhouse, foreignUrl: settings['sql-clickhouse'], retentionDays }),
    withFields(log, { component: 'store' }),
  );
  let stopKeeping = (): void => undefined;
  const maxMib = settings['max-size'];
  store.opened.then(
    () => {
      if (maxMib !== undefined)
        stopKeeping = keepUnder(store, maxMib * MIB, withFields(log, { component: 'retention' }));
    },
    // The caller hears of it; without a listener here an early failure would end the process before it can be said.
    () => undefined,
  );
  const metrics = createMetrics();
  const spoolBytes = (settings.spool ?? 4096) * MIB;
  const disk = await watchDisk({
    directory: data.path,
    reserveBytes: settings['disk-reserve'] === undefined ? undefined : settings['disk-reserve'] * MIB,
    onEvent: withFields(log, { component: 'disk' }),
  });
  const ledger = await openLedger(join(data.path, 'ledger'));
  const spool = await openSpool({
    ledger,
    directory: join(data.path, 'spool'),
    insert: timedInsert(
      metrics,
      clickhouse === undefined ? whereRoomIs(disk, store) : (insert) => store.insert(insert),
    ),
    maxBytes: spoolBytes,
    onEvent: withFields(log, { component: 'spool' }),
  });
  const account = createIntakeAccount(metrics);
  const forwarding =
    forward &&
    (await startForwarding({
      ...forward,
      dataPath: data.path,
      metrics,
      log: withFields(log, { component: 'forward' }),
    }));
  const stored = createIntake(spool, account);
  const both = forwarding === undefined ? stored : createBothIntake(stored, forwarding.intake);
  const intake = withRules(both, settings, metrics);
  keepHeapSmall();
  const memory = watchMemory((settings.memory ?? 160) * MIB);
  const admission = createAdmission((settings['in-flight'] ?? 40) * MIB, {
    isMemoryFull: memory.isFull,
    closed: disk.closed,
  });
  addProcessMetrics(metrics, version());
  addAdmissionMetrics(metrics, admission);
  addDiskMetrics(metrics, disk);
  addSpoolMetrics(metrics, spool, spoolBytes);
  addStoreMetrics(metrics, store);
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

  const protocol = tls === undefined ? 'http' : 'https';
  const startedUnixNano = String(BigInt(Date.now()) * 1_000_000n);
  const receive = { otlpHttp: '', otlpGrpc: '' };
  const explorerDir = fileURLToPath(new URL('../explorer', import.meta.url));
  const api = createApi({
    store,
    status: () => ({
      version: version(),
      startedUnixNano,
      receive: { ...receive },
      ...(settings.tour !== undefined && { tour: settings.tour }),
    }),
    explorerDir: existsSync(explorerDir) ? explorerDir : undefined,
    allowedHosts: [...settings['allow-host'], host],
    sql: sqlLimits(settings),
    onError: (error, path) =>
      log(`${path} failed: ${error instanceof Error ? error.message : String(error)}`, 'error', { component: 'api' }),
  });
  const ops = createOpsListener({
    metrics,
    readiness: () => readiness(spool, spoolBytes, store, disk),
    mayRead: (name) => isOurHost(name, [...settings['allow-host'], host]),
  });
  const reading: RequestListener = (request, response) => {
    if (!ops(request, response)) api(request, response);
  };
  const explorer =
    tls === undefined ? createHttpServer(reading) : createHttpsServer({ cert: tls.cert, key: tls.key }, reading);

  const wanted = settings['explorer-port'] ?? 4319;
  const reporting = reportOwnMetrics(settings, { metrics, intake, admission, log });
  const close = async (): Promise<void> => {
    await Promise.all([receivers.close(REQUESTS_MS), closeServer(explorer, REQUESTS_MS)]);
    await reporting?.close();
    stopKeeping();
    memory.close();
    disk.close();
    await forwarding?.close(REQUESTS_MS);
    await spool.close(SPOOL_MS);
    await ledger.close();
    await store.close();
    data.release();
  };
  try {
    Object.assign(receive, await receivers.listen());
    const explorerPort = await listenNear(explorer, host, wanted).catch((error: unknown) => {
      throw portProblem(error, 'explorer', 'explorer-port', host, wanted);
    });
    await receivers.fetch();
    const moved = wanted !== 0 && explorerPort !== wanted;
    return {
      addresses: { explorer: url(protocol, host, explorerPort), ...receive },
      mqtt: mqtt && `${mqtt.address.shown}, ${mqtt.topic}/v1/…`,
      forward: forwarding?.destinations.join(', '),
      notices: moved ? [`Port ${wanted} is taken; the explorer is on ${explorerPort} instead.`] : [],
      storeOpened: store.opened,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Says at once what the engine's process would only find out later. */
function checkEngine(): void {
  const problem = platformProblem();
  if (problem !== undefined) throw new UsageError(problem);
  try {
    createRequire(import.meta.url).resolve('chdb');
  } catch {
    throw new UsageError(missingEngine());
  }
}

function checkSqlSettings(settings: Settings): void {
  const given = settings['sql-clickhouse'];
  if (given === undefined) return;
  if (settings.clickhouse === undefined) throw new UsageError('--sql-clickhouse goes with --clickhouse.');
  checkUrl('sql-clickhouse', given);
}

function sqlLimits(settings: Settings): SqlLimits | false {
  const seconds = settings['sql-seconds'] ?? 15;
  if (seconds === 0) return false;
  return {
    maxExecutionMs: seconds * 1000,
    maxRows: settings['sql-rows'] ?? 10_000,
    maxMemoryBytes: (settings['sql-memory'] ?? 256) * MIB,
  };
}

function checkUrl(name: string, given: string): void {
  const { protocol = '', username = '', password = '', pathname = '' } = URL.canParse(given) ? new URL(given) : {};
  if (protocol !== 'http:' && protocol !== 'https:') {
    // What stands before the last @ may be a password, and this is printed where others read.
    const shown = given.replace(/^([a-z]+:\/\/)?.*@/i, '$1…@');
    throw new UsageError(`--${name} must be an address like http://user:password@host:8123/database, not "${shown}".`);
  }
  try {
    decodeURIComponent(username + password + pathname);
  } catch {
    throw new UsageError(
      `In the address of --${name} a % must be written %25, as other signs in a password are by their number.`,
    );
  }
}
