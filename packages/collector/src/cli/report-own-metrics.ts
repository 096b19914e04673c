import { randomBytes, randomUUID } from 'node:crypto';
import type { Admission } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import { submitWhole } from '../admit/submit-whole.js';
import type { Destination } from '../forward/destination.js';
import { createGrpcSender } from '../forward/grpc-sender.js';
import { createHttpSender } from '../forward/http-sender.js';
import type { Log } from '../ops/log.js';
import type { Metrics } from '../ops/metrics.js';
import { otlpMetrics } from '../ops/otlp-metrics.js';
import { jsonToProtobuf } from '../process/json-to-protobuf.js';
import { readDestination } from './forwarding.js';
import { readHeader } from './request-options.js';
import type { Settings } from './settings.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

/** A report that is not answered by then is given up: the next one has the same totals and more. */
const ANSWER_MS = 5_000;

type Given = Pick<Settings, 'own-metrics' | 'own-metrics-to' | 'own-metrics-header'>;

interface OwnMetricsSettings {
  readonly intervalMs: number;
  /** Elsewhere; else they go the way of everything that arrives here. */
  readonly to: Destination | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** `undefined` where nobody asked for them. Throws `UsageError`. */
export function readOwnMetrics(settings: Given): OwnMetricsSettings | undefined {
  const { 'own-metrics': seconds = 0, 'own-metrics-to': to, 'own-metrics-header': headers } = settings;
  if (seconds === 0) {
    if (to !== undefined) throw new UsageError('--own-metrics-to goes with --own-metrics SECONDS: how often.');
    return undefined;
  }
  return {
    intervalMs: seconds * 1_000,
    to: to === undefined ? undefined : readDestination('own-metrics-to', to, undefined),
    headers: Object.fromEntries(headers.map(readHeader)),
  };
}

interface Reporting {
  readonly metrics: Metrics;
  readonly intake: Intake;
  readonly admission: Admission;
  readonly log: Log;
}

/** Resolves with why a report did not arrive; with nothing when it did. */
interface Way {
  hand(bytes: Uint8Array): Promise<string | undefined>;
  close(): void;
}

/**
 * Says the collector's own numbers as OTLP metrics, again and again and once more at `close`. They are totals: one report that is lost is made up for by the next, so none is repeated or kept. `undefined` where nobody asked for them.
 */
export function reportOwnMetrics(
  settings: Given,
  { metrics, intake, admission, log }: Reporting,
): { close(): Promise<void> } | undefined {
  const wanted = readOwnMetrics(settings);
  if (wanted === undefined) return undefined;
  const { intervalMs, to, headers } = wanted;
  const onEvent = (message: string): void => log(message, 'warn', { component: 'own-metrics' });
  const way = to === undefined ? intoIntake(intake, admission) : overTheNetwork(to, headers);
  const now = (): string => String(BigInt(Date.now()) * 1_000_000n);
  const resource = { version: version(), instanceId: randomUUID(), startUnixNano: now() };
  let underWay: Promise<void> | undefined;
  let trouble: string | undefined;

  const report = async (): Promise<void> => {
    const json = Buffer.from(JSON.stringify(otlpMetrics(metrics.read(), resource, now())));
    const written = jsonToProtobuf(json, 'metrics');
    const problem = written.kind === 'protobuf' ? await way.hand(written.bytes) : written.message;
    // Once for each trouble, not once for each report.
    if (problem !== undefined && problem !== trouble)
      onEvent(`The collector's own metrics${to === undefined ? '' : ` do not arrive at ${to.shown}`}: ${problem}`);
    trouble = problem;
  };
  const timer = setInterval(() => {
    underWay ??= report().finally(() => {
      underWay = undefined;
    });
  }, intervalMs);
  timer.unref();

  return {
    async close() {
      clearInterval(timer);
      await underWay;
      await report();
      way.close();
    },
  };
}

function intoIntake(intake: Intake, admission: Admission): Way {
  return {
    async hand(bytes) {
      const verdict = await submitWhole({ intake, admission }, { signal: 'metrics', bytes, way: 'own' });
      return verdict.kind === 'accepted' ? undefined : verdict.message;
    },
    close: () => undefined,
  };
}

function overTheNetwork(to: Destination, headers: Readonly<Record<string, string>>): Way {
  const options = { connections: 1, headers, tls: {}, gzip: false, answerMs: ANSWER_MS };
  const sender = to.protocol === 'grpc' ? createGrpcSender(to, options) : createHttpSender(to, options);
  const send = (bytes: Uint8Array) =>
    sender.send({
      signal: 'metrics',
      id: randomBytes(16).toString('hex'),
      length: bytes.length,
      async *pieces() {
        yield bytes;
      },
    });
  return {
    async hand(bytes) {
      let outcome = await send(bytes);
      if (outcome.kind === 'stale') outcome = await send(bytes);
      return outcome.kind === 'accepted' ? undefined : outcome.reason;
    },
    close: () => sender.close(),
  };
}
