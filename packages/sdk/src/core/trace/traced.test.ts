import { AsyncLocalStorage } from 'node:async_hooks';
import { webcrypto } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect, expectTypeOf, test } from 'vitest';
import { rootContext } from '../context/context.js';
import { getSpan, withSpanContext } from '../context/span-in-context.js';
import type { ContextStore } from '../ports.js';
import { followResult } from './follow-result.js';
import type { ReadableSpan } from './readable-span.js';
import { createTraced } from './traced.js';
import { createTracerProvider } from './tracer-provider.js';

/** Spans as they end, by a real tracer, with a context that follows `await` as Node's does. */
function setUp() {
  const storage = new AsyncLocalStorage<Context>();
  const contextStore: ContextStore = {
    active: () => storage.getStore() ?? rootContext,
    with: (context, fn, thisArg, ...args) => storage.run(context, () => fn.apply(thisArg, args)),
    bind: (_context, target) => target,
    disable: () => storage.disable(),
  };
  const spans: ReadableSpan[] = [];
  const provider = createTracerProvider({
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    entropy: { fill: (target) => void webcrypto.getRandomValues(target) },
    contextStore,
    resource: { attributes: {} },
    processors: [
      {
        onStart() {},
        onEnd: (span) => void spans.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  const tracer = provider.getTracer('test');
  const activeName = () => (getSpan(contextStore.active()) as unknown as ReadableSpan | undefined)?.name;
  return { ...createTraced(tracer, contextStore, followResult), tracer, contextStore, spans, activeName };
}
const names = (spans: readonly ReadableSpan[]) => spans.map(({ name }) => name);
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;

test('a traced function keeps this, arguments and result, and stays sync [B4 F8]', () => {
  const { traced, spans } = setUp();
  const cart = {
    rate: 2,
    total: traced('total', function (this: { rate: number }, a: number, b: number) {
      return (a + b) * this.rate;
    }),
  };
  expect(cart.total(3, 4)).toBe(14);
  expect(names(spans)).toEqual(['total']);
  expect(spans[0]!.status.code).toBe(SpanStatusCode.UNSET);
});

test('a traced function keeps its name and length', () => {
  const { traced } = setUp();
  function checkout(_cart: unknown, _user: unknown) {}
  const wrapped = traced('POST /checkout', checkout);
  expect([wrapped.name, wrapped.length]).toEqual(['checkout', 2]);
});

test('each call of a traced function is a span of its own, child of the active one [B4 F6]', () => {
  const { traced, measure, spans } = setUp();
  const step = traced('step', () => 1);
  measure('all', () => [step(), step()]);
  expect(names(spans)).toEqual(['step', 'step', 'all']);
  expect(spans.map(parentOf)).toEqual([spans[2]!.spanContext().spanId, spans[2]!.spanContext().spanId, undefined]);
});

test('measure runs the function once, with the span, and gives back what it gives back [B4]', () => {
  const { measure, spans } = setUp();
  const result = measure('sum', (span) => {
    span.setAttribute('n', 2);
    return 42;
  });
  expect(result).toBe(42);
  expect(spans[0]!.attributes).toEqual({ n: 2 });
});

test('an exception is recorded, the status set, and the same error thrown [B4 F8]', () => {
  const { traced, spans } = setUp();
  const error = new RangeError('card declined');
  expect(() =>
    traced('pay', () => {
      throw error;
    })(),
  ).toThrow(error);
  expect(spans[0]!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'card declined' });
  expect(spans[0]!.events[0]!.attributes).toMatchObject({
    'exception.type': 'RangeError',
    'exception.message': 'card declined',
  });
});

test.each([
  ['a string', 'no', 'no'],
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a number', 7, '7'],
  ['an object', { message: 'm' }, 'm'],
])('throwing %s is recorded and thrown as it is', (_what, thrown, message) => {
  const { measure, spans } = setUp();
  let caught: unknown = 'nothing';
  try {
    measure('odd', () => {
      throw thrown;
    });
  } catch (error) {
    caught = error;
  }
  expect(caught).toBe(thrown);
  expect(spans[0]!.status).toEqual({ code: SpanStatusCode.ERROR, message });
  expect(spans[0]!.events[0]!.name).toBe('exception');
});

test('an async function is measured until it settles, with its span active after await [B4 F6]', async () => {
  const { traced, spans, activeName } = setUp();
  let seen: string | undefined;
  const load = traced('load', async (id: number) => {
    await sleep(1);
    seen = activeName();
    return { id };
  });
  const promise = load(7);
  expect(promise).toBeInstanceOf(Promise);
  expect(spans).toEqual([]);
  expect(await promise).toEqual({ id: 7 });
  expect(seen).toBe('load');
  expect(names(spans)).toEqual(['load']);
});

test('a rejection is recorded and given on [B4 F8]', async () => {
  const { traced, spans } = setUp();
  const error = new Error('timed out');
  await expect(traced('load', () => Promise.reject(error))()).rejects.toBe(error);
  expect(spans[0]!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'timed out' });
});

test('a rejection nobody handles stays unhandled, once', async () => {
  const { traced } = setUp();
  const unhandled: unknown[] = [];
  const listeners = process.rawListeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  try {
    const reported = new Promise<void>((resolve) => {
      process.on('unhandledRejection', (error) => {
        unhandled.push(error);
        resolve();
      });
    });
    const error = new Error('nobody cares');
    void traced('load', async () => {
      throw error;
    })();
    await reported;
    await sleep(5);
    expect(unhandled).toEqual([error]);
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener as NodeJS.UnhandledRejectionListener);
  }
});

test('what a library hung on its promise is on the one given back', async () => {
  const { traced, spans } = setUp();
  const start = traced('spawn', () => Object.assign(Promise.resolve('done'), { pid: 12 }));
  const started = start();
  expect(started.pid).toBe(12);
  expect(await started).toBe('done');
  expect(names(spans)).toEqual(['spawn']);
});

test('a subclass of Promise comes back as that subclass', async () => {
  const { traced } = setUp();
  class Query extends Promise<number> {}
  const query = traced('query', () => Query.resolve(1) as Query)();
  expect(query).toBeInstanceOf(Query);
  expect(await query).toBe(1);
});

test('a lazy thenable is given back itself, runs once when it is awaited, in its span, and ends it', async () => {
  const { traced, spans, activeName } = setUp();
  let runs = 0;
  let during: string | undefined;
  class Builder {
    wheres: string[] = [];
    where(condition: string) {
      this.wheres.push(condition);
      return this;
    }
    // biome-ignore lint/suspicious/noThenProperty: a query builder is one
    then(resolve: (rows: string[]) => void) {
      runs++;
      during = activeName();
      setTimeout(() => resolve(this.wheres), 1);
    }
  }
  const builder = new Builder();
  const select = traced('select', () => builder);
  const given = select();
  expect(given).toBe(builder);
  expect([runs, spans.length]).toEqual([0, 0]);
  expect(await (given.where('id = 1') as unknown as PromiseLike<string[]>)).toEqual(['id = 1']);
  expect([runs, during]).toEqual([1, 'select']);
  expect(names(spans)).toEqual(['select']);
});

test('a lazy thenable that fails sets the status, and its handlers run in the context they came from', async () => {
  const { traced, measure, spans, activeName } = setUp();
  const error = new Error('syntax');
  const query = traced('query', () => ({
    // biome-ignore lint/suspicious/noThenProperty: a query builder is one
    then(_resolve: unknown, reject: (error: Error) => void) {
      reject(error);
    },
  }));
  let during: string | undefined;
  measure('outer', () =>
    query().then(undefined, () => {
      during = activeName();
    }),
  );
  expect(during).toBe('outer');
  expect(spans.find(({ name }) => name === 'query')?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'syntax' });
  await expect(query() as unknown as PromiseLike<never>).rejects.toBe(error);
});

test('a frozen thenable is given back as it is, and its span ends at once', () => {
  const { traced, spans } = setUp();
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
  const frozen = Object.freeze({ then() {} });
  expect(traced('frozen', () => frozen)()).toBe(frozen);
  expect(names(spans)).toEqual(['frozen']);
});

test('a generator is measured until it is done, every step in its span [F6]', () => {
  const { traced, spans, activeName } = setUp();
  const seen: (string | undefined)[] = [];
  const pages = traced('pages', function* (n: number) {
    for (let i = 0; i < n; i++) {
      seen.push(activeName());
      yield i;
    }
  });
  const iterator = pages(3);
  expect(spans).toEqual([]);
  expect([...iterator]).toEqual([0, 1, 2]);
  expect(seen).toEqual(['pages', 'pages', 'pages']);
  expect(names(spans)).toEqual(['pages']);
});

test('a generator that is left early or throws ends its span', () => {
  const { traced, spans } = setUp();
  const count = traced('count', function* () {
    yield 1;
    yield 2;
  });
  for (const n of count()) if (n === 1) break;
  expect(names(spans)).toEqual(['count']);
  const failing = traced('failing', function* () {
    yield 1;
    throw new Error('torn');
  });
  expect(() => [...failing()]).toThrow('torn');
  expect(spans[1]!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'torn' });
});

test('an async generator is measured until it is done, is left, or fails [F6]', async () => {
  const { traced, spans, activeName } = setUp();
  const seen: (string | undefined)[] = [];
  const rows = traced('rows', async function* (n: number, fail = false) {
    for (let i = 0; i < n; i++) {
      await sleep(1);
      seen.push(activeName());
      yield i;
    }
    if (fail) throw new Error('lost');
  });
  const read: number[] = [];
  for await (const row of rows(2)) read.push(row);
  expect(read).toEqual([0, 1]);
  expect(seen).toEqual(['rows', 'rows']);
  for await (const _ of rows(2)) break;
  await expect(
    (async () => {
      for await (const _ of rows(1, true));
    })(),
  ).rejects.toThrow('lost');
  expect(spans.map(({ status }) => status.code)).toEqual([0, 0, SpanStatusCode.ERROR]);
});

test('options name kind, attributes, a root and a parent [F8]', () => {
  const { traced, measure, spans } = setUp();
  const parent = withSpanContext(rootContext, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
  measure('outer', () => {
    traced('server', { kind: SpanKind.SERVER, attributes: { 'http.route': '/' } }, () => 1)();
    measure('fresh', { root: true }, () => 1);
    measure('elsewhere', { parent }, () => 1);
  });
  const [server, fresh, elsewhere, outer] = spans;
  expect([server!.kind, server!.attributes]).toEqual([SpanKind.SERVER, { 'http.route': '/' }]);
  expect(parentOf(server)).toBe(outer!.spanContext().spanId);
  expect(parentOf(fresh)).toBeUndefined();
  expect(fresh!.spanContext().traceId).not.toBe(outer!.spanContext().traceId);
  expect(parentOf(elsewhere)).toBe('b'.repeat(16));
});

test('onResult records something of the result, and what it throws harms nothing [F8]', async () => {
  const { traced, spans } = setUp();
  const onResult = (span: { setAttribute(key: string, value: number): unknown }, result: unknown) =>
    span.setAttribute('rows', (result as unknown[]).length);
  expect(traced('sync', { onResult }, () => [1, 2])()).toEqual([1, 2]);
  expect(await traced('async', { onResult }, async () => [1])()).toEqual([1]);
  expect(traced('broken', { onResult }, () => null)()).toBeNull();
  expect(spans.map(({ attributes }) => attributes)).toEqual([{ rows: 2 }, { rows: 1 }, {}]);
  expect(spans[2]!.status.code).toBe(SpanStatusCode.UNSET);
  expect(spans[2]!.events[0]!.name).toBe('exception');
});

test('a status the function set itself stays on success', () => {
  const { measure, spans } = setUp();
  measure('checked', (span) => span.setStatus({ code: SpanStatusCode.OK }));
  expect(spans[0]!.status.code).toBe(SpanStatusCode.OK);
});

test('an unannotated function gets usable parameters, an annotated one keeps its type [F8]', () => {
  const { traced } = setUp();
  const loose = traced('x', async (id) => `${id}`);
  expectTypeOf(loose).toEqualTypeOf<(id: unknown) => Promise<string>>();
  const looser = traced('x', { root: true }, (first, ...rest) => [first, rest.length] as const);
  expectTypeOf(looser).parameters.toEqualTypeOf<[first: unknown, ...rest: unknown[]]>();

  function overloaded(this: Date, id: string): string;
  function overloaded(this: Date, id: number, more?: boolean): number;
  function overloaded(this: Date, id: string | number): string | number {
    return id;
  }
  expectTypeOf(traced('x', overloaded)).toEqualTypeOf<typeof overloaded>();
  const generic = <T extends object>(of: T, ...keys: (keyof T)[]): T => (keys.length ? of : of);
  expectTypeOf(traced('x', generic)({ n: 1 }, 'n')).toEqualTypeOf<{ n: number }>();
  expectTypeOf(traced('x', { root: true }, async (id: string) => id.length)).toEqualTypeOf<
    (id: string) => Promise<number>
  >();
  // @ts-expect-error A text is no function.
  traced('x', 'y');
  expect(loose.length).toBe(1);
});
