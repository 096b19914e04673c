import type { Batch } from '../../sdk/src/core/batch.js';

let counter = 0;

/** A batch as the outbox makes them; `bytes` need not be OTLP for a transport or a store. */
export function testBatch(overrides: Partial<Batch> = {}): Batch {
  const bytes = overrides.bytes ?? Uint8Array.from({ length: 3_000 }, (_, at) => (at * 31) & 0xff);
  return {
    v: 1,
    id: `00112233445566ff${(counter++).toString(16).padStart(16, '0')}`,
    signal: 'traces',
    priority: 'normal',
    destination: 'test',
    createdUnixMs: 1_700_000_000_000,
    items: 10,
    ...overrides,
    bytes,
  };
}

/** An abort signal that is told. */
export function testAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
