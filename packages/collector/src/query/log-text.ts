import type { Bindings } from './bindings.js';

/** What full text is searched in, as the indexes of the table have it (store/log-words.ts): the engine compares the expressions. */
const TEXTS = ['lowerUTF8(Body)', 'lowerUTF8(EventName)'] as const;

/** What ends a word: signs of ASCII that are neither letters nor digits. The same as the index's tokenizer takes. */
const SIGN = '[\\x00-\\x2f\\x3a-\\x60\\x7b-\\x7f]';
const SIGNS = new RegExp(SIGN);

/**
 * A condition that is true where the text has `words`, as log-filter.ts describes them. Each word of which the ends are known is asked for by
 * `hasToken`, which the index answers; what is left to compare is compared only in what the index lets through.
 */
export function textCondition(words: string, bindings: Bindings): string {
  const { core, opensOpen, endsOpen } = readWords(words);
  const lower = core.toLowerCase();
  const tokens = completeTokens(lower, opensOpen, endsOpen).map((token) => bindings.bind('String', token));
  const conditions = tokens.map((token) => (text: string) => `hasToken(${text}, ${token})`);
  const isOneWord = !opensOpen && !endsOpen && !SIGNS.test(lower);
  if (!isOneWord) conditions.push(wholeCondition(lower, opensOpen, endsOpen, bindings));
  return TEXTS.map((text) => conditions.map((condition) => condition(text)).join(' AND ')).join(' OR ');
}

/** The words as they stand, signs between them included, with an end of a word on each side that is not open. */
function wholeCondition(
  lower: string,
  opensOpen: boolean,
  endsOpen: boolean,
  bindings: Bindings,
): (text: string) => string {
  const before = opensOpen || SIGNS.test(lower[0]!) ? '' : `(?:^|${SIGN})`;
  const after = endsOpen || SIGNS.test(lower.at(-1)!) ? '' : `(?:${SIGN}|$)`;
  if (before === '' && after === '') {
    const part = bindings.bind('String', lower);
    return (text) => `position(${text}, ${part}) > 0`;
  }
  const pattern = bindings.bind('String', `(?s)${before}${escapePattern(lower)}${after}`);
  return (text) => `match(${text}, ${pattern})`;
}

function readWords(words: string): { readonly core: string; readonly opensOpen: boolean; readonly endsOpen: boolean } {
  const core = words.replace(/^\*+|\*+$/g, '');
  return { core, opensOpen: words.startsWith('*'), endsOpen: words.endsWith('*') };
}

function completeTokens(lower: string, opensOpen: boolean, endsOpen: boolean): readonly string[] {
  const parts = lower.split(SIGNS);
  // Where the text goes on, the outer parts are not whole words.
  return parts.slice(opensOpen ? 1 : 0, endsOpen ? -1 : undefined).filter((part) => part !== '');
}

/** The text as a pattern (RE2) that matches it alone. */
function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\0/g, '\\x00');
}
