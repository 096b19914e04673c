import { formatBytes, formatCount, formatDuration } from './format.js';

/** UCUM's units of time, in nanoseconds. */
const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 60e9,
  h: 3600e9,
  d: 86_400e9,
};

/** A number of a metric for people, with its unit: times and bytes by their size, others as a number and what is counted. */
export function formatMetric(value: number | null, unit: string): string {
  if (value === null || !Number.isFinite(value)) return '–';
  const nanoseconds = NANOSECONDS[unit];
  if (nanoseconds !== undefined) return formatDuration(value * nanoseconds);
  const sign = value < 0 ? '−' : '';
  const size = Math.abs(value);
  if (unit === 'By') return `${sign}${formatBytes(Number(size.toPrecision(12)))}`;
  if (unit === '%') return `${sign}${plain(size)} %`;
  // `1` is no unit, and `{request}` an annotation: what is counted, not what it is measured in.
  const counted = /^\{(.*)\}$/.exec(unit)?.[1]?.replaceAll('_', ' ');
  const word = counted === undefined ? (unit === '1' ? '' : unit) : size === 1 ? counted : plural(counted);
  return `${sign}${plain(size)}${word === '' ? '' : ` ${word}`}`;
}

/** Annotations are in the singular (`{request}`, the semantic conventions say), and in English. What is not one plain word stays as it is. */
function plural(word: string): string {
  if (!/^[a-z]+(?: [a-z]+)*$/.test(word)) return word;
  if (/(s|x|z|ch|sh)$/.test(word)) return `${word}es`;
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}

function plain(size: number): string {
  if (Number.isInteger(size)) return formatCount(size);
  if (size >= 1_000) return formatCount(Math.round(size));
  return size < 0.001 ? size.toExponential(1) : String(Number(size.toPrecision(3)));
}
