import { ITEM_PATHS } from './count-items.js';
import { Malformed } from './malformed.js';
import { ProtobufCursor } from './protobuf-cursor.js';
import type { Signal } from './signal.js';

/**
 * Splits an export request into two complete ones of about half the bytes each, in the order of their items; `undefined` when it holds one item or none,
 * or is not well formed. The same bytes always give the same halves, and the same ones that the SDK's own rule (core/wire/split-request.ts) gives: whoever
 * splits a batch on its way, its halves have the same ids and the same content.
 */
export function splitRequest(bytes: Uint8Array, signal: Signal): readonly [Uint8Array, Uint8Array] | undefined {
  const path = ITEM_PATHS[signal];
  const sizes: number[] = [];
  try {
    measure(bytes, 0, bytes.length, path, 0, sizes);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
  if (sizes.length < 2) return undefined;
  const half = sizes.reduce((sum, size) => sum + size, 0) / 2;
  let first = 1;
  for (let sum = sizes[0]!; first < sizes.length - 1 && sum + sizes[first]! <= half; first++) sum += sizes[first]!;
  const cut = (from: number, to: number): Uint8Array =>
    Buffer.concat(select(bytes, 0, bytes.length, path, 0, { next: 0, from, to }) ?? []);
  return [cut(0, first), cut(first, sizes.length)];
}

type Path = readonly (readonly number[])[];

/** Each field of a message: its number where it is length-delimited (else 0), where it begins, where its content does, and where both end. */
function* fieldsOf(
  bytes: Uint8Array,
  start: number,
  end: number,
): Generator<readonly [number, number, number, number]> {
  const cursor = new ProtobufCursor();
  cursor.open(bytes);
  cursor.position = start;
  while (cursor.position < end) {
    const begin = cursor.position;
    const tag = cursor.tag(end);
    if ((tag & 7) === 2) {
      const to = cursor.content(end);
      yield [tag >>> 3, begin, cursor.position, to];
      cursor.position = to;
    } else {
      cursor.skip(tag, end);
      yield [0, begin, begin, cursor.position];
    }
  }
}

function measure(bytes: Uint8Array, start: number, end: number, path: Path, depth: number, sizes: number[]): void {
  for (const [field, begin, from, to] of fieldsOf(bytes, start, end)) {
    if (!path[depth]!.includes(field)) continue;
    if (depth === path.length - 1) sizes.push(to - begin);
    else measure(bytes, from, to, path, depth + 1, sizes);
  }
}

interface Selection {
  /** Number of the next item met. */
  next: number;
  readonly from: number;
  readonly to: number;
}

/** The pieces of a message with only the selected items in it; `undefined` where none is. What stands beside the items is kept in both halves. */
function select(
  bytes: Uint8Array,
  start: number,
  end: number,
  path: Path,
  depth: number,
  selection: Selection,
): Uint8Array[] | undefined {
  const pieces: Uint8Array[] = [];
  let hasItems = false;
  for (const [field, begin, from, to] of fieldsOf(bytes, start, end)) {
    if (!path[depth]!.includes(field)) pieces.push(bytes.subarray(begin, to));
    else if (depth === path.length - 1) {
      if (selection.next >= selection.from && selection.next < selection.to) {
        pieces.push(bytes.subarray(begin, to));
        hasItems = true;
      }
      selection.next++;
    } else {
      const inner = select(bytes, from, to, path, depth + 1, selection);
      if (inner === undefined) continue;
      hasItems = true;
      pieces.push(
        head(
          field,
          inner.reduce((sum, piece) => sum + piece.length, 0),
        ),
        ...inner,
      );
    }
  }
  return hasItems ? pieces : undefined;
}

function head(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
