import { decodeLogs, plainValue } from '../../../testkit/src/otlp-proto.js';
import { type WireAttributes, type WireScope, wireAttributes, wireScope } from './wire-scope.js';

/** A log record as a receiver reads it, with what stands around it. Absent fields have protobuf's defaults; integers are bigints. */
export interface WireLog {
  readonly time: bigint;
  readonly observed: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: unknown;
  readonly attributes: WireAttributes;
  readonly traceId: string;
  readonly spanId: string;
  readonly scope: WireScope;
  readonly resource: WireAttributes;
}

/** Every record of these protobuf export requests, in their order. */
export function decodeLogRequests(requests: readonly Uint8Array[]): WireLog[] {
  return requests.flatMap((bytes) =>
    decodeLogs(bytes).resourceLogs.flatMap(({ resource, scopeLogs }) =>
      scopeLogs.flatMap(({ scope, logRecords, schemaUrl = '' }) =>
        logRecords.map((record) => ({
          time: BigInt(record.timeUnixNano ?? 0),
          observed: BigInt(record.observedTimeUnixNano ?? 0),
          severityNumber: record.severityNumber ?? 0,
          severityText: record.severityText ?? '',
          eventName: record.eventName ?? '',
          body: plainValue(record.body),
          attributes: wireAttributes(record.attributes),
          traceId: record.traceId?.toString('hex') ?? '',
          spanId: record.spanId?.toString('hex') ?? '',
          scope: wireScope(scope, schemaUrl),
          resource: wireAttributes(resource?.attributes),
        })),
      ),
    ),
  );
}
