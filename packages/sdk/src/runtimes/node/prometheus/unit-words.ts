/** Units of UCUM by the words Prometheus has for them (specification "Prometheus and OpenMetrics Compatibility", Metric Metadata). */
const words: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tebibytes',
  kBy: 'kilobytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '%': 'percent',
};

/** Behind a stroke they are one of it: `m/s` is `meters_per_second`. */
const perWords: Readonly<Record<string, string>> = {
  s: 'second',
  min: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

const own = (table: Readonly<Record<string, string>>, unit: string): string =>
  Object.hasOwn(table, unit) ? table[unit]! : unit;

/** A unit in words, as they stand in a metric's name; empty where there is none. What stands in braces is a remark. */
export function unitWords(unit: string): string {
  const [counted = '', per] = unit.replace(/\{[^}]*\}/g, '').split('/', 2);
  const first = counted.trim() === '1' ? '' : own(words, counted.trim());
  const second = per?.trim() ? `per_${own(perWords, per.trim())}` : '';
  return [first, second].filter(Boolean).join('_');
}
