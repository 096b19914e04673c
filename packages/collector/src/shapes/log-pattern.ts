import { formatLogClause } from './log-filter.js';

/*
 * What similar log bodies have in common: the text with its changing parts replaced by marks. `order 17 of "Ann" took 3.5 ms` is of the pattern
 * `order <n> of <text> took <n> ms`.
 */

interface Mask {
  readonly mark: string;
  /** RE2 and JavaScript read it alike. */
  readonly pattern: string;
}

/** In this order, each in what the ones before it have left. */
export const LOG_MASKS: readonly Mask[] = [
  { mark: '<text>', pattern: '"[^"]*"|`[^`]*`|\\B\'[^\']*\'\\B' },
  {
    mark: '<time>',
    pattern: '\\b\\d{4}-\\d\\d-\\d\\d(?:[T ]\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d+)?)?(?:Z|[+-]\\d\\d:?\\d\\d)?)?\\b',
  },
  { mark: '<uuid>', pattern: '\\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\\b' },
  // Long hexadecimal numbers, and words in which digits and letters alternate, as in names of pods.
  { mark: '<id>', pattern: '\\b(?:0x[0-9a-fA-F]+|[0-9a-fA-F]{12,}|[a-zA-Z]*\\d+[a-zA-Z]+\\d+\\w*)\\b' },
  { mark: '<n>', pattern: '\\d+(?:[.,:]\\d+)*' },
];

/** Of bodies that are maps or lists, written as JSON, only the values are masked. */
export const STRUCTURED_MASK: Mask = { mark: ':<text>', pattern: ':"(?:[^"\\\\]|\\\\.)*"' };

/** A clause of the filter language that finds the records of a pattern, but for those whose text was cut. */
export function patternClause(pattern: string): string {
  const marks = new RegExp([...LOG_MASKS, STRUCTURED_MASK].map(({ mark }) => mark).join('|'), 'g');
  let value = '^';
  let from = 0;
  for (const found of pattern.matchAll(marks)) {
    value += escaped(pattern.slice(from, found.index));
    value += found[0].startsWith(':') ? `:(?:${STRUCTURED_MASK.pattern.slice(1)})` : maskOf(found[0]);
    from = found.index + found[0].length;
  }
  const isCut = pattern.length >= MOST_CHARACTERS;
  return formatLogClause({
    field: 'body',
    operator: '=~',
    value: `${value}${escaped(pattern.slice(from))}${isCut ? '' : '$'}`,
  });
}

/** Of a longer body only the beginning counts. */
export const MOST_CHARACTERS = 300;

function maskOf(mark: string): string {
  return `(?:${LOG_MASKS.find((mask) => mask.mark === mark)?.pattern ?? ''})`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
