import { createHash } from 'node:crypto';
import { QueryProblem } from './query-problem.js';

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
  const head = JSON.stringify([
    1,
    mark(question),
    String(cursor.key),
    cursor.traceId,
    String(cursor.startNano),
    String(cursor.endNano),
    cursor.horizon === undefined ? '' : `${cursor.horizon.key}/${cursor.horizon.traceId}`,
  ]);
  return `${Buffer.from(head).toString('base64url')}.${Buffer.from(cursor.shown.join(''), 'hex').toString('base64url')}`;
}

export function readCursor(text: string, question: string): Cursor {
  const hint = 'Leave the cursor out to begin with the first page.';
  const [head = '', tail = '', ...rest] = text.split('.');
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
  } catch {
    throw new QueryProblem('bad-cursor', 'The cursor cannot be read.', { hint });
  }
  if (
    rest.length > 0 ||
    !Array.isArray(fields) ||
    fields.length !== 7 ||
    fields[0] !== 1 ||
    !fields.slice(1).every((field) => typeof field === 'string')
  ) {
    throw new QueryProblem('bad-cursor', 'The cursor cannot be read.', { hint });
  }
  const [, belongs, key, traceId, start, end, horizon] = fields as [
    number,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (belongs !== mark(question)) {
    throw new QueryProblem('bad-cursor', 'The cursor belongs to a list with another filter or order.', { hint });
  }
  const [horizonKey = '', horizonId = ''] = horizon.split('/');
  const shownHex = Buffer.from(tail, 'base64url').toString('hex');
  const numbers = [key, start, end, ...(horizon === '' ? [] : [horizonKey])];
  if (
    !numbers.every((number) => /^\d{1,20}$/.test(number)) ||
    !/^[0-9a-f]{32}$/.test(traceId) ||
    !/^(?:[0-9a-f]{32})?$/.test(horizonId) ||
    shownHex.length > MOST_SHOWN * SHOWN_DIGITS ||
    shownHex.length % SHOWN_DIGITS !== 0
  ) {
    throw new QueryProblem('bad-cursor', 'The cursor cannot be read.', { hint });
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

function mark(question: string): string {
  return createHash('sha256').update(question).digest('base64url').slice(0, 8);
}
