/** How a guest's strings lie in its memory; a length counts code units: bytes of UTF-8, 16-bit units of UTF-16 (little-endian). */
export type StringEncoding = 'utf8' | 'utf16';

/** A string is cut to this many code units: what a guest calls a string may be its whole memory. */
export const MAX_STRING_UNITS = 65_536;
/** Items of a list at most; longer ones are cut. */
const MAX_ITEMS = 1_024;
/** Up to here units are put together one by one, which is quicker than calling a decoder: names and keys. */
const SHORT_UNITS = 64;

/**
 * Reads what a guest points at. Everything is checked against the memory as it is now (it may have grown since the last call) and copied out of
 * it; `undefined` is an answer: this does not lie in the memory. Pointers and lengths come as signed 32-bit integers.
 */
export interface GuestMemory {
  text(pointer: number, length: number, encoding: StringEncoding): string | undefined;
  /** `count` strings, each a pointer and a length of 32 bits. */
  texts(pointer: number, count: number, encoding: StringEncoding): string[] | undefined;
  bools(pointer: number, count: number): boolean[] | undefined;
  /** 64 bits each. */
  ints(pointer: number, count: number): bigint[] | undefined;
  doubles(pointer: number, count: number): number[] | undefined;
  /** Code units written: all of `text`, which is ASCII, or none. */
  write(text: string, pointer: number, capacity: number, encoding: StringEncoding): number;
}

export function readGuestMemory(memory: WebAssembly.Memory): GuestMemory {
  const decoders = {
    utf8: new TextDecoder('utf-8', { ignoreBOM: true }),
    utf16: new TextDecoder('utf-16le', { ignoreBOM: true }),
  };

  /** A view of `bytes` from `pointer` on; `undefined` beyond the memory. */
  const view = (pointer: number, bytes: number): DataView | undefined => {
    const from = pointer >>> 0;
    const { buffer } = memory;
    return from + bytes <= buffer.byteLength ? new DataView(buffer, from, bytes) : undefined;
  };
  const list = <T>(pointer: number, count: number, size: number, item: (view: DataView, at: number) => T) => {
    const found = view(pointer, (count >>> 0) * size);
    return found && Array.from({ length: Math.min(count >>> 0, MAX_ITEMS) }, (_, index) => item(found, index * size));
  };

  const text = (pointer: number, length: number, encoding: StringEncoding): string | undefined => {
    const wide = encoding === 'utf16';
    const units = length >>> 0;
    const whole = view(pointer, wide ? units * 2 : units);
    if (!whole) return undefined;
    if (wide && units <= SHORT_UNITS) {
      let text = '';
      for (let at = 0; at < units; at++) text += String.fromCharCode(whole.getUint16(at * 2, true));
      return text;
    }
    const bytes = Math.min(units, MAX_STRING_UNITS) * (wide ? 2 : 1);
    // A copy: a memory that is shared may change meanwhile, and decoders refuse it.
    return decoders[encoding].decode(new Uint8Array(whole.buffer, whole.byteOffset, bytes).slice());
  };

  return {
    text,
    texts(pointer, count, encoding) {
      const found = list(pointer, count, 8, (view, at) =>
        text(view.getUint32(at, true), view.getUint32(at + 4, true), encoding),
      );
      return found?.every((one) => one !== undefined) ? found : undefined;
    },
    bools: (pointer, count) => list(pointer, count, 1, (view, at) => view.getUint8(at) !== 0),
    ints: (pointer, count) => list(pointer, count, 8, (view, at) => view.getBigInt64(at, true)),
    doubles: (pointer, count) => list(pointer, count, 8, (view, at) => view.getFloat64(at, true)),
    write(text, pointer, capacity, encoding) {
      const wide = encoding === 'utf16';
      const into = capacity >>> 0 < text.length ? undefined : view(pointer, text.length * (wide ? 2 : 1));
      if (!into) return 0;
      for (let at = 0; at < text.length; at++) {
        if (wide) into.setUint16(at * 2, text.charCodeAt(at), true);
        else into.setUint8(at, text.charCodeAt(at));
      }
      return text.length;
    },
  };
}
