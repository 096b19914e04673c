import type { OnFragment, OpenBuffer } from '../batch.js';
import { stringField } from '../wire/string-field.js';
import { varintSize, writeVarint } from '../wire/varint.js';
import { joined, type Parcel } from './parcel.js';

/**
 * Puts what others recorded into an outbox: their parcels become parts of its next batches, with its resource and its ids. What has not the form of
 * a parcel is left alone, `false`.
 */
export function takeParcels(onFragment: OnFragment): (parcel: unknown) => boolean {
  const buffers = new Map<string, ArrivedBuffer>();
  return (parcel) => {
    if (!isParcel(parcel)) return false;
    const key = `${parcel.signal} ${parcel.priority}`;
    const buffer = buffers.get(key) ?? createArrivedBuffer(parcel);
    buffers.set(key, buffer);
    buffer.add(parcel);
    // Once for all that is inside: an outbox looks at the buffer's own count.
    onFragment(buffer);
    return true;
  };
}

interface ArrivedBuffer extends OpenBuffer {
  add(parcel: Parcel): void;
}

function createArrivedBuffer({ signal, priority }: Parcel): ArrivedBuffer {
  let pieces: Uint8Array[] = [];
  const buffer: ArrivedBuffer & { items: number; byteLength: number } = {
    signal,
    priority,
    items: 0,
    byteLength: 0,
    add({ items, bytes }) {
      pieces.push(bytes);
      buffer.items += items;
      buffer.byteLength += bytes.length;
    },
    take(resource) {
      const { items } = buffer;
      if (!items) return undefined;
      const inside = [message(resource.bytes), ...pieces, stringField(0x1a, resource.schemaUrl)];
      pieces = [];
      buffer.items = buffer.byteLength = 0;
      return { bytes: message(joined(inside)), items };
    },
  };
  return buffer;
}

/** Field 1, a message: the resource of its spans as well as the spans of a resource in a request. */
function message(content: Uint8Array): Uint8Array {
  const field = new Uint8Array(1 + varintSize(content.length) + content.length);
  field[0] = 0x0a;
  field.set(content, writeVarint(field, 1, content.length));
  return field;
}

function isParcel(value: unknown): value is Parcel {
  const { v, signal, priority, items, bytes } = (value ?? {}) as Partial<Parcel>;
  return (
    v === 1 &&
    (signal === 'traces' || signal === 'metrics' || signal === 'logs') &&
    (priority === 'high' || priority === 'normal') &&
    Number.isInteger(items) &&
    items! > 0 &&
    bytes instanceof Uint8Array
  );
}
