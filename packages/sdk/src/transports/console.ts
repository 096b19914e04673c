import type { Batch } from '../core/batch.js';
import type { Transport } from '../core/ports.js';
import { exportRequestToJson } from '../core/wire/export-request-to-json.js';
import { describeLogs } from './describe-logs.js';
import { describeMetrics } from './describe-metrics.js';
import type { JsonSpan, JsonTraces } from './otlp-json-spans.js';
import { attributesText, clock, nanosOf, serviceOf } from './otlp-text.js';

export interface ConsoleTransportOptions {
  /** Takes each line. Default `console.log`. */
  readonly write?: ((line: string) => void) | undefined;
}

/**
 * Readable lines for development, read back from the very bytes that would leave: each span with when, how long, what kind and how it ended,
 * below its parent where both are in one batch; its attributes, events and links behind and below it. Log records and the points of metrics are a
 * line each.
 */
export function consoleTransport({ write }: ConsoleTransportOptions = {}): Transport {
  return {
    destination: 'console',
    kind: 'console',
    async send(batch) {
      const print = write ?? ((line) => console.log(line));
      for (const line of describeBatch(batch)) print(line);
      return { kind: 'accepted', rejectedItems: 0 };
    },
  };
}

const kinds = ['', '', 'server', 'client', 'producer', 'consumer'];

function describeBatch({ signal, bytes }: Batch): string[] {
  const request = JSON.parse(exportRequestToJson(signal, bytes)) as object;
  if (signal === 'traces') return describeTraces(request);
  return signal === 'logs' ? describeLogs(request) : describeMetrics(request);
}

function describeTraces(request: JsonTraces): string[] {
  const lines: string[] = [];
  for (const { resource, scopeSpans = [] } of request.resourceSpans ?? []) {
    const service = serviceOf(resource);
    const spans = scopeSpans.flatMap((scope) => scope.spans ?? []);
    const known = new Set(spans.map(({ spanId }) => spanId));
    const below = new Map<string, JsonSpan[]>();
    for (const span of spans) {
      const parent = span.parentSpanId && known.has(span.parentSpanId) ? span.parentSpanId : '';
      below.set(parent, [...(below.get(parent) ?? []), span]);
    }
    const print = (parent: string, indent: string): void => {
      const children = below.get(parent) ?? [];
      // Each is printed once, also where damaged ids make a circle.
      below.delete(parent);
      children.sort((a, b) => Number(nanosOf(a.startTimeUnixNano) - nanosOf(b.startTimeUnixNano)));
      for (const span of children) {
        lines.push(...describeSpan(span, service, indent));
        print(span.spanId, `${indent}  `);
      }
    };
    print('', '');
  }
  return lines;
}

function describeSpan(span: JsonSpan, service: string, indent: string): string[] {
  const start = nanosOf(span.startTimeUnixNano);
  const { code = 0, message } = span.status ?? {};
  const words = [
    clock(start),
    `${indent}${service}`,
    JSON.stringify(span.name ?? ''),
    duration(nanosOf(span.endTimeUnixNano) - start),
    kinds[span.kind ?? 0],
    code === 2 ? `ERROR${message ? ` ${message}` : ''}` : code === 1 ? 'ok' : '',
    indent ? '' : `trace ${span.traceId}`,
    attributesText(span.attributes),
  ];
  const deeper = `${' '.repeat(13)} ${indent}  `;
  return [
    words.filter(Boolean).join('  '),
    ...(span.events ?? []).map((event) =>
      `${deeper}+${duration(nanosOf(event.timeUnixNano) - start)} ${event.name ?? ''}  ${attributesText(event.attributes)}`.trimEnd(),
    ),
    ...(span.links ?? []).map(({ traceId, spanId }) => `${deeper}link to trace ${traceId} span ${spanId}`),
  ];
}

function duration(nanos: bigint): string {
  const ms = Number(nanos) / 1e6;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return ms >= 1 ? `${ms.toFixed(1)} ms` : `${(ms * 1_000).toFixed(0)} µs`;
}
