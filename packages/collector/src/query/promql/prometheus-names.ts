import type { MetricKind } from '../../shapes/api.js';

/*
 * What OpenTelemetry's metrics are called in Prometheus: its own translation of OTLP (letters, digits and underscores, units and `_total` at the end), which is in
 * OpenTelemetry's specification under "Prometheus and OpenMetrics compatibility".
 */

const UNITS: Readonly<Record<string, string>> = {
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
  TiBy: 'tibibytes',
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
  '1': '',
  '%': 'percent',
};
const PER: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/** A metric, as far as its names go. */
export interface NamedMetric {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly isMonotonic: boolean;
}

/** What a series of Prometheus is of a metric. */
export type Part = 'value' | 'bucket' | 'sum' | 'count' | 'quantile';

const PARTS: Readonly<Record<MetricKind, readonly (readonly [suffix: string, part: Part])[]>> = {
  gauge: [['', 'value']],
  sum: [['', 'value']],
  histogram: [
    ['_bucket', 'bucket'],
    ['_sum', 'sum'],
    ['_count', 'count'],
  ],
  'exponential-histogram': [
    ['_bucket', 'bucket'],
    ['_sum', 'sum'],
    ['_count', 'count'],
  ],
  summary: [
    ['', 'quantile'],
    ['_sum', 'sum'],
    ['_count', 'count'],
  ],
};

export interface PrometheusName {
  readonly name: string;
  readonly part: Part;
}

/** The names under which a metric is listed. */
export function prometheusNames(metric: NamedMetric): readonly PrometheusName[] {
  const base = translatedName(metric);
  return PARTS[metric.kind].map(([suffix, part]) => ({ name: base + suffix, part }));
}

/** Other names it is found by: as it was sent, and with nothing but its characters changed. */
export function otherNames(metric: NamedMetric): readonly PrometheusName[] {
  const bases = [metric.name, cleaned(metric.name)];
  return bases.flatMap((base) => PARTS[metric.kind].map(([suffix, part]) => ({ name: base + suffix, part })));
}

function translatedName({ name, kind, unit, isMonotonic }: NamedMetric): string {
  let words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== '');
  const [main = '', per = ''] = unit.split(/\/(.*)/s).map((part) => part.trim());
  const add = (word: string, before: readonly string[] = []): void => {
    const clean = cleaned(word).replace(/^_+|_+$/g, '');
    if (clean !== '' && !words.includes(clean)) words.push(...before, clean);
  };
  if (main !== '' && !/[{}]/.test(main)) add(UNITS[main] ?? main);
  if (per !== '' && !/[{}]/.test(per)) add(PER[per] ?? per, ['per']);
  if (kind === 'sum' && isMonotonic) words = [...words.filter((word) => word !== 'total'), 'total'];
  if (kind === 'gauge' && unit === '1') words = [...words.filter((word) => word !== 'ratio'), 'ratio'];
  const joined = words.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

const cleaned = (name: string): string => name.replace(/[^a-zA-Z0-9_:]+/g, '_').replace(/_{2,}/g, '_');

/** A label of Prometheus for an attribute. */
export function labelName(key: string): string {
  const clean = key.replace(/[^a-zA-Z0-9_]/g, '_');
  if (/^\d/.test(clean)) return `key_${clean}`;
  return /^_(?!_)/.test(clean) ? `key${clean}` : clean;
}

/** What Prometheus calls the kind of a metric. */
export function prometheusType({ kind, isMonotonic }: Pick<NamedMetric, 'kind' | 'isMonotonic'>): string {
  if (kind === 'sum') return isMonotonic ? 'counter' : 'gauge';
  return kind === 'exponential-histogram' ? 'histogram' : kind;
}

/** A bound of a bucket as it stands in `le`. */
export function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  const text = String(bound);
  return text.includes('e') ? bound.toLocaleString('en', { useGrouping: false, maximumSignificantDigits: 17 }) : text;
}
