import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/options.js';
import { traceWasm } from '../../src/frameworks/wasm/trace-wasm.js';
import { createTestTelemetry, type TestTelemetry } from '../../src/runtimes/testing/create-test-telemetry.js';

/* A guest that calls with whatever it has. Nothing of it may come back into the guest as an exception, and nothing may harm the host. */

let telemetry: TestTelemetry;
const said: Diagnostic[] = [];
beforeEach(() => {
  telemetry = createTestTelemetry();
  said.length = 0;
});
afterEach(async () => void (await telemetry.shutdown()));

type Imported = Record<string, (...args: (number | bigint)[]) => number>;

function hostile(bound = true) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const wasm = traceWasm(telemetry, { name: 'hostile', onDiagnostic: (diagnostic) => said.push(diagnostic) });
  const { throughline_v1_utf8, throughline_v1_utf16 } = wasm.imports() as unknown as Record<string, Imported>;
  if (bound) wasm.exports({ memory });
  return { memory, wasm, utf8: throughline_v1_utf8!, utf16: throughline_v1_utf16! };
}

/** How many arguments each takes, and which of them is an i64. */
const signatures: Record<string, { readonly arity: number; readonly wide?: number }> = {
  span_start: { arity: 4 },
  span_current: { arity: 0 },
  span_is_recording: { arity: 1 },
  set_string: { arity: 5 },
  set_bool: { arity: 4 },
  set_int: { arity: 4, wide: 3 },
  set_double: { arity: 4 },
  set_list: { arity: 6 },
  attributes_create: { arity: 0 },
  span_add_event: { arity: 4 },
  span_set_status: { arity: 4 },
  span_record_exception: { arity: 7 },
  span_end: { arity: 1 },
  context_traceparent: { arity: 2 },
};

test('both encodings have the functions of the interface, and no others', () => {
  const { utf8, utf16 } = hostile();
  expect(Object.keys(utf8).sort()).toEqual(Object.keys(signatures).sort());
  expect(Object.keys(utf16)).toEqual(Object.keys(utf8));
});

test('any calls with any numbers throw nothing, answer with a 32-bit integer and write only where they were told [W1]', () => {
  // Handles, lengths and pointers that hit as often as they miss.
  const number = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: -3, max: 70_000 }),
    fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  );
  const call = fc.constantFrom(...Object.keys(signatures)).chain((name) =>
    fc.record({
      name: fc.constant(name),
      args: fc.array(number, { minLength: signatures[name]!.arity, maxLength: signatures[name]!.arity }),
      encoding: fc.constantFrom('utf8' as const, 'utf16' as const),
    }),
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      telemetry.reset();
      const guest = hostile();
      const guestExports = guest.wasm.exports({
        memory: guest.memory,
        run() {
          for (const { name, args, encoding } of calls) {
            const { wide } = signatures[name]!;
            const before = new Uint8Array(guest.memory.buffer).slice();
            const answer = guest[encoding][name]!(...args.map((arg, at) => (at === wide ? BigInt(arg) : arg))) ?? 0;
            expect(answer).toBe(answer | 0);
            const after = new Uint8Array(guest.memory.buffer);
            if (name !== 'context_traceparent' || answer === 0) expect(Buffer.compare(before, after)).toBe(0);
            else {
              const from = args[0]! >>> 0;
              const to = from + answer * (encoding === 'utf16' ? 2 : 1);
              expect(Buffer.compare(before.subarray(0, from), after.subarray(0, from))).toBe(0);
              expect(Buffer.compare(before.subarray(to), after.subarray(to))).toBe(0);
            }
          }
        },
      });
      guestExports.run();
      expect(guest.wasm.status().openHandles).toBe(0);
      // Every span that it started has ended, in one trace or as the root of its own.
      expect(telemetry.spans().at(-1)!.name).toBe('run');
    }),
    { numRuns: 300 },
  );
});

test('a wrong handle or pointer is counted, and each kind is said once', () => {
  const { utf8, wasm } = hostile();
  const name = [0, 1] as const;
  for (let time = 0; time < 3; time++) {
    utf8.span_end!(77);
    utf8.span_start!(65_536, 1, 0, 0);
    utf8.set_bool!(77, ...name, 1);
    utf8.set_list!(0, ...name, 9, 0, 0);
  }
  const span = utf8.span_start!(...name, 99, 0);
  utf8.span_set_status!(span, 7, 0, 0);
  utf8.span_end!(span);
  utf8.span_end!(span);
  utf8.span_end!(0);
  expect(wasm.status().problems).toEqual({
    'bad-handle': 7,
    'bad-pointer': 3,
    'bad-value': 5,
    failed: 0,
    'left-open': 0,
    'no-memory': 0,
    'not-yours': 0,
    'too-many-open': 0,
  });
  expect(said.map(({ code }) => code)).toEqual(['wasm-bad-handle', 'wasm-bad-pointer', 'wasm-bad-value']);
  expect(said[1]!.message).toBe(
    'The WebAssembly module hostile gave a string or list that does not lie in its memory. Said once.',
  );
});

test('a guest that never ends anything gets no more than 4,096 handles', () => {
  const { utf8, wasm } = hostile();
  const run = wasm.exports({
    run() {
      for (let at = 0; at < 5_000; at++) expect(utf8.span_start!(0, 1, 0, 0) > 0).toBe(at < 4_096);
    },
  });
  run.run();
  expect(wasm.status()).toMatchObject({ openHandles: 0, problems: { 'too-many-open': 904, 'left-open': 4_096 } });
  expect(utf8.span_start!(0, 1, 0, 0)).toBeGreaterThan(0);
});

test('calls from a start function, before there is a memory to read, are counted', () => {
  const { utf8, wasm } = hostile(false);
  expect(utf8.span_start!(0, 1, 0, 0)).toBe(0);
  expect(wasm.status().problems['no-memory']).toBe(1);
  expect(said[0]!.message).toContain('start function');
});

test('a memory that the host brings is known before the guest starts', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const wasm = traceWasm(telemetry, { name: 'early' });
  const { throughline_v1_utf8 } = wasm.imports({ env: { memory } }) as unknown as Record<string, Imported>;
  expect(throughline_v1_utf8!.span_start!(0, 1, 0, 0)).toBe(1);
});

test('a processor of the program that throws does not unwind the guest', async () => {
  await telemetry.shutdown();
  const tracer = {
    ...telemetry.tracer,
    startSpan() {
      throw new Error('out of spans');
    },
  };
  const wasm = traceWasm({ tracer } as never, { name: 'unlucky', onDiagnostic: (diagnostic) => said.push(diagnostic) });
  const { throughline_v1_utf8 } = wasm.imports() as unknown as Record<string, Imported>;
  wasm.exports({ memory: new WebAssembly.Memory({ initial: 1 }) });
  expect(throughline_v1_utf8!.span_start!(0, 1, 0, 0)).toBe(0);
  expect(said[0]!.message).toContain('out of spans');
});
