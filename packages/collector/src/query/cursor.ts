import { readFields, unreadableCursor, writeFields } from './cursor-fields.js';

/** Where the last page ended, and what it must go on with to be a page of the same list. */
export interface Cursor {
  /** Of the last trace shown: nanoseconds of time or of duration, as the sort has it. */
  readonly key: bigint;
  readonly traceId: string;
  /** Pinned by the first page, so that what arrives later does not move the list. */
  readonly startNano: bigint;
  readonly endNano: bigint;
  /** The last ten digits of traces already shown, newest last, at most `MOST_SHOWN`. */
  readonly shown: readonly string[];
  /** The place in the list down to which `shown` is incomplete; `undefined` while it holds all. */
  readonly horizon?: { readonly key: bigint; readonly traceId: string } | undefined;
}

/** Five bytes each: a cursor stays below 7 kB, what servers take in an address. */
export const MOST_SHOWN = 1_000;
export const SHOWN_DIGITS = 10;

/** `question` is what the list was asked with (filter and sort); a cursor of another list is refused. */
export function writeCursor(cursor: Cursor, question: string): string {
  const head = writeFields(
    [
      String(cursor.key),
      cursor.traceId,
      String(cursor.startNano),
      String(cursor.endNano),
      cursor.horizon === undefined ? '' : `${cursor.horizon.key}/${cursor.horizon.traceId}`,
    ],
    question,
  );
  return `${head}.${Buffer.from(cursor.shown.join(''), 'hex').toString('base64url')}`;
}

export function readCursor(text: string, question: string): Cursor {
  const [head = '', tail = '', ...rest] = text.split('.');
  const [key = '', traceId = '', start = '', end = '', horizon = ''] = readFields(head, question, 5);
  const [horizonKey = '', horizonId = ''] = horizon.split('/');
  const shownHex = Buffer.from(tail, 'base64url').toString('hex');
  const numbers = [key, start, end, ...(horizon === '' ? [] : [horizonKey])];
  if (
    rest.length > 0 ||
    !numbers.every((number) => /^\d{1,20}$/.test(number)) ||
    !/^[0-9a-f]{32}$/.test(traceId) ||
    !/^(?:[0-9a-f]{32})?$/.test(horizonId) ||
    shownHex.length > MOST_SHOWN * SHOWN_DIGITS ||
    shownHex.length % SHOWN_DIGITS !== 0
  ) {
    throw unreadableCursor();
  }
  return {
    key: BigInt(key),
    traceId,
    startNano: BigInt(start),
    endNano: BigInt(end),
    shown: shownHex.match(/.{10}/g) ?? [],
    horizon: horizon === '' ? undefined : { key: BigInt(horizonKey), traceId: horizonId },
  };
}
