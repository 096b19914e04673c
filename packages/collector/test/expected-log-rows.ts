import { type AnyValue, flat, hex, type KeyValue, map, type Row, text } from './expected-rows.js';

/* What a request must become in otel_logs, computed the plain way from objects. */

export interface LogRecord {
  timeUnixNano?: bigint;
  observedTimeUnixNano?: bigint;
  severityNumber?: number;
  severityText?: string;
  body?: AnyValue;
  attributes?: KeyValue[];
  droppedAttributesCount?: number;
  flags?: number;
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  eventName?: string;
}
export interface LogsRequest {
  resourceLogs: {
    resource?: { attributes?: KeyValue[]; droppedAttributesCount?: number };
    schemaUrl?: string;
    scopeLogs: {
      scope?: { name?: string; version?: string; attributes?: KeyValue[]; droppedAttributesCount?: number };
      schemaUrl?: string;
      logRecords: LogRecord[];
    }[];
  }[];
}

export function expectedLogRows(request: LogsRequest, receivedNano: bigint): Row[] {
  return request.resourceLogs.flatMap(({ resource, schemaUrl, scopeLogs }) => {
    const [resourceAttributes, resourceTypes] = map(resource?.attributes);
    const service = resourceAttributes.find(([key]) => key === 'service.name')?.[1];
    return scopeLogs.flatMap(({ scope, schemaUrl: scopeUrl, logRecords }) => {
      const [scopeAttributes, scopeTypes] = map(scope?.attributes);
      return logRecords.map((record): Row => {
        const [attributes, types] = map(record.attributes);
        const [body, bodyType] = flat(record.body);
        return {
          Timestamp: record.timeUnixNano || record.observedTimeUnixNano || receivedNano,
          TraceId: idOf(record.traceId, 32),
          SpanId: idOf(record.spanId, 16),
          TraceFlags: (record.flags ?? 0) & 255,
          SeverityText: text(record.severityText),
          SeverityNumber: record.severityNumber ?? 0,
          ServiceName: service === undefined || service === '' ? 'unknown_service' : service,
          Body: body,
          ResourceSchemaUrl: text(schemaUrl),
          ResourceAttributes: resourceAttributes,
          ScopeSchemaUrl: text(scopeUrl),
          ScopeName: text(scope?.name),
          ScopeVersion: text(scope?.version),
          ScopeAttributes: scopeAttributes,
          LogAttributes: attributes,
          EventName: text(record.eventName),
          ObservedTimestamp: record.observedTimeUnixNano ?? 0n,
          BodyType: bodyType === 's' ? '' : bodyType,
          LogAttributeTypes: types,
          ResourceAttributeTypes: resourceTypes,
          ScopeAttributeTypes: scopeTypes,
          LogFlags: record.flags ?? 0,
          DroppedAttributes: record.droppedAttributesCount ?? 0,
          ResourceDroppedAttributes: resource?.droppedAttributesCount ?? 0,
          ScopeDroppedAttributes: scope?.droppedAttributesCount ?? 0,
        };
      });
    });
  });
}

/** Older senders' trace ids have 64 bits. What is no id, or says that there is none, is none. */
export function idOf(id: Uint8Array | undefined, digits: number): string {
  const given = hex(id);
  const isId = given.length === digits || (digits === 32 && given.length === 16);
  return isId && !/^0*$/.test(given) ? given.padStart(digits, '0') : '';
}
