import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { metrics, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { expect, test } from 'vitest';
import {
  type DecodedKeyValue,
  decodeLogs,
  decodeMetrics,
  decodeOtlp,
  plainAttributes,
} from '../../../testkit/src/otlp-proto.js';
import type { EncodedResource } from '../../src/core/batch.js';
import type { ResourceDetector } from '../../src/core/options.js';
import { mergeResource } from '../../src/core/resource/merge-resource.js';
import { createResource, type ResourceOptions } from '../../src/core/resource/resource.js';
import { createSmallResource } from '../../src/core/small/small-resource.js';
import { encodeResource } from '../../src/core/wire/resource.js';
import {
  hostDetector,
  osDetector,
  processDetector,
  serviceInstanceDetector,
} from '../../src/runtimes/node/resource/detectors.js';
import { recorded } from './recorded.js';

interface Scoped {
  readonly schemaUrl?: string;
  readonly scope?: { readonly name?: string };
}

/** The resource as it leaves, once all detectors have answered. */
async function resourceOf(options: Parameters<typeof recorded>[0]) {
  const { telemetry, span } = recorded({ global: false, ...options });
  telemetry.tracer.startSpan('x').end();
  await telemetry.flush();
  return { ...span('x').resource, diagnostics: telemetry.diagnostics };
}

test('a resource is made of attributes of every type', async () => {
  const { attributes } = await resourceOf({
    resource: { text: 'a', empty: '', whole: 7, part: 0.5, zero: 0, no: false, list: ['a', 'b'] },
  });
  expect(attributes).toMatchObject({
    text: 'a',
    empty: '',
    whole: 7n,
    part: 0.5,
    zero: 0n,
    no: false,
    list: ['a', 'b'],
  });
});

test('an empty resource has no attributes and no schema URL, and changes nothing that it is merged with', () => {
  expect(encodeResource({}, undefined)).toMatchObject({ bytes: new Uint8Array(0), schemaUrl: '' });
  const full = { attributes: { a: 1 }, schemaUrl: 'https://example.com/1' };
  expect(mergeResource({ attributes: {} }, full)).toEqual(full);
  expect(mergeResource(full, { attributes: {} })).toEqual(full);
});

test('merging: the newer value wins, also an empty one, and schema URLs are kept where they agree', () => {
  const older = { attributes: { a: 'old', b: 'old', c: 'old' }, schemaUrl: 'https://example.com/1' };
  expect(mergeResource(older, { attributes: { a: 'new', b: '', d: 'new' } })).toEqual({
    attributes: { a: 'new', b: '', c: 'old', d: 'new' },
    schemaUrl: 'https://example.com/1',
  });
  expect(older.attributes.a).toBe('old');
  const of = (schemaUrl?: string) => ({ attributes: {}, schemaUrl });
  const merged = (one?: string, two?: string) => mergeResource(of(one), of(two)).schemaUrl;
  expect([merged('x', undefined), merged(undefined, 'x'), merged('', 'x'), merged('x', 'x'), merged('x', 'y')]).toEqual(
    ['x', 'x', 'x', 'x', undefined],
  );
});

test('processors and exporters read the attributes of the resource', async () => {
  const seen: unknown[] = [];
  await resourceOf({
    serviceName: 'shop',
    resource: { a: 1 },
    resourceDetectors: [{ name: 'late', detect: async () => ({ detected: true }) }],
    spanExporters: [
      {
        export: (spans, done) => {
          seen.push(spans[0]!.resource.attributes);
          done({ code: 0 });
        },
        shutdown: async () => {},
      },
    ],
  });
  expect(seen).toEqual([expect.objectContaining({ 'service.name': 'shop', a: 1, detected: true })]);
});

test('without a name the service is an unknown one, and telemetry says what made it', async () => {
  const { attributes } = await resourceOf({ serviceName: '' });
  expect(attributes).toMatchObject({
    'service.name': expect.stringMatching(/^unknown_service/),
    'telemetry.sdk.name': 'throughline',
    'telemetry.sdk.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
});

test('detectors add what they find, the later over the earlier, the user over both; one that fails costs nothing else', async () => {
  const { attributes, diagnostics } = await resourceOf({
    resource: { said: 'user' },
    resourceDetectors: [
      { name: 'first', detect: () => ({ shared: 'first', said: 'first', one: 1 }) },
      { name: 'second', detect: async () => ({ shared: 'second', two: 2 }) },
      { name: 'broken', detect: () => Promise.reject(new Error('metadata service is away')) },
    ],
  });
  expect(attributes).toMatchObject({ shared: 'second', said: 'user', one: 1n, two: 2n });
  expect(diagnostics.map(({ message }) => message).join()).toMatch(/broken.*metadata service is away/);
});

test('the schema URL of detectors is that of the resource; several that differ leave it empty and are named', async () => {
  const detector = (name: string, schemaUrl?: string): ResourceDetector => ({
    name,
    schemaUrl,
    detect: async () => ({ [name]: true }),
  });
  const of = (...resourceDetectors: ResourceDetector[]) => resourceOf({ resourceDetectors });
  const [one, two] = ['https://opentelemetry.io/schemas/1.30.0', 'https://opentelemetry.io/schemas/1.31.0'];
  expect(await of(detector('a', one), detector('b'), detector('c', one))).toMatchObject({
    schemaUrl: one,
    attributes: { a: true, b: true, c: true },
    diagnostics: [],
  });
  expect((await of(detector('a'))).schemaUrl).toBe('');
  const clash = await of(detector('a', one), detector('b', two), detector('c', two));
  expect(clash).toMatchObject({ schemaUrl: '', attributes: { a: true, b: true, c: true } });
  expect(clash.diagnostics.map(({ message }) => message).join()).toMatch(/schema URL.*1\.30\.0.*1\.31\.0/);
});

test('what detectors of Node find is in the conventions their schema URL names', async () => {
  const known = new Set<unknown>(Object.values(conventions));
  const detectors = [processDetector({ commandArgs: true }), hostDetector, osDetector, serviceInstanceDetector];
  for (const { name, detect } of detectors)
    for (const key of Object.keys(await detect())) expect([name, key, known.has(key)]).toEqual([name, key, true]);
  const { version } = JSON.parse(
    readFileSync(
      join(dirname(createRequire(import.meta.url).resolve('@opentelemetry/semantic-conventions')), '../package.json'),
      'utf8',
    ),
  ) as { version: string };
  expect(new Set(detectors.map(({ schemaUrl }) => schemaUrl))).toEqual(
    new Set([`https://opentelemetry.io/schemas/${version}`]),
  );
  expect((await resourceOf({ resourceDetectors: detectors })).schemaUrl).toContain(version);
});

test('the schema URL of the resource and that of a scope each stand in their place on the wire', async () => {
  const { telemetry, spans } = recorded({
    resourceDetectors: [{ name: 'a', schemaUrl: 'https://example.com/resource', detect: () => ({ a: 1 }) }],
  });
  const options = { schemaUrl: 'https://example.com/scope' };
  trace.getTracerProvider().getTracer('with', '1', options).startSpan('x').end();
  trace.getTracerProvider().getTracer('without').startSpan('y').end();
  await telemetry.flush();
  expect(spans().map(({ scope, resource }) => [scope.name, scope.schemaUrl, resource.schemaUrl])).toEqual([
    ['with', 'https://example.com/scope', 'https://example.com/resource'],
    ['without', '', 'https://example.com/resource'],
  ]);
});

test('metrics and log records carry the schema URLs of their resource and scope in the same places', async () => {
  const { telemetry } = recorded({
    resourceDetectors: [{ name: 'a', schemaUrl: 'https://example.com/resource', detect: () => ({ a: 1 }) }],
  });
  const options = { schemaUrl: 'https://example.com/scope' };
  metrics.getMeter('with', '1', options).createCounter('c').add(1);
  metrics.getMeter('without').createCounter('c').add(1);
  logs.getLogger('with', '1', options).emit({ body: 'x' });
  logs.getLogger('without').emit({ body: 'y' });
  await telemetry.flush();
  const expected = [
    ['with', 'https://example.com/scope', 'https://example.com/resource'],
    ['without', '', 'https://example.com/resource'],
  ];
  const scopesOf = (groups: readonly { schemaUrl?: string; scopes: readonly Scoped[] }[]) =>
    groups
      .flatMap((group) => group.scopes.map((each) => [each.scope?.name, each.schemaUrl ?? '', group.schemaUrl]))
      .sort();
  const metricGroups = telemetry.requests('metrics').flatMap((bytes) => decodeMetrics(bytes).resourceMetrics);
  expect(scopesOf(metricGroups.map((each) => ({ ...each, scopes: each.scopeMetrics })))).toEqual(expected);
  const logGroups = telemetry.requests('logs').flatMap((bytes) => decodeLogs(bytes).resourceLogs);
  expect(scopesOf(logGroups.map((each) => ({ ...each, scopes: each.scopeLogs })))).toEqual(expected);
});

test('a page’s smaller resource says the same: zero and false are values, and a name among the attributes is a name', () => {
  const timers = { after: () => () => {} };
  const options: ResourceOptions[] = [
    { timers, attributes: { 'service.name': 'shop', zero: 0, no: false, none: undefined, list: ['a'] } },
    { timers, serviceName: 'named', attributes: { 'service.name': 'shop' }, serviceVersion: '1', environment: 'test' },
    { timers, serviceName: '', attributes: { a: 1 } },
  ];
  // Read from the bytes, where what is undefined is nothing.
  const read = ({ bytes }: EncodedResource) =>
    plainAttributes(decodeOtlp<{ attributes: DecodedKeyValue[] }>('Resource', bytes).attributes);
  for (const one of options)
    expect(read(createSmallResource(one).encoded())).toEqual(read(createResource(one).encoded()));
});
