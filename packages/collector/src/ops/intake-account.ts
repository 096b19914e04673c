import type { Metrics } from './metrics.js';

/** `own`: what the collector says of itself. */
export type Way = 'http' | 'grpc' | 'mqtt' | 'file' | 'own';

/** Why a request was turned away, as it stands in the label `reason`. */
export type RefusalReason =
  /** As much is in memory as may be. */
  | 'full'
  /** The sender has its share of what may be in memory. */
  | 'share'
  /** The process is close to its limit of memory. */
  | 'memory'
  /** The disk is nearly full. */
  | 'disk'
  /** The spool is full, or could not be written. */
  | 'spool'
  | 'malformed'
  | 'too-large'
  /** The body did not arrive in time. */
  | 'slow'
  /** Another path, method, content type, coding or origin than is taken. */
  | 'not-taken'
  | 'failed';

/** What receivers, admission and intake count of requests, whatever becomes of them behind (a store, another collector). */
export interface IntakeAccount {
  /** A request that was acknowledged: its items that were kept, those that were not, its bytes as protobuf, and how long that took. */
  received(request: {
    readonly signal: string;
    readonly way: Way;
    readonly items: number;
    readonly rejected: number;
    readonly bytes: number;
    readonly seconds: number;
  }): void;
  refused(way: Way, reason: RefusalReason): void;
}

export const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createIntakeAccount(metrics: Metrics): IntakeAccount {
  const labels = ['signal', 'transport'];
  const items = metrics.counter(
    'throughline_received_items_total',
    'Spans, log records and data points that were acknowledged, second copies not counted.',
    labels,
  );
  const rejected = metrics.counter(
    'throughline_rejected_items_total',
    'Spans, log records and data points that were left out of a request that was acknowledged; its sender was told.',
    labels,
  );
  const requests = metrics.counter('throughline_received_requests_total', 'Requests that were acknowledged.', labels);
  const bytes = metrics.counter(
    'throughline_received_bytes_total',
    'Bytes of acknowledged requests, unpacked and as protobuf.',
    labels,
  );
  const seconds = metrics.histogram(
    'throughline_acknowledge_duration_seconds',
    'From a request that has arrived to its rows on the disk.',
    DURATION_BOUNDS,
    ['signal'],
  );
  const refused = metrics.counter('throughline_refused_requests_total', 'Requests that were turned away.', [
    'transport',
    'reason',
  ]);
  return {
    received(request) {
      items.add(request.items, request.signal, request.way);
      if (request.rejected > 0) rejected.add(request.rejected, request.signal, request.way);
      requests.add(1, request.signal, request.way);
      bytes.add(request.bytes, request.signal, request.way);
      seconds.observe(request.seconds, request.signal);
    },
    refused: (way, reason) => refused.add(1, way, reason),
  };
}
