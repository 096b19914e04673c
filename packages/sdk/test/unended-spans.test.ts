import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SpanContext } from '@opentelemetry/api';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { rootContext } from '../src/core/context/context.js';
import { NonRecordingSpan } from '../src/core/context/non-recording-span.js';
import type { SdkSpan } from '../src/core/trace/span-processor.js';
import { type UnendedSpansOptions, watchUnendedSpans } from '../src/core/trace/unended-spans.js';

const noContext: SpanContext = { traceId: '', spanId: '', traceFlags: 0 };
const span = (name: string): SdkSpan => Object.assign(new NonRecordingSpan(noContext), { name }) as unknown as SdkSpan;

/** A clock that stands until it is told to go, with the timers that go off on the way. */
function setUp(options: Partial<UnendedSpansOptions> = {}, create = watchUnendedSpans) {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const said: string[] = [];
  const watch = create({
    ageMs: 60_000,
    clock: { wallMs: () => now, monotonicMs: () => now },
    timers: {
      after(delayMs, run) {
        const timer = { at: now + delayMs, run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    captureOrigin: false,
    report: (_level, code, message) => said.push(`${code}: ${message}`),
    ...options,
  });
  const advance = (ms: number) => {
    const until = now + ms;
    for (;;) {
      const next = [...timers].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > until) break;
      timers.delete(next);
      now = next.at;
      next.run();
    }
    now = until;
  };
  const start = (name: string) => {
    const started = span(name);
    watch.onStart(started, rootContext);
    return started;
  };
  return { watch, advance, start, said, timers };
}

test('a span that is never ended is named after its age, once [F11]', () => {
  const { advance, start, said } = setUp();
  start('checkout');
  advance(59_999);
  expect(said).toEqual([]);
  advance(1);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('span-never-ended: A span was never ended');
  expect(said[0]).toContain('"checkout" (started 60 s ago)');
  advance(600_000);
  expect(said).toHaveLength(1);
});

test('a span that ends in time is not named, and none is waited for', () => {
  const { watch, advance, start, said, timers } = setUp();
  watch.onEnd(start('quick'));
  advance(60_000);
  expect(said).toEqual([]);
  expect(timers.size).toBe(0);
});

test('open spans are counted, those already named included, until they end [F11]', () => {
  const { watch, advance, start } = setUp();
  const late = start('late');
  watch.onEnd(start('quick'));
  start('other');
  expect(watch.openSpans()).toBe(2);
  advance(120_000);
  expect(watch.openSpans()).toBe(2);
  watch.onEnd(late);
  expect(watch.openSpans()).toBe(1);
});

test('several are said in one message, five by name', () => {
  const { advance, start, said } = setUp();
  for (let i = 0; i < 7; i++) start(`s${i}`);
  advance(60_000);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('7 spans were never ended');
  expect(said[0]).toContain('"s4"');
  expect(said[0]).not.toContain('"s5"');
  expect(said[0]).toContain('and 2 more');
});

test('after a message the next comes an age later at the soonest', () => {
  const { advance, start, said } = setUp();
  start('a');
  advance(30_000);
  start('b');
  advance(30_000);
  expect(said).toHaveLength(1);
  advance(59_999);
  expect(said).toHaveLength(1);
  advance(1);
  expect(said[1]).toContain('"b" (started 90 s ago)');
});

test('the name is the one the span has by then', () => {
  const { advance, start, said } = setUp();
  const renamed = start('HTTP GET');
  Object.assign(renamed, { name: 'GET /users/:id' });
  advance(60_000);
  expect(said[0]).toContain('"GET /users/:id"');
});

test('in development the message says where the span was started', () => {
  const { advance, start, said } = setUp({ captureOrigin: true });
  start('lost');
  advance(60_000);
  expect(said[0]).toMatch(/"lost" \(started 60 s ago at .*unended-spans\.test\.ts:\d+:\d+/);
});

test('the program’s own frame is found where the package is the few files that Node gets', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-origin-'));
  try {
    const source = fileURLToPath(new URL('../src/', import.meta.url));
    const entry = (name: string, contents: string) => {
      const file = join(directory, name);
      writeFileSync(file, contents);
      return file;
    };
    const watch = `export { watchUnendedSpans } from ${JSON.stringify(join(source, 'core/trace/unended-spans.ts'))};`;
    const entryPoints = [
      entry('index.ts', `${watch} export const startBy = (start) => start();`),
      entry('node.ts', watch),
    ];
    const outdir = join(directory, 'sdk/dist/for-node');
    await build({ entryPoints, outdir, bundle: true, splitting: true, chunkNames: 'shared-[hash]', format: 'esm' });
    const bundled = (await import(pathToFileURL(join(outdir, 'index.js')).href)) as {
      watchUnendedSpans: typeof watchUnendedSpans;
      startBy(start: () => void): void;
    };
    const { advance, start, said } = setUp({ captureOrigin: true }, bundled.watchUnendedSpans);
    bundled.startBy(() => start('lost'));
    advance(60_000);
    expect(said[0]).toMatch(/"lost" \(started 60 s ago at .*unended-spans\.test\.ts:\d+:\d+/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a program that leaks faster than can be remembered is counted all the same', () => {
  const { watch, advance, start, said } = setUp();
  for (let i = 0; i < 10_050; i++) start('leak');
  expect(watch.openSpans()).toBe(10_050);
  advance(60_000);
  expect(said[0]).toContain('10000 spans were never ended');
});

test('shutdown says nothing more and leaves no timer', async () => {
  const { watch, advance, start, said, timers } = setUp();
  start('open');
  await watch.shutdown();
  expect(timers.size).toBe(0);
  advance(120_000);
  expect(said).toEqual([]);
});

test('a forgotten span can be collected while it is watched', async () => {
  const { watch, start } = setUp();
  const forgotten = (() => new WeakRef(start('forgotten')))();
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; forgotten.deref() && turn < 100; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect(forgotten.deref()).toBeUndefined();
  expect(watch.openSpans()).toBe(1);
});
