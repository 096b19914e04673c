import { join } from 'node:path';
import type { Intake } from '../admit/intake.js';
import { type Destination, parseDestination } from '../forward/destination.js';
import { createForwardIntake } from '../forward/forward-intake.js';
import { Forwarder } from '../forward/forwarder.js';
import { createGrpcSender } from '../forward/grpc-sender.js';
import { createHttpSender } from '../forward/http-sender.js';
import type { SenderOptions } from '../forward/sender-options.js';
import type { IntakeAccount } from '../ops/intake-account.js';
import type { Log } from '../ops/log.js';
import type { Metrics } from '../ops/metrics.js';
import { openBodySpool, otherDestinations } from '../spool/bodies/body-spool.js';
import { readHeader } from './request-options.js';
import type { Settings } from './settings.js';
import { readAuthority } from './tls.js';
import { UsageError } from './usage-error.js';

const MIB = 1024 * 1024;
const ANSWER_MS = 30_000;
export const CONNECTIONS = 8;

/** Where batches are handed on to, and how. */
export interface ForwardSettings {
  readonly destinations: readonly Destination[];
  readonly spoolBytes: number;
  readonly sending: Omit<SenderOptions, 'answerMs'>;
}

export interface Forwarding {
  readonly intake: Intake;
  /** As people know them; no credentials in them. */
  readonly destinations: readonly string[];
  /** What a person should know: batches that nothing takes away. */
  readonly notices: readonly string[];
  readonly isFull: () => boolean;
  readonly waitingBatches: () => number;
  /** Lets what is under way arrive for at most `limitMs`. */
  close(limitMs: number): Promise<void>;
}

interface ForwardingParts {
  readonly dataPath: string;
  readonly metrics: Metrics;
  /** Told of each request, where nobody else is. */
  readonly account?: IntakeAccount | undefined;
  readonly log: Log;
}

/** Where `up` hands on to; `undefined` where nothing is said. Throws `UsageError`. */
export function readForward(settings: Settings): ForwardSettings | undefined {
  const { forward, 'forward-ca': ca } = settings;
  if (forward === undefined) return undefined;
  return {
    destinations: [readDestination('forward', forward, undefined)],
    spoolBytes: (settings['forward-spool'] ?? 1024) * MIB,
    sending: {
      connections: CONNECTIONS,
      headers: Object.fromEntries(settings['forward-header'].map(readHeader)),
      tls: ca === undefined ? {} : { ca: readAuthority({ flag: 'forward-ca', file: ca }) },
      gzip: settings['forward-compression'] === 'gzip',
    },
  };
}

/** Throws `UsageError`. */
export function readDestination(flag: string, given: string, protocol: 'http' | 'grpc' | undefined): Destination {
  const destination = parseDestination(given, protocol);
  if (destination !== undefined) return destination;
  // What stands before the last @ may be a password, and this is printed where others read.
  const shown = given.replace(/^([a-z]+:\/\/)?.*@/i, '$1…@');
  throw new UsageError(
    `--${flag} must be an address like http://collector:4318, https://collector.example or grpc://collector:4317, not "${shown}".`,
  );
}

export async function startForwarding({
  destinations,
  spoolBytes,
  sending,
  dataPath,
  metrics,
  account,
  log,
}: ForwardSettings & ForwardingParts): Promise<Forwarding> {
  const directory = join(dataPath, 'forward');
  const folders = destinations.map(({ folder }) => folder);
  const spool = await openBodySpool({
    directory,
    destinations: folders,
    maxBytes: spoolBytes,
    onEvent: (message) => log(message, 'warn'),
  });
  const forwarders = destinations.map((destination, at) => {
    const options = { ...sending, answerMs: ANSWER_MS };
    const sender =
      destination.protocol === 'grpc' ? createGrpcSender(destination, options) : createHttpSender(destination, options);
    return new Forwarder({
      lane: spool.lanes[at]!,
      sender,
      connections: sending.connections,
      shown: destination.shown,
      onEvent: (message) => log(message, 'warn'),
    });
  });
  for (const forwarder of forwarders) forwarder.start();
  const waitingBytes = (): number => spool.lanes.reduce((sum, lane) => sum + lane.bytes, 0);
  const waitingBatches = (): number => spool.lanes.reduce((sum, lane) => sum + lane.waitingBatches, 0);
  const all = (key: 'forwarded' | 'rejected' | 'refused') => (): number =>
    forwarders.reduce((sum, { status }) => sum + status[key], 0);
  metrics.total(
    'throughline_forwarded_batches_total',
    'Batches that have arrived where they are handed on to.',
    all('forwarded'),
  );
  metrics.total(
    'throughline_forward_refused_batches_total',
    'Batches that were refused there for good, and set aside.',
    all('refused'),
  );
  metrics.total(
    'throughline_forward_rejected_items_total',
    'Items left out there of batches that were taken.',
    all('rejected'),
  );
  metrics.gauge(
    'throughline_forward_waiting_batches',
    'Batches on the disk that have not arrived there yet.',
    waitingBatches,
  );
  metrics.gauge('throughline_forward_spool_bytes', 'Bytes of the files in which they wait.', waitingBytes);
  metrics.gauge('throughline_forward_spool_limit_bytes', 'What these may come to.', () => spoolBytes);
  const left = await otherDestinations(directory, folders);
  return {
    intake: createForwardIntake(spool, forwarders, folders, account),
    destinations: destinations.map(({ shown }) => shown),
    notices: left.map(
      (folder) =>
        `Batches wait in ${join(directory, folder)} for an address that is not named any more. They go nowhere else: name it again, or hand them in with throughline import.`,
    ),
    isFull: () => waitingBytes() >= spoolBytes,
    waitingBatches,
    async close(limitMs) {
      await Promise.all(forwarders.map((forwarder) => forwarder.close(limitMs)));
      await spool.close();
    },
  };
}
