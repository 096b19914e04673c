import type { OpenBuffer, Priority, Signal } from '../../sdk/src/core/batch.js';

export interface HandBuffer extends OpenBuffer {
  /** Writes one fragment of `size` bytes whose first four are `mark`, big-endian. */
  write(mark: number, size?: number): void;
}

/** An open buffer whose batches are nothing but its fragments, one after the other, each as long as the others. */
export function handBuffer(priority: Priority = 'normal', signal: Signal = 'traces'): HandBuffer {
  let fragments: Uint8Array[] = [];
  return {
    signal,
    priority,
    get items() {
      return fragments.length;
    },
    get byteLength() {
      return fragments.reduce((sum, fragment) => sum + fragment.length, 0);
    },
    write(mark, size = 8) {
      const fragment = new Uint8Array(size);
      new DataView(fragment.buffer).setUint32(0, mark);
      fragments.push(fragment);
    },
    take() {
      const items = fragments.length;
      if (!items) return undefined;
      const bytes = new Uint8Array(fragments.reduce((sum, fragment) => sum + fragment.length, 0));
      let at = 0;
      for (const fragment of fragments) {
        bytes.set(fragment, at);
        at += fragment.length;
      }
      fragments = [];
      return { bytes, items };
    },
  };
}

/** The marks of a batch whose fragments are `size` bytes each. */
export function marksOf(bytes: Uint8Array, size = 8): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, at) => view.getUint32(at * size));
}

/** Halves such a batch, as `splitExportRequest` does a real one. */
export function splitByHand(_signal: Signal, bytes: Uint8Array) {
  const count = bytes.length / 8;
  if (count < 2) return undefined;
  const middle = Math.floor(count / 2);
  return [
    { bytes: bytes.slice(0, middle * 8), items: middle },
    { bytes: bytes.slice(middle * 8), items: count - middle },
  ];
}
