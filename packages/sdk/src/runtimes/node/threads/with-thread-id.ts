import { joined } from '../../../core/outbox/parcel.js';
import { encodeAttributes } from '../../../core/wire/encode-attributes.js';
import { FieldReader } from '../../../core/wire/field-reader.js';
import { readUtf8 } from '../../../core/wire/utf8.js';
import { varintSize, writeVarint } from '../../../core/wire/varint.js';

const key = 'thread.id';
const metricsOfScope = 2;
const pointsOfData = 1;
/** By the field that a kind of data has in `Metric`: the field of its points that holds attributes (metrics.proto). */
const attributesByData: Readonly<Record<number, number>> = { 5: 7, 7: 7, 9: 9, 10: 1 };

/**
 * The metrics of a parcel with the thread on each data point that has none yet. Threads leave with one resource: without it what each of them counts
 * from its own start would be one series with several writers, and its rate nonsense.
 */
export function withThreadId(scopes: Uint8Array, threadId: number): Uint8Array<ArrayBuffer> {
  return rewritten(new FieldReader(scopes), (scope) =>
    rewritten(scope.message(), (metric) =>
      metric.field === metricsOfScope ? rewritten(metric.message(), (data) => withThread(data, threadId)) : undefined,
    ),
  );
}

function withThread(data: FieldReader, threadId: number): Uint8Array | undefined {
  const field = attributesByData[data.field];
  if (field === undefined) return undefined;
  const attribute = encodeAttributes((field << 3) | 2, { [key]: threadId });
  return rewritten(data.message(), (point) =>
    point.field === pointsOfData && !hasThread(point.message(), field)
      ? joined([point.bytes.subarray(point.start, point.end), attribute])
      : undefined,
  );
}

function hasThread(point: FieldReader, attributes: number): boolean {
  while (point.next()) {
    if (point.field !== attributes) continue;
    const attribute = point.message();
    if (attribute.next() && readUtf8(attribute.bytes, attribute.start, attribute.end) === key) return true;
  }
  return false;
}

/** A message in which some of the messages it holds have become others. */
function rewritten(
  message: FieldReader,
  change: (field: FieldReader) => Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  while (message.next()) {
    const changed = message.wireType === 2 ? change(message) : undefined;
    if (!changed) parts.push(message.bytes.subarray(message.tagStart, message.end));
    else {
      const head = new Uint8Array(1 + varintSize(changed.length));
      head[0] = (message.field << 3) | 2;
      writeVarint(head, 1, changed.length);
      parts.push(head, changed);
    }
  }
  return joined(parts);
}
