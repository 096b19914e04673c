import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MOST_SHOWN } from '../src/query/cursor.js';
import { createReader } from '../src/query/reader.js';
import { searchTraces, type TraceSort } from '../src/query/search-traces.js';
import { parseFilter } from '../src/shapes/filter.js';
import type { QueryOptions } from '../src/store/store.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { type PlantedSpan, plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

const START = 1_795_149_538_000_000_000n;
const MINUTE = 60_000_000_000n;
const range = { startNano: START, endNano: START + 60n * MINUTE };

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(async () => {
  await opened?.close();
});

function clausesOf(text: string) {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.clauses;
}

async function page(options: {
  q?: string;
  sort?: TraceSort;
  limit: number;
  cursor?: string | undefined;
  range?: typeof range;
}) {
  const { q = '', sort = 'newest' } = options;
  return await searchTraces(createReader(opened.store), {
    clauses: clausesOf(q),
    range: options.range ?? range,
    limit: options.limit,
    sort,
    cursor: options.cursor,
    question: `${sort} ${q}`,
  });
}

async function allPages(options: {
  q?: string;
  sort?: TraceSort;
  limit: number;
  between?: (page: number) => Promise<void>;
}): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  let number = 0;
  do {
    const answer = await page({ ...options, cursor });
    expect(answer.traces.length).toBeGreaterThan(0);
    ids.push(...answer.traces.map((trace) => trace.traceId));
    cursor = answer.nextCursor;
    await options.between?.(number++);
  } while (cursor !== undefined);
  return ids;
}

test('pages together are the whole list in its order, for every filter, sort and size of page', async () => {
  const seed = Number(process.env.PAGING_SEED ?? Date.now() % 2 ** 31);
  const span = fc.record({
    trace: fc.integer({ min: 0, max: 39 }),
    second: fc.integer({ min: 0, max: 3599 }),
    ms: fc.integer({ min: 1, max: 30 }),
    hit: fc.boolean(),
  });
  for (const drawn of fc.sample(fc.array(span, { minLength: 1, maxLength: 150 }), { numRuns: 6, seed })) {
    const spans = drawn.map(
      (one, index): PlantedSpan => ({
        traceId: traceIdOf(one.trace),
        spanId: spanIdOf(index),
        // Few distinct seconds and durations, so that ties are common.
        atNano: START + BigInt(one.second % 90) * 1_000_000_000n,
        durationNano: BigInt(one.ms) * 1_000_000n,
        attributes: one.hit ? { hit: 'yes' } : {},
      }),
    );
    await opened.store.command('TRUNCATE TABLE otel_traces');
    await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
    await plantSpans(opened.store, spans);
    for (const q of ['', 'hit=yes', 'duration>15ms']) {
      for (const sort of ['newest', 'slowest'] as const) {
        const keys = new Map<string, bigint>();
        for (const one of spans) {
          if (q === 'hit=yes' && one.attributes?.hit === undefined) continue;
          if (q === 'duration>15ms' && one.durationNano! <= 15_000_000n) continue;
          const key = sort === 'newest' ? one.atNano : one.durationNano!;
          if (key > (keys.get(one.traceId) ?? -1n)) keys.set(one.traceId, key);
        }
        const wanted = [...keys]
          .sort(([a, x], [b, y]) => (x === y ? (a < b ? 1 : -1) : x < y ? 1 : -1))
          .map(([id]) => id);
        if (wanted.length === 0) continue;
        for (const limit of [1, 7, 200]) {
          expect(await allPages({ q, sort, limit }), `seed ${seed} q=${q} sort=${sort} limit=${limit}`).toEqual(wanted);
        }
      }
    }
  }
}, 120_000);

test.each(['newest', 'slowest'] as const)(
  'while data arrives, %s pages repeat no trace and skip none that was there',
  async (sort) => {
    await opened.store.command('TRUNCATE TABLE otel_traces');
    await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
    const first: PlantedSpan[] = Array.from({ length: 60 }, (_, index) => ({
      traceId: traceIdOf(index),
      spanId: spanIdOf(index),
      atNano: START + BigInt((index * 37) % 60) * MINUTE,
      durationNano: BigInt(((index * 41) % 60) + 1) * 1_000_000n,
    }));
    await plantSpans(opened.store, first);
    let late = 1_000;
    const ids = await allPages({
      sort,
      limit: 7,
      // New traces, and late spans of old ones at every place: above and below what was shown, longer and shorter.
      between: async () => {
        await plantSpans(
          opened.store,
          Array.from({ length: 40 }, (_, index) => ({
            traceId: traceIdOf(index < 30 ? (index * 7 + late) % 60 : late + index),
            spanId: spanIdOf(++late),
            atNano: START + BigInt((index * 53) % 60) * MINUTE + BigInt(late),
            durationNano: BigInt((index * 3) % 70) * 1_000_000n,
          })),
        );
      },
    });
    expect(new Set(ids).size).toBe(ids.length);
    for (const { traceId } of first) expect(ids).toContain(traceId);
  },
);

test('pages beyond what a cursor can name still repeat nothing', async () => {
  await opened.store.command('TRUNCATE TABLE otel_traces');
  await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
  const traces = MOST_SHOWN + 450;
  // Two spans each, the older ones far below, where every later page would meet them again.
  const spans = Array.from({ length: traces }, (_, index) => [
    {
      traceId: traceIdOf(index),
      spanId: spanIdOf(index * 2),
      atNano: START + 30n * MINUTE + BigInt(index) * 1_000_000n,
    },
    { traceId: traceIdOf(index), spanId: spanIdOf(index * 2 + 1), atNano: START + BigInt(index) * 1_000_000n },
  ]).flat();
  await plantSpans(opened.store, spans);
  const ids = await allPages({ limit: 200 });
  expect(ids.length).toBe(traces);
  expect(new Set(ids).size).toBe(traces);
});

test.each(['newest', 'slowest'] as const)(
  'more spans share one key than are looked at together, and %s pages still hold each trace once',
  async (sort) => {
    await opened.store.command('TRUNCATE TABLE otel_traces');
    await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
    const traces = 1_300;
    const spans = Array.from({ length: traces * 2 }, (_, index) => ({
      traceId: traceIdOf(index % traces),
      spanId: spanIdOf(index),
      atNano: START + MINUTE,
    }));
    await plantSpans(opened.store, spans);
    const ids = await allPages({ limit: 200, sort });
    expect(ids).toEqual(Array.from({ length: traces }, (_, index) => traceIdOf(traces - 1 - index)));
  },
);

test('the range of the first page holds for all', async () => {
  await opened.store.command('TRUNCATE TABLE otel_traces');
  await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
  await plantSpans(
    opened.store,
    Array.from({ length: 6 }, (_, index) => ({
      traceId: traceIdOf(index),
      spanId: spanIdOf(index),
      atNano: START + BigInt(index) * MINUTE,
    })),
  );
  const one = await page({ limit: 2, range: { startNano: START, endNano: START + 4n * MINUTE } });
  expect(one.traces.map((trace) => trace.traceId)).toEqual([traceIdOf(3), traceIdOf(2)]);
  const two = await page({
    limit: 2,
    cursor: one.nextCursor,
    range: { startNano: START + 2n * MINUTE, endNano: START + 90n * MINUTE },
  });
  expect(two.traces.map((trace) => trace.traceId)).toEqual([traceIdOf(1), traceIdOf(0)]);
  expect(two.nextCursor).toBeUndefined();
});

test('a cursor of another list is refused', async () => {
  const { nextCursor } = await page({ limit: 2 });
  await expect(page({ limit: 2, sort: 'slowest', cursor: nextCursor })).rejects.toThrow(/another filter or order/);
  await expect(page({ limit: 2, q: 'name=x', cursor: nextCursor })).rejects.toThrow(/another filter or order/);
  for (const cursor of [
    '',
    'x',
    `${nextCursor}zz.zz`,
    nextCursor!.replace('.', '').slice(5),
    'W10.'.padEnd(9000, 'A'),
  ]) {
    await expect(page({ limit: 2, cursor }), cursor.slice(0, 60)).rejects.toThrow(/cursor/);
  }
});

test('below a trace of very many spans others are found without reading it to its end', async () => {
  await opened.store.command('TRUNCATE TABLE otel_traces');
  await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
  await opened.store.command(
    `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ServiceName, SpanName, Duration)
     SELECT fromUnixTimestamp64Nano(toInt64(${START + 2n * MINUTE} + number)), '${traceIdOf(900)}', hex(number), 'shop', 'again', 2000000 + number
     FROM numbers(150000)`,
  );
  await plantSpans(
    opened.store,
    [1, 2, 3].map((number) => ({
      traceId: traceIdOf(number),
      spanId: spanIdOf(number),
      atNano: START + BigInt(number),
    })),
  );
  for (const sort of ['newest', 'slowest'] as const) {
    for (const q of ['', 'service=shop']) {
      let transferred = 0;
      const counting = {
        async query<Row>(sql: string, options?: QueryOptions) {
          const answer = await opened.store.query<Row>(sql, options);
          transferred += answer.rows.length;
          return answer;
        },
      };
      const { traces } = await searchTraces(createReader(counting), {
        clauses: clausesOf(q),
        range,
        limit: 10,
        sort,
        question: '',
      });
      expect(traces.map((trace) => trace.traceId)).toEqual([900, 3, 2, 1].map(traceIdOf));
      expect(transferred).toBeLessThan(5_000);
    }
  }
});

test('spans that are older than the table of times are found beside those that are in it', async () => {
  await opened.store.command('TRUNCATE TABLE otel_traces');
  const span = (number: number) => ({
    traceId: traceIdOf(number),
    spanId: spanIdOf(number),
    atNano: START + BigInt(number) * MINUTE,
  });
  await plantSpans(opened.store, [span(1)]);
  await opened.store.command('TRUNCATE TABLE otel_traces_trace_id_ts');
  await plantSpans(opened.store, [span(2)]);
  const { traces } = await page({ limit: 10 });
  expect(traces.map((trace) => trace.traceId)).toEqual([traceIdOf(2), traceIdOf(1)]);
});
