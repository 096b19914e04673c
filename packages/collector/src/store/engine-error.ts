import { StoreError } from './store.js';

/** ClickHouse's error numbers that mean something to a caller; all others of a query are `other`. */
const CODES: Readonly<Record<number, readonly [StoreError['code'], boolean]>> = {
  159: ['timeout', true],
  160: ['timeout', true],
  394: ['stopped', false],
  734: ['stopped', false],
  241: ['too-much-memory', true],
  202: ['busy', true],
  252: ['busy', true],
  243: ['full', true],
  236: ['away', true],
  209: ['away', true],
  210: ['away', true],
  // A replica without its keeper, or without enough others: nothing is wrong with what was asked.
  225: ['away', true],
  242: ['away', true],
  285: ['away', true],
  319: ['away', true],
  999: ['away', true],
  // A password or a right was changed, a database taken away: it helps when a person puts it right.
  81: ['denied', true],
  192: ['denied', true],
  193: ['denied', true],
  194: ['denied', true],
  497: ['denied', true],
  516: ['denied', true],
  // Files that could not be opened or written just now.
  74: ['other', true],
  75: ['other', true],
  76: ['other', true],
  77: ['other', true],
  62: ['bad-sql', false],
  46: ['bad-sql', false],
  47: ['bad-sql', false],
  60: ['bad-sql', false],
  43: ['bad-sql', false],
  42: ['bad-sql', false],
  53: ['bad-sql', false],
  36: ['bad-sql', false],
  386: ['bad-sql', false],
  427: ['bad-sql', false],
  164: ['bad-sql', false],
};

/** The engine's message without its stack and version, as a `StoreError`. */
export function engineError(message: string, clickhouseCode?: number): StoreError {
  const code = clickhouseCode ?? Number(/\bCode: (\d+)\./.exec(message)?.[1] ?? Number.NaN);
  const [kind, retryable] = CODES[code] ?? ['other', /No space left|Cannot allocate/i.test(message)];
  const text = message.replace(/^Code: \d+\. DB::Exception: /, '').replace(/\s*\(version [^)]*\)\s*$/, '');
  return new StoreError(kind, text, retryable);
}
