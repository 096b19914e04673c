import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AttributeScope, attributeKeys, attributeValues } from '../src/query/attributes.js';
import { dependencies } from '../src/query/dependencies.js';
import { differences } from '../src/query/differences.js';
import { histogram, red, stepFor } from '../src/query/histogram.js';
import { operationNames, serviceNames } from '../src/query/names.js';
import { createReader } from '../src/query/reader.js';
import { searchTraces } from '../src/query/search-traces.js';
import { readTraces, traceJson } from '../src/query/trace.js';
import type { TraceAnswer } from '../src/shapes/api.js';
import { parseFilter } from '../src/shapes/filter.js';
import { type QueryOptions, StoreError } from '../src/store/store.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { type PlantedSpan, plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

const START = 1_795_147_200_000_000_000n; // a full hour
const MINUTE = 60_000_000_000n;
const range = { startNano: START, endNano: START + 60n * MINUTE };

/** Two services; each minute one entry span of `web` that calls `pay`; every tenth fails, is slow and has the flag on. */
const SPANS: readonly PlantedSpan[] = Array.from({ length: 60 }, (_, minute): PlantedSpan[] => {
  const bad = minute % 10 === 9;
  const atNano = START + BigInt(minute) * MINUTE + 1n;
  return [
    {
      traceId: traceIdOf(minute),
      spanId: spanIdOf(minute * 2),
      service: 'web',
      name: 'POST /cart',
      kind: 'Server',
      status: bad ? 'Error' : 'Unset',
      atNano,
      durationNano: bad ? 900_000_000n : 10_000_000n,
      attributes: { 'http.method': 'POST', flag: bad ? 'on' : 'off', 'user.id': `u${minute}` },
      resource: { 'host.name': minute < 30 ? 'one' : 'two' },
    },
    {
      traceId: traceIdOf(minute),
      spanId: spanIdOf(minute * 2 + 1),
      parent: spanIdOf(minute * 2),
      service: 'pay',
      name: 'charge',
      kind: 'Client',
      atNano: atNano + 1_000_000n,
      durationNano: 5_000_000n,
      attributes: { 'http.request.method': 'PUT' },
    },
  ];
}).flat();

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await plantSpans(opened.store, SPANS);
});
afterAll(async () => {
  await opened?.close();
});

const reader = () => createReader(opened.store);
function clausesOf(text: string) {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.clauses;
}

describe('over time', () => {
  test('the histogram counts matching spans and their errors in buckets that read well', async () => {
    const answer = await histogram(reader(), { clauses: clausesOf('service=web'), range, buckets: 6 });
    expect(answer).toMatchObject({
      stepNano: 600e9,
      startUnixNano: String(START),
      count: Array(6).fill(10),
      errors: Array(6).fill(1),
      p50: Array(6).fill(10_000_000),
    });
    expect(answer.p95.every((value) => value! > 10_000_000 && value! <= 900_000_000)).toBe(true);
  });

  test('empty buckets are null, and the first may begin before the range', async () => {
    const answer = await histogram(reader(), {
      clauses: [],
      range: { startNano: START - 90n * MINUTE + 5n, endNano: START + 1n * MINUTE },
      buckets: 20,
    });
    expect(answer.stepNano).toBe(300e9);
    expect(BigInt(answer.startUnixNano)).toBe(START - 90n * MINUTE);
    expect(answer.count).toEqual([...Array(18).fill(0), 2]);
    expect(answer.p50.slice(0, 18)).toEqual(Array(18).fill(null));
  });

  test('a width is the least that reads well and makes no more buckets than asked for', () => {
    for (const [length, buckets, step] of [
      [3600e9, 60, 60e9],
      [3600e9, 61, 60e9],
      [3601e9, 60, 120e9],
      [1e3, 60, 1e3],
      [86400e9 * 365, 60, 86400e9 * 7],
    ] as const) {
      expect(Number(stepFor({ startNano: 0n, endNano: BigInt(length) }, buckets))).toBe(step);
    }
  });

  test("RED is of a service's entry spans, or of all spans of an operation", async () => {
    const step = 30n * MINUTE;
    expect((await red(reader(), { service: 'web', range, stepNano: step })).count).toEqual([30, 30]);
    expect((await red(reader(), { service: 'pay', range, stepNano: step })).count).toEqual([0, 0]);
    const operation = await red(reader(), { service: 'pay', operation: 'charge', range, stepNano: step });
    expect([operation.count, operation.errors, operation.p95]).toEqual([
      [30, 30],
      [0, 0],
      [5_000_000, 5_000_000],
    ]);
    expect((await red(reader(), { range, stepNano: step })).errors).toEqual([3, 3]);
  });
});

describe('attributes', () => {
  test('keys that are there are counted, with the fields before them', async () => {
    const { keys } = await attributeKeys(reader(), { range, limit: 100 });
    expect(keys.filter((key) => key.scope === 'field').map((key) => key.key)).toContain('service');
    expect(keys.filter((key) => key.scope !== 'field')).toEqual([
      { key: 'service.name', scope: 'resource', count: 120 },
      { key: 'flag', scope: 'span', count: 60 },
      { key: 'host.name', scope: 'resource', count: 60 },
      { key: 'http.method', scope: 'span', count: 60 },
      { key: 'http.request.method', scope: 'span', count: 60 },
      { key: 'user.id', scope: 'span', count: 60 },
    ]);
    const some = await attributeKeys(reader(), { range, prefix: 'h', service: 'web', limit: 100 });
    expect(some.keys.map((key) => key.key)).toEqual(['host.name', 'http.method']);
  });

  test.each<[string, AttributeScope | undefined, string | undefined, readonly [string, number][]]>([
    [
      'flag',
      undefined,
      undefined,
      [
        ['off', 54],
        ['on', 6],
      ],
    ],
    ['flag', 'resource', undefined, []],
    [
      'host.name',
      undefined,
      undefined,
      [
        ['one', 30],
        ['two', 30],
      ],
    ],
    [
      'user.id',
      undefined,
      'u5',
      [
        ['u5', 1],
        ['u50', 1],
        ['u51', 1],
      ],
    ],
    [
      'service',
      undefined,
      undefined,
      [
        ['pay', 60],
        ['web', 60],
      ],
    ],
    ['service', 'span', undefined, []],
    ['kind', undefined, 's', [['server', 60]]],
    [
      'status',
      undefined,
      undefined,
      [
        ['unset', 114],
        ['error', 6],
      ],
    ],
    ['duration', undefined, undefined, []],
  ])('the commonest values of %s (looked for in %s, beginning with %s)', async (key, scope, prefix, wanted) => {
    const { values } = await attributeValues(reader(), { range, key, scope, prefix, limit: 3 });
    expect(values.map(({ value, count }) => [value, count])).toEqual(wanted);
  });

  test('what differs most between a selection and the rest comes first, written as a filter writes it', async () => {
    const answer = await differences(reader(), {
      clauses: clausesOf('service=web'),
      range,
      selection: range,
      minDurationNano: 100_000_000n,
    });
    expect([answer.insideSpans, answer.outsideSpans]).toEqual([6, 54]);
    const top = answer.differences.slice(0, 4).map(({ key, value, inside, outside }) => [key, value, inside, outside]);
    expect(top).toEqual([
      ['flag', 'off', 0, 1],
      ['flag', 'on', 1, 0],
      ['status', 'error', 1, 0],
      ['status', 'unset', 0, 1],
    ]);
    const brushed = await differences(reader(), {
      clauses: [],
      range,
      selection: { startNano: START, endNano: START + 30n * MINUTE },
    });
    expect(brushed.differences[0]).toMatchObject({ key: 'resource.host.name' });
    const nothing = await differences(reader(), { clauses: clausesOf('name=none'), range, selection: range });
    expect(nothing.differences).toEqual([]);
  });
});

describe('names', () => {
  test('the older and the stable name of an attribute match one filter', async () => {
    for (const q of ['http.method=POST', 'http.request.method=POST', 'http.request.method=~^PO']) {
      const found = await searchTraces(reader(), {
        clauses: clausesOf(q),
        range,
        limit: 5,
        sort: 'newest',
        question: q,
      });
      expect(found.traces.length, q).toBe(5);
      expect(found.traces[0]!.matched[0]!.service, q).toBe('web');
    }
    const put = await searchTraces(reader(), {
      clauses: clausesOf('http.method=PUT'),
      range,
      limit: 1,
      sort: 'newest',
      question: '',
    });
    expect(put.traces[0]!.matched[0]!.service).toBe('pay');
  });

  test('services and operations in alphabetical order, dependencies by parent and child', async () => {
    expect(await serviceNames(reader(), range)).toEqual(['pay', 'web']);
    expect(await operationNames(reader(), { service: 'web', range })).toEqual([{ name: 'POST /cart', kind: 'server' }]);
    expect(await operationNames(reader(), { service: 'web', kind: 'client', range })).toEqual([]);
    expect(await dependencies(reader(), range)).toEqual([{ parent: 'web', child: 'pay', calls: 60 }]);
  });
});

test('a trace of 50,000 spans comes whole and in order', async () => {
  const traceId = traceIdOf(77_777);
  await opened.store.command(
    `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, SpanAttributes, SpanAttributeTypes, Duration, StatusCode)
     SELECT fromUnixTimestamp64Nano(toInt64(${START}) + toInt64(number) * 1000), '${traceId}', leftPad(lower(hex(toUInt64(number + 1))), 16, '0'), if(number = 0, '', leftPad(lower(hex(toUInt64(intDiv(number, 2) + 1))), 16, '0')),
       concat('step ', toString(number % 50)), 'Internal', concat('svc-', toString(number % 7)), map('service.name', concat('svc-', toString(number % 7)), 'host.name', 'h'),
       map('a', toString(number), 'b', 'text "quoted"', 'c', 'true', 'd', '1.5', 'e', 'x', 'f', 'y'), 'isbdss', number, 'Unset'
     FROM numbers(50000) SETTINGS async_insert = 0`,
  );
  const bytes = await traceJson(reader(), traceId);
  const trace = JSON.parse(Buffer.from(bytes!).toString()) as TraceAnswer;
  expect(trace.spans.length).toBe(50_000);
  expect(trace.truncated).toBeUndefined();
  expect(trace.resources.length).toBe(7);
  expect(trace.spans[49_999]).toMatchObject({
    parentSpanId: (25_000).toString(16).padStart(16, '0'),
    attributes: { a: 49_999, b: 'text "quoted"', c: true, d: 1.5, e: 'x', f: 'y' },
  });
});

test('of a trace with more spans than are shown the earliest come, each with its resource, also when the whole is too much for the engine', async () => {
  const trace = traceIdOf(77_000);
  const at = 1_795_149_538_000_000_000n;
  // The engine meets the spans by name; the ones that it meets first are the last in time.
  const spans = Array.from({ length: 40 }, (_, index) => ({
    traceId: trace,
    spanId: spanIdOf(index),
    service: 'long',
    name: `work ${String(99 - index)}`,
    scope: 'of the trace',
    atNano: at + BigInt(index) * 1_000_000n,
  }));
  await plantSpans(opened.store, spans);
  let refusals = 0;
  const short = {
    query: <Row>(sql: string, options?: QueryOptions) => {
      if (refusals === 0 && sql.includes('row_number')) {
        refusals++;
        return Promise.reject(new StoreError('too-much-memory', 'x', true));
      }
      return opened.store.query<Row>(sql, options);
    },
  };
  for (const store of [opened.store, short]) {
    const { spans, resources, scopes, truncated } = await readTraces(createReader(store), [trace], 5);
    expect(spans.map((span) => span.spanId)).toEqual([0, 1, 2, 3, 4].map(spanIdOf));
    expect(truncated).toBe(true);
    expect([...resources.values()].map(([service]) => service)).toEqual(['long']);
    expect([...scopes.values()].map(([name]) => name)).toEqual(['of the trace']);
  }
  expect(refusals).toBe(1);
});
