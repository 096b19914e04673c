import {
  attributesText,
  clock,
  type JsonKeyValue,
  type JsonResource,
  type JsonValue,
  nanosOf,
  serviceOf,
  valueText,
} from './otlp-text.js';

interface JsonLogs {
  readonly resourceLogs?: readonly {
    readonly resource?: JsonResource;
    readonly scopeLogs?: readonly { readonly logRecords?: readonly JsonLogRecord[] }[];
  }[];
}

interface JsonLogRecord {
  readonly timeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body?: JsonValue;
  readonly attributes?: readonly JsonKeyValue[];
  readonly traceId?: string;
}

const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** A line for each record: when, who, how severe, what, and the trace it belongs to. */
export function describeLogs({ resourceLogs = [] }: JsonLogs): string[] {
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs
      .flatMap(({ logRecords = [] }) => logRecords)
      .map(({ timeUnixNano, severityNumber = 0, severityText, eventName, body, attributes, traceId }) =>
        [
          clock(nanosOf(timeUnixNano)),
          serviceOf(resource),
          severityText || severities[Math.floor((severityNumber - 1) / 4)],
          eventName,
          body?.stringValue ?? valueText(body),
          traceId && `trace ${traceId}`,
          attributesText(attributes),
        ]
          .filter(Boolean)
          .join('  '),
      ),
  );
}
