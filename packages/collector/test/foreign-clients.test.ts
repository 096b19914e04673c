import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonWithOpenTelemetry, telemetrygen } from '../../testkit/src/foreign/install.js';
import {
  type DecodedKeyValue,
  type DecodedTraces,
  type DecodedValue,
  decodeTraces,
} from '../../testkit/src/otlp-proto.js';
import { otlpRelay } from '../../testkit/src/otlp-relay.js';
import type { TraceAnswer, TracesAnswer } from '../src/shapes/api.js';
import { eventually, startCollector, type TestCollector } from './start-collector.js';

/*
 * Clients of other languages, in processes of their own: everything they say they sent is what the API answers. (OpenTelemetry JS has a
 * file of its own beside this one.) They are installed once per machine; without Python, Go or a way to their packages the tests are
 * skipped, by name.
 */

const run = promisify(execFile);
const python = pythonWithOpenTelemetry();
const generator = telemetrygen();
let collector: TestCollector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(async () => {
  await collector?.stop();
});

/** A span with all that the API says of it, its resource and scope included. */
interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly [field: string]: unknown;
}

async function ask<T>(path: string): Promise<T> {
  return (await fetch(new URL(path, collector.explorer))).json() as Promise<T>;
}

/** All spans of the traces, in order of their ids. */
async function readBack(traceIds: Iterable<string>, spans: number): Promise<SentSpan[]> {
  const traces = await Promise.all(
    [...new Set(traceIds)].map((id) =>
      eventually(
        () => ask<TraceAnswer>(`/api/v1/traces/${id}`),
        (trace) => trace.spans !== undefined,
      ),
    ),
  );
  const found = traces.flatMap(inlined);
  expect(found).toHaveLength(spans);
  return found.sort(byId);
}

const byId = (a: SentSpan, b: SentSpan): number => (a.spanId < b.spanId ? -1 : 1);

const inlined = ({ traceId, spans, resources, scopes }: TraceAnswer): SentSpan[] =>
  spans.map(({ resource, scope, flags: _, links, ...span }) => ({
    traceId,
    ...span,
    links: links.map(({ flags: __, ...link }) => link),
    resource: resources[resource]?.attributes,
    scope: scopes[scope],
  }));

test.skipIf(!python).each(['http', 'grpc'] as const)(
  'every span of opentelemetry-python over %s arrives as sent [S1]',
  async (protocol) => {
    const script = fileURLToPath(new URL('../../testkit/src/foreign/python-spans.py', import.meta.url));
    const endpoint = protocol === 'http' ? collector.otlpHttp : collector.otlpGrpc;
    const { stdout } = await run(python!, [script, protocol, endpoint, '50'], { maxBuffer: 1e8, timeout: 60_000 });
    const sent: SentSpan[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(sent).toHaveLength(150);
    const found = await readBack(
      sent.map(({ traceId }) => traceId),
      sent.length,
    );
    expect(found).toEqual(sent.sort(byId));
  },
  90_000,
);

test.skipIf(!generator).each(['http', 'grpc'] as const)(
  'every span of telemetrygen (Go) over %s arrives as sent [S1]',
  async (protocol) => {
    const service = `telemetrygen-${protocol}`;
    const target = protocol === 'http' ? collector.otlpHttp : collector.otlpGrpc;
    const relay = await otlpRelay({ protocol, target });
    try {
      const settings = [
        ...(protocol === 'http' ? ['--otlp-http'] : []),
        ...['--otlp-insecure', '--otlp-endpoint', new URL(relay.url).host, '--service', service],
        ...['--traces', '50', '--child-spans', '3', '--span-links', '2', '--workers', '2', '--rate', '0'],
        ...['--span-duration', '1234567ns', '--status-code', 'Error'],
        ...['--telemetry-attributes', 'text="größer 🌍"', '--telemetry-attributes', 'number=9007199254740993'],
        ...['--telemetry-attributes', 'yes=true', '--otlp-attributes', 'host.name="here"'],
      ];
      await run(generator!, ['traces', ...settings], { maxBuffer: 1e8, timeout: 60_000 });
      const sent = relay.bodies.flatMap((body) => spansOf(decodeTraces(body)));
      // Two workers, fifty traces each, of one parent and three children.
      expect(sent).toHaveLength(400);
      const traceIds = new Set(sent.map(({ traceId }) => traceId));
      expect(traceIds.size).toBe(100);
      const found = await readBack(traceIds, sent.length);
      expect(found).toEqual(sent.sort(byId));
      expect(found[0]).toMatchObject({ attributes: { number: { $int: '9007199254740993' } }, status: 'error' });

      const query = new URLSearchParams({ q: `service = "${service}"`, limit: '5' });
      const { traces } = await ask<TracesAnswer>(`/api/v1/traces?${query}`);
      expect(traces).toHaveLength(5);
      for (const trace of traces)
        expect(trace).toMatchObject({ rootService: service, hasRoot: true, spans: 4, errors: 4 });
    } finally {
      await relay.close();
    }
  },
  90_000,
);

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const statuses = ['unset', 'ok', 'error'];

/** What a decoder that is not ours reads in a request, in the words of the API. */
const spansOf = ({ resourceSpans }: DecodedTraces): SentSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, schemaUrl, spans }) =>
      spans.map((span) => ({
        traceId: span.traceId.toString('hex'),
        spanId: span.spanId.toString('hex'),
        parentSpanId: span.parentSpanId?.toString('hex') ?? '',
        name: span.name ?? '',
        kind: kinds[span.kind ?? 0],
        startUnixNano: String(span.startTimeUnixNano),
        durationNano: Number(BigInt(span.endTimeUnixNano ?? 0) - BigInt(span.startTimeUnixNano ?? 0)),
        status: statuses[span.status?.code ?? 0],
        statusMessage: span.status?.message ?? '',
        traceState: span.traceState ?? '',
        attributes: attributesOf(span.attributes),
        events: span.events.map(({ timeUnixNano, name, attributes }) => ({
          timeUnixNano,
          name,
          attributes: attributesOf(attributes),
        })),
        links: span.links.map(({ traceId, spanId, traceState, attributes }) => ({
          traceId: traceId.toString('hex'),
          spanId: spanId.toString('hex'),
          traceState: traceState ?? '',
          attributes: attributesOf(attributes),
        })),
        resource: attributesOf(resource?.attributes ?? []),
        scope: { name: scope?.name ?? '', version: scope?.version ?? '', ...(schemaUrl ? { schemaUrl } : {}) },
      })),
    ),
  );

const attributesOf = (attributes: readonly DecodedKeyValue[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));

function plainValue(value: DecodedValue | undefined): unknown {
  if (value?.arrayValue) return value.arrayValue.values.map(plainValue);
  if (value?.intValue === undefined) return value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? null;
  const number = Number(value.intValue);
  return Number.isSafeInteger(number) ? number : { $int: value.intValue };
}
