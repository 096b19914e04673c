import { expect } from 'vitest';
import { decodeSpans } from '../../../testkit/src/decode-spans.js';
import { SERIAL } from '../../../testkit/src/faults/serials.js';
import type { Received } from '../../../testkit/src/otlp-sink.js';
import type { ArrivedSpan } from '../../../testkit/src/receivers.js';

/**
 * What a receiver keeps that knows batches by their ids, as the collector does: the first of each. A second one must be the same, byte for
 * byte, or it is not the second.
 */
export function keptOnce(received: readonly Received[]): ArrivedSpan[] {
  const batches = new Map<string, Buffer>();
  for (const { batchId, body } of received) {
    expect(batchId).toMatch(/^[0-9a-f]{32}(\.[01])*$/);
    const known = batches.get(batchId!);
    if (known) expect(Buffer.compare(known, body), `${batchId} came again with other bytes`).toBe(0);
    else batches.set(batchId!, Buffer.from(body));
  }
  return [...batches.values()].flatMap((body) => decodeSpans(body));
}

export const serialsOf = (spans: readonly ArrivedSpan[]): number[] =>
  spans.flatMap(({ attributes }) => (attributes[SERIAL] === undefined ? [] : [attributes[SERIAL] as number]));
