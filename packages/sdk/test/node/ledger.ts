import { expect } from 'vitest';
import { decodeSpans } from '../../../testkit/src/decode-spans.js';
import { SERIAL } from '../../../testkit/src/faults/serials.js';
import { type FaultSignal, serialsOnTheWire, signalOfPath } from '../../../testkit/src/faults/serials-on-the-wire.js';
import type { Received } from '../../../testkit/src/otlp-sink.js';
import type { ArrivedSpan } from '../../../testkit/src/receivers.js';

/**
 * What a receiver keeps that knows batches by their ids, as the collector does: the first of each. A second one must be the same, byte for
 * byte, or it is not the second.
 */
function batchesOf(received: readonly Received[]): { readonly signal: FaultSignal; readonly body: Buffer }[] {
  const batches = new Map<string, { readonly signal: FaultSignal; readonly body: Buffer }>();
  for (const { batchId, body, path } of received) {
    expect(batchId).toMatch(/^[0-9a-f]{32}(\.[01])*$/);
    const known = batches.get(batchId!);
    if (known) expect(Buffer.compare(known.body, body), `${batchId} came again with other bytes`).toBe(0);
    else batches.set(batchId!, { signal: signalOfPath(path), body: Buffer.from(body) });
  }
  return [...batches.values()];
}

export const keptOnce = (received: readonly Received[]): ArrivedSpan[] =>
  batchesOf(received).flatMap(({ signal, body }) => (signal === 'traces' ? decodeSpans(body) : []));

export const serialsOf = (spans: readonly ArrivedSpan[]): number[] =>
  spans.flatMap(({ attributes }) => (attributes[SERIAL] === undefined ? [] : [attributes[SERIAL] as number]));

/** The serials of one signal that such a receiver has. */
export const serialsKept = (signal: FaultSignal, received: readonly Received[]): number[] =>
  batchesOf(received).flatMap((batch) => (batch.signal === signal ? serialsOnTheWire(signal, batch.body) : []));
