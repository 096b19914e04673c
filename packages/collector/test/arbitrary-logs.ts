import fc from 'fast-check';
import { arbitraryResources, attributes, count, id, start, text, traceId, value } from './arbitrary-request.js';
import type { LogRecord, LogsRequest } from './expected-log-rows.js';

const none = fc.constantFrom(new Uint8Array(0), new Uint8Array(16), new Uint8Array(8));
const logRecord: fc.Arbitrary<LogRecord> = fc.record(
  {
    timeUnixNano: fc.oneof(start, fc.constant(0n)),
    observedTimeUnixNano: start,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: text,
    body: value,
    attributes,
    droppedAttributesCount: count,
    flags: count,
    traceId: fc.oneof(traceId, none),
    spanId: fc.oneof(id(8), fc.constantFrom(new Uint8Array(0), new Uint8Array(8))),
    eventName: text,
  },
  { requiredKeys: [] },
);

export const arbitraryLogs = arbitraryResources(
  { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
  logRecord,
) as fc.Arbitrary<LogsRequest>;
