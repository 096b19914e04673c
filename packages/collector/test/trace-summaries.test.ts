import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createReader } from '../src/query/reader.js';
import { summariseTraces } from '../src/query/summarise-traces.js';
import type { TraceSummary } from '../src/shapes/api.js';
import { applyMigrations } from '../src/store/apply-migrations.js';
import type { QueryOptions } from '../src/store/store.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { type PlantedSpan, plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

/** Shortly before midnight, so that traces go from one day to the next. */
const START = 1_780_271_950n * 1_000_000_000n;
const SECOND = 1_000_000_000n;

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore({ readers: 2 });
}, 60_000);
afterAll(() => opened?.close());
beforeEach(async () => {
  for (const table of ['otel_traces', 'otel_traces_trace_id_ts', 'otel_traces_summaries'])
    await opened.store.command(`TRUNCATE TABLE ${table}`);
});

/** The summaries of these traces, and of how many of them the spans had to be read. */
async function summaries(ids: readonly string[]) {
  let gathered = 0;
  const store = {
    query<Row>(sql: string, options?: QueryOptions) {
      const [list] = / FROM otel_traces\s+PREWHERE TraceId IN/.test(sql) ? Object.values(options?.params ?? {}) : [];
      if (Array.isArray(list)) gathered += list.length;
      return opened.store.query<Row>(sql, options);
    },
  };
  const traces = await summariseTraces(
    createReader(store),
    ids.map((id) => ({ id, matched: [] })),
  );
  return { traces, gathered };
}

/** Worked out from the spans alone. */
function expectedOf(traceId: string, all: readonly PlantedSpan[]): TraceSummary {
  const spans = all
    .filter((span) => span.traceId === traceId)
    .sort((a, b) => (a.atNano < b.atNano ? -1 : a.atNano > b.atNano ? 1 : 0));
  const root = spans.find((span) => (span.parent ?? '') === '');
  const head = root ?? spans[0]!;
  const last = spans.map((span) => span.atNano + (span.durationNano ?? 1_000_000n)).reduce((a, b) => (a > b ? a : b));
  const isError = (span: PlantedSpan) => span.status === 'Error' || span.status === 'STATUS_CODE_ERROR';
  const names = [...new Set(spans.map((span) => span.service ?? 'shop'))];
  return {
    traceId,
    rootService: head.service ?? 'shop',
    rootName: head.name ?? 'work',
    hasRoot: root !== undefined,
    startUnixNano: String(spans[0]!.atNano),
    durationNano: Number(last - spans[0]!.atNano),
    spans: spans.length,
    errors: spans.filter(isError).length,
    services: names
      .map((name) => {
        const own = spans.filter((span) => (span.service ?? 'shop') === name);
        return { name, spans: own.length, errors: own.filter(isError).length };
      })
      .sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1)),
    matched: [],
  };
}

const drawnSpan = fc.record({
  trace: fc.integer({ min: 0, max: 7 }),
  block: fc.integer({ min: 0, max: 3 }),
  second: fc.integer({ min: 0, max: 99 }),
  ms: fc.integer({ min: 0, max: 5_000 }),
  service: fc.constantFrom('shop', 'pay', 'ship', 'ünï'),
  name: fc.constantFrom('GET /', 'POST /', 'SELECT', ''),
  parent: fc.constantFrom('', spanIdOf(1), spanIdOf(2)),
  status: fc.constantFrom('Unset', 'Error', 'Ok', 'STATUS_CODE_ERROR'),
});

function planted(drawn: readonly (typeof drawnSpan extends fc.Arbitrary<infer Drawn> ? Drawn : never)[]) {
  return drawn.map((one, index) => ({
    block: one.block,
    span: {
      traceId: traceIdOf(one.trace),
      spanId: spanIdOf(index),
      parent: one.parent,
      service: one.service,
      name: one.name,
      status: one.status,
      // No two at the same moment: which of those came first nobody can say.
      atNano: START + BigInt(one.second) * SECOND + BigInt(index),
      durationNano: BigInt(one.ms) * 1_000_000n,
    } satisfies PlantedSpan,
  }));
}

test('a kept summary says what the spans say, in however many inserts and days they came', async () => {
  const seed = Number(process.env.SUMMARY_SEED ?? Date.now() % 2 ** 31);
  for (const drawn of fc.sample(fc.array(drawnSpan, { minLength: 1, maxLength: 120 }), { numRuns: 8, seed })) {
    for (const table of ['otel_traces', 'otel_traces_trace_id_ts', 'otel_traces_summaries'])
      await opened.store.command(`TRUNCATE TABLE ${table}`);
    const all = planted(drawn);
    for (let block = 0; block < 4; block++) {
      const spans = all.filter((one) => one.block === block).map(({ span }) => span);
      if (spans.length > 0) await plantSpans(opened.store, spans);
    }
    const spans = all.map(({ span }) => span);
    const ids = [...new Set(spans.map(({ traceId }) => traceId))];
    const kept = await summaries(ids);
    expect(kept.traces, `seed ${seed}`).toEqual(ids.map((id) => expectedOf(id, spans)));
    expect(kept.gathered, `seed ${seed}`).toBe(0);
    await opened.store.command('TRUNCATE TABLE otel_traces_summaries');
    const gathered = await summaries(ids);
    expect(gathered.traces, `seed ${seed}`).toEqual(kept.traces);
    expect(gathered.gathered, `seed ${seed}`).toBe(ids.length);
  }
}, 120_000);

test('spans from before there were summaries are counted with those that came later to the same trace', async () => {
  const span = (trace: number, index: number, more: Partial<PlantedSpan> = {}): PlantedSpan => ({
    traceId: traceIdOf(trace),
    spanId: spanIdOf(index),
    parent: spanIdOf(1),
    atNano: START + BigInt(index) * SECOND,
    ...more,
  });
  await opened.store.command('DROP TABLE otel_traces_summaries_mv');
  await opened.store.command('DROP TABLE otel_traces_summaries');
  await opened.store.command('DELETE FROM throughline_migrations WHERE number >= 5');
  const before = [span(1, 1, { parent: '', name: 'GET /' }), span(1, 2, { service: 'pay' }), span(2, 3)];
  await plantSpans(opened.store, before);

  await applyMigrations(opened.store);
  const after = [span(1, 4, { service: 'pay', status: 'Error' }), span(3, 5)];
  await plantSpans(opened.store, after);

  const ids = [1, 2, 3].map(traceIdOf);
  const { traces, gathered } = await summaries(ids);
  expect(traces).toEqual(ids.map((id) => expectedOf(id, [...before, ...after])));
  // Only the trace that is wholly younger was taken from what is kept.
  expect(gathered).toBe(2);
  // A span that comes late to it is in the next list.
  const late = span(3, 6, { service: 'late', durationNano: 9n * SECOND });
  await plantSpans(opened.store, [late]);
  expect(await summaries([traceIdOf(3)])).toEqual({
    traces: [expectedOf(traceIdOf(3), [...after, late])],
    gathered: 0,
  });
}, 60_000);
