import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { context, propagation, trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/options.js';
import { traceWasm } from '../../src/frameworks/wasm/trace-wasm.js';
import { createTestTelemetry, type TestTelemetry } from '../../src/runtimes/testing/create-test-telemetry.js';
import { compileGuest } from './compile-guest.js';

/* Real modules in Node's own WebAssembly, compiled by AssemblyScript. */

interface Everything {
  double(value: number): number;
  describe(text: string): string;
  nest(): string;
  trap(divisor: number): number;
  failed(): void;
  forget(): void;
  endHost(): void;
  again(depth: number): number;
  readonly memory: WebAssembly.Memory;
}
interface Bindings {
  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): Promise<Everything>;
}

let folder: string;
let everything: { module: WebAssembly.Module; bindings: Bindings };
let untold: WebAssembly.Module;
let utf8: WebAssembly.Module;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'throughline-wasm-'));
  const compile = async (...given: Parameters<typeof compileGuest>) =>
    WebAssembly.compile((await compileGuest(...given)).bytes);
  const module = await compile('everything', folder, ['--bindings', 'raw']);
  everything = { module, bindings: (await import(pathToFileURL(join(folder, 'everything.js')).href)) as Bindings };
  untold = await compile('untold', folder);
  utf8 = await compile('utf8', folder);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let telemetry: TestTelemetry;
const said: Diagnostic[] = [];
beforeEach(() => {
  telemetry = createTestTelemetry();
  said.length = 0;
});
afterEach(async () => void (await telemetry.shutdown()));

/** An instance of the AssemblyScript guest; `note` is what it calls of its host. */
async function load(note: (value: number) => number = () => 0) {
  const wasm = traceWasm(telemetry, { name: 'everything', onDiagnostic: (diagnostic) => said.push(diagnostic) });
  const { module, bindings } = everything;
  return { wasm, guest: wasm.exports(await bindings.instantiate(module, wasm.imports({ host: { note } }))) };
}

describe('a module that knows nothing of it', () => {
  test('each exported function that is called is a span by its name, below what is active [W1 W7]', async () => {
    const wasm = traceWasm(telemetry, { name: 'untold' });
    const { exports } = await WebAssembly.instantiate(untold, wasm.imports());
    const { fib } = wasm.exports(exports) as { fib(n: number): number };
    const answer = telemetry.measure('request', () => fib(10));
    expect(answer).toBe(55);
    expect([fib.name, fib.length]).toEqual(['fib', 1]);
    // Calls inside the module are its own affair: one span, not 177.
    expect(telemetry.tree()).toBe('request\n  fib');
    expect(telemetry.span('fib').attributes).toEqual({ 'code.function.name': 'fib', 'wasm.module': 'untold' });
  });

  test('a trap is an error span, and is thrown unchanged [W1]', async () => {
    const wasm = traceWasm(telemetry, { name: 'untold' });
    const { exports } = await WebAssembly.instantiate(untold, wasm.imports());
    const { divide } = wasm.exports(exports) as { divide(a: number, b: number): number };
    expect(divide(7, 2)).toBe(3);
    let caught: unknown;
    try {
      divide(1, 0);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(WebAssembly.RuntimeError);
    const [fine, torn] = telemetry.spans();
    expect(fine!.status.code).toBe('unset');
    expect(torn).toMatchObject({ name: 'divide', status: { code: 'error', message: (caught as Error).message } });
    expect(torn!.events).toMatchObject([
      {
        name: 'exception',
        attributes: { 'exception.type': 'RuntimeError', 'exception.message': (caught as Error).message },
      },
    ]);
  });

  test('functions are chosen by name; memory, tables and globals are what they were', async () => {
    const { exports } = await WebAssembly.instantiate(untold, {});
    const names = (options: { only?: string[]; except?: string[] }) => {
      telemetry.reset();
      const traced = traceWasm(telemetry, { name: 'untold', ...options }).exports({
        ...exports,
        __collect: exports.fib,
      } as unknown as Record<string, (...args: number[]) => number>);
      for (const name of ['fib', 'divide', '__collect']) traced[name]!(1, 1);
      expect(traced.memory).toBe(exports.memory);
      return telemetry.spans().map(({ name }) => name);
    };
    expect(names({})).toEqual(['fib', 'divide']);
    expect(names({ except: ['fib'] })).toEqual(['divide']);
    expect(names({ only: ['fib', '__collect'] })).toEqual(['fib', '__collect']);
    expect(names({ only: ['fib', 'divide'], except: ['divide'] })).toEqual(['fib']);
  });

  test('a host that loads several modules tells them apart [W7]', async () => {
    for (const name of ['greyscale', 'blur']) {
      const plugin = traceWasm(telemetry, { name });
      const { exports } = await WebAssembly.instantiate(untold, plugin.imports());
      (plugin.exports(exports) as { fib(n: number): number }).fib(3);
    }
    expect(telemetry.spans().map(({ attributes }) => attributes['wasm.module'])).toEqual(['greyscale', 'blur']);
  });

  test('any tracer of OpenTelemetry will do', async () => {
    const wasm = traceWasm({ tracer: trace.getTracer('plugins') }, { name: 'untold' });
    const { exports } = await WebAssembly.instantiate(untold, wasm.imports());
    (wasm.exports(exports) as { fib(n: number): number }).fib(3);
    expect(telemetry.span('fib').scope.name).toBe('plugins');
  });
});

describe('a module in AssemblyScript with the guest package', () => {
  test('attributes of each kind, events, status and kind arrive as they were set [W1]', async () => {
    const { guest } = await load();
    expect(guest.describe('Grüße 🌍')).toBe('Grüße 🌍!');
    const span = telemetry.span('describe it');
    expect(span).toMatchObject({
      kind: 'client',
      status: { code: 'ok' },
      parentSpanId: telemetry.span('describe').spanId,
    });
    expect(span.attributes).toEqual({
      text: 'Grüße 🌍',
      flag: true,
      small: 7,
      large: '9223372036854775807',
      ratio: 0.5,
      texts: ['a', 'Grüße 🌍'],
      flags: [true, false],
      counts: [1, 2, 3],
      ratios: [0.5, 1.5],
    });
    expect(span.events).toMatchObject([
      { name: 'bare', attributes: {} },
      { name: 'told', attributes: { percent: 5, why: 'because' } },
    ]);
    expect(telemetry.span('describe').attributes).toMatchObject({ 'from the guest': 8 });
    expect(said).toEqual([]);
  });

  test('its spans lie below the call and below each other, and what it calls of the host below its own [W1]', async () => {
    const { guest, wasm } = await load((value) => telemetry.measure(`host ${value}`, () => 0));
    const traceparent = telemetry.measure('request', () => guest.nest());
    const { traceId, spanId } = telemetry.span('inner');
    expect(traceparent).toBe(`00-${traceId}-${spanId}-03`);
    expect(telemetry.tree()).toBe(
      'request\n  nest\n    outer\n      inner\n        host 1\n      aside\n    last\nelsewhere',
    );
    expect(wasm.status().openHandles).toBe(0);
    expect(said).toEqual([]);
  });

  test('called again by its host before it has returned, the inner call lies below the outer one’s span', async () => {
    const { guest } = await load((depth) => (depth > 0 ? guest.again(depth - 1) : 42));
    expect(guest.again(2)).toBe(42);
    expect(telemetry.tree()).toBe('again\n  depth 2\n    again\n      depth 1\n        again\n          depth 0');
  });

  test('baggage and whatever else is in the context reaches the host through the guest', async () => {
    const seen: (string | undefined)[] = [];
    const { guest } = await load(() => {
      seen.push(propagation.getBaggage(context.active())?.getEntry('tenant')?.value);
      return 0;
    });
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    context.with(propagation.setBaggage(context.active(), baggage), () => guest.nest());
    expect(seen).toEqual(['acme']);
  });

  test('a trap inside ends its open spans as errors and leaves nothing behind [W1]', async () => {
    const { guest, wasm } = await load();
    expect(() => guest.trap(0)).toThrow(WebAssembly.RuntimeError);
    expect(telemetry.tree()).toBe('trap [error: divide by zero]\n  division [error: divide by zero]');
    // It was torn out of them: nothing to complain about.
    expect([wasm.status().openHandles, said]).toEqual([0, []]);
    expect(guest.double(2)).toBe(4);
  });

  test('an error it handles itself is an exception on its span', async () => {
    const { guest } = await load();
    guest.failed();
    expect(telemetry.span('tried')).toMatchObject({
      status: { code: 'error', message: 'no luck' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'Misfortune', 'exception.message': 'no luck' } }],
    });
    expect(telemetry.span('failed').status.code).toBe('unset');
  });

  test('spans it forgot end with the call, counted, and named once', async () => {
    const { guest, wasm } = await load();
    guest.forget();
    guest.forget();
    expect(telemetry.tree()).toBe(Array(2).fill('forget\n  forgotten one\n    forgotten two').join('\n'));
    expect(wasm.status()).toMatchObject({ openHandles: 0, problems: { 'left-open': 4 } });
    expect(said.map(({ code, message }) => [code, message])).toEqual([
      [
        'wasm-left-open',
        'The WebAssembly module everything returned with spans that had not ended; they ended with the call ("forgotten one", "forgotten two"). Said once.',
      ],
    ]);
  });

  test('the host’s span is not its to end', async () => {
    const { guest, wasm } = await load();
    telemetry.measure('request', (span) => {
      guest.endHost();
      expect(span.isRecording()).toBe(true);
    });
    expect(wasm.status().problems['not-yours']).toBe(1);
    expect(telemetry.tree()).toBe('request\n  endHost');
  });

  test('where nothing is recorded nothing is, and the module works', async () => {
    await telemetry.shutdown();
    const { guest } = await load();
    expect(guest.describe('x')).toBe('x!');
    expect(guest.nest()).toBe('');
    expect([telemetry.spans(), said]).toEqual([[], []]);
  });

  test('a telemetry that is not behind the API nests all the same', async () => {
    await telemetry.shutdown();
    telemetry = createTestTelemetry({ global: false });
    const { guest } = await load();
    guest.nest();
    expect(telemetry.tree()).toBe('nest\n  outer\n    inner\n    aside\n  last\nelsewhere');
  });
});

test('a module whose strings are UTF-8, with nothing of ours inside [W1]', async () => {
  const wasm = traceWasm(telemetry, { name: 'utf8', onDiagnostic: (diagnostic) => said.push(diagnostic) });
  const { exports } = await WebAssembly.instantiate(utf8, wasm.imports({ env: { abort() {} } }));
  const { work, grow, memory } = wasm.exports(exports) as {
    work(into: number): number;
    grow(): void;
    memory: WebAssembly.Memory;
  };
  expect(work(8)).toBe(55);
  const span = telemetry.span('größer 🌍');
  expect(span.attributes).toEqual({ k: 'größer 🌍' });
  expect(Buffer.from(memory.buffer, 8, 55).toString()).toBe(`00-${span.traceId}-${span.spanId}-03`);
  grow();
  expect(telemetry.tree()).toContain('grow\n  after growth');
  expect(said).toEqual([]);
});
