import { exportRequestToJson } from '../core/wire/export-request-to-json.js';
import { anyValueText, attributesJson } from './any-value-text.js';
import type { JsonScope, JsonSpan, JsonTraces } from './otlp-json-spans.js';
import { type JsonKeyValue, nanosOf } from './otlp-text.js';

interface ZipkinEndpoint {
  readonly serviceName?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly port?: number;
}

/** Zipkin's v2 span. What is `undefined` is left out. */
interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: string | undefined;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: ZipkinEndpoint;
  readonly remoteEndpoint: ZipkinEndpoint | undefined;
  readonly annotations: readonly { readonly timestamp: number; readonly value: string }[] | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** By OTLP's number of a kind. A span that is internal has none. */
const kinds: readonly (string | undefined)[] = [undefined, undefined, 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

/** Attributes that name the other side, the best first; behind some the one that holds its port (specification "Zipkin", remote endpoint). */
const remoteAttributes: readonly (readonly [name: string, port?: string])[] = [
  ['peer.service'],
  ['server.address'],
  ['net.peer.name'],
  ['network.peer.address', 'network.peer.port'],
  ['server.socket.domain'],
  ['server.socket.address', 'server.socket.port'],
  ['net.sock.peer.name'],
  ['net.sock.peer.addr', 'net.sock.peer.port'],
  ['peer.hostname'],
  ['peer.address'],
  ['db.name'],
];

/** A request of spans as a list of Zipkin's v2 spans, in JSON (specification "OpenTelemetry to Zipkin Transformation"). */
export function exportRequestToZipkin(bytes: Uint8Array): string {
  const request = JSON.parse(exportRequestToJson('traces', bytes)) as JsonTraces;
  const spans = (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) => {
    const { 'service.name': serviceName = 'unknown_service', ...resourceTags } = texts(resource?.attributes);
    return scopeSpans.flatMap(({ scope, spans = [] }) => {
      const shared = { ...resourceTags, ...scopeTags(scope) };
      return spans.map((span) => zipkinSpan(span, serviceName, shared));
    });
  });
  return JSON.stringify(spans);
}

function zipkinSpan(span: JsonSpan, serviceName: string, shared: Readonly<Record<string, string>>): ZipkinSpan {
  const start = nanosOf(span.startTimeUnixNano);
  const attributes = texts(span.attributes);
  const tags = { ...shared, ...attributes, ...droppedTags(span) };
  const { code = 0, message = '' } = span.status ?? {};
  if (code) tags['otel.status_code'] = code === 2 ? 'ERROR' : 'OK';
  // Whatever its value, this tag makes a span a failed one.
  if (code === 2) tags.error = message;
  else if (tags.error === 'false') delete tags.error;
  const kind = kinds[span.kind ?? 0];
  const lasted = nanosOf(span.endTimeUnixNano) - start;
  return {
    traceId: span.traceId,
    id: span.spanId,
    parentId: span.parentSpanId || undefined,
    name: span.name ?? '',
    kind,
    timestamp: micros(start),
    // Zipkin takes 0 for a duration that is not known.
    duration: Math.max(micros(lasted), 1),
    localEndpoint: { serviceName },
    remoteEndpoint: kind === 'CLIENT' || kind === 'PRODUCER' ? remoteEndpoint(attributes) : undefined,
    annotations: span.events?.map(({ timeUnixNano, name = '', attributes }) => ({
      timestamp: micros(nanosOf(timeUnixNano)),
      value: attributes?.length ? `${JSON.stringify(name)}: ${attributesJson(attributes)}` : name,
    })),
    tags: Object.keys(tags).length ? tags : undefined,
  };
}

const micros = (nanos: bigint): number => Number(nanos / 1_000n);

const texts = (attributes: readonly JsonKeyValue[] = []): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key = '', value }) => [key, anyValueText(value)]));

/** With the names that scopes had when they were called libraries. */
function scopeTags({ name, version, attributes }: JsonScope = {}): Record<string, string> {
  return {
    ...texts(attributes),
    ...(name && { 'otel.scope.name': name, 'otel.library.name': name }),
    ...(version && { 'otel.scope.version': version, 'otel.library.version': version }),
  };
}

function droppedTags(span: JsonSpan): Record<string, string> {
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
  return {
    ...(droppedAttributesCount && { 'otel.dropped_attributes_count': `${droppedAttributesCount}` }),
    ...(droppedEventsCount && { 'otel.dropped_events_count': `${droppedEventsCount}` }),
    ...(droppedLinksCount && { 'otel.dropped_links_count': `${droppedLinksCount}` }),
  };
}

function remoteEndpoint(attributes: Readonly<Record<string, string>>): ZipkinEndpoint | undefined {
  for (const [nameKey, portKey] of remoteAttributes) {
    const name = attributes[nameKey];
    if (!name) continue;
    const port = portKey ? Number(attributes[portKey]) || undefined : undefined;
    if (!portKey) return { serviceName: name };
    // An address is no name of a service, but what is neither IPv4 nor IPv6 (a socket's path) is told as one.
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return { ipv4: name, port };
    return name.includes(':') ? { ipv6: name, port } : { serviceName: name, port };
  }
  return undefined;
}
