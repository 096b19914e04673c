import type { Attributes, HrTime } from '@opentelemetry/api';
import {
  aggregationTemporality,
  type DataPoint,
  dataPointType,
  type Exemplar,
  type ExponentialHistogramValue,
  type HistogramValue,
  type MetricData,
  type ResourceMetrics,
} from '../../../core/metrics/metric-data.js';
import type { PrometheusFormat } from './prometheus-format.js';
import { type Labels, labelsOf, labelsText, scopeLabels } from './prometheus-labels.js';
import { familyName, isClassicName, type NameRules, type TranslationStrategy } from './prometheus-names.js';

export interface FormatMetricsOptions {
  readonly format: PrometheusFormat;
  readonly strategy: TranslationStrategy;
  /** `otel_scope_…` on every series. */
  readonly scopeLabels: boolean;
  /** `target_info`, which has the attributes of the resource. */
  readonly targetInfo: boolean;
  /** Attributes of the resource on every series. */
  readonly resourceLabels: (key: string) => boolean;
  /** Told what was left out because it stands against something else. */
  readonly warn: (message: string) => void;
}

type FamilyType = 'counter' | 'gauge' | 'histogram';

/** Everything of one name: Prometheus wants it together, under one type. */
interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly total: string;
  help: string;
  unit: string;
  readonly series: Set<string>;
  readonly lines: string[];
}

/** OpenMetrics: characters of an exemplar's labels at most, names and values together. */
const maxExemplarLength = 128;

/** Metrics as text (specification "Prometheus and OpenMetrics Compatibility", OTLP Metric points to Prometheus). They count from the start. */
export function formatMetrics({ resource, scopeMetrics }: ResourceMetrics, options: FormatMetricsOptions): string {
  const writer = new FamilyWriter(options);
  const { rules } = writer;
  const chosen = Object.entries(resource.attributes).filter(([key]) => options.resourceLabels(key));
  const shared = labelsOf(Object.fromEntries(chosen), rules);
  for (const { scope, metrics } of scopeMetrics) {
    const beside = new Map([...shared, ...(options.scopeLabels ? scopeLabels(scope, rules) : [])]);
    for (const metric of metrics) {
      try {
        writer.add(metric, beside);
      } catch (error) {
        // A producer's, of another form than it says: the program's own must not be lost for it.
        options.warn(`${metric.descriptor?.name} cannot be written: ${error}`);
      }
    }
  }
  return writer.text(options.targetInfo ? resource.attributes : {});
}

class FamilyWriter {
  readonly rules: NameRules;
  readonly #options: FormatMetricsOptions;
  readonly #openMetrics: boolean;
  readonly #families = new Map<string, Family>();

  constructor(options: FormatMetricsOptions) {
    this.#options = options;
    this.#openMetrics = options.format.kind === 'openmetrics';
    this.rules = { strategy: options.strategy, allowUtf8: options.format.allowUtf8 };
  }

  add(metric: MetricData, beside: Labels): void {
    const family = this.#family(metric);
    if (!family) return;
    for (const point of metric.dataPoints as readonly DataPoint<
      number | HistogramValue | ExponentialHistogramValue
    >[]) {
      const own = labelsOf(point.attributes, this.rules, beside);
      const labels = family.type === 'histogram' ? besideBounds(own) : own;
      const series = labelsText(labels);
      if (family.series.has(series)) {
        this.#options.warn(`${family.name}${series} is there twice; one of them is left out.`);
        continue;
      }
      family.series.add(series);
      if (typeof point.value !== 'number') this.#histogram(family, labels, point as DataPoint<HistogramValue>);
      else {
        const exemplar = family.type === 'counter' ? latest(point.exemplars ?? []) : undefined;
        this.#line(family, family.total, labels, point.value, exemplar);
      }
      if (family.type !== 'gauge') this.#created(family, labels, point.startTime);
    }
  }

  /** The family a metric belongs to; `undefined` where another type has its name. */
  #family(metric: MetricData): Family | undefined {
    const { name, unit, description } = metric.descriptor;
    const type = typeOf(metric);
    if (!type || !metric.dataPoints.length) return undefined;
    // A share of one; a count of things that should have no unit is no gauge.
    const isShare = metric.dataPointType === dataPointType.gauge && unit === '1';
    const named = familyName(name, isShare ? 'ratio' : unit, type === 'counter', this.rules);
    if (!named.name) {
      // A line without one makes all that is scraped unreadable.
      this.#options.warn('a metric has no name; it is left out.');
      return undefined;
    }
    // Without `_total` OpenMetrics has no counters.
    const isUnknown = type === 'counter' && !named.total && this.#openMetrics;
    const key = named.name + (this.#openMetrics ? '' : named.total);
    const known = this.#families.get(key);
    if (!known) {
      const family: Family = {
        ...named,
        type: isUnknown ? 'gauge' : type,
        help: description,
        series: new Set(),
        lines: [],
      };
      this.#families.set(key, family);
      return family;
    }
    if (known.type !== type && !isUnknown) {
      this.#options.warn(`${name} is a ${type}, but ${key} is a ${known.type} already; it is left out.`);
      return undefined;
    }
    if (description && known.help !== description) {
      this.#options.warn(`${name} is described in two ways; the first is kept.`);
      known.help ||= description;
    }
    if (known.unit !== named.unit) this.#options.warn(`${name} has two units; the first is kept.`);
    return known;
  }

  #histogram(
    family: Family,
    labels: Labels,
    { value, exemplars = [] }: DataPoint<HistogramValue | ExponentialHistogramValue>,
  ): void {
    const buckets = 'buckets' in value ? explicitBuckets(value) : exponentialBuckets(value);
    let below = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const { bound, count } of buckets) {
      total += count;
      const from = below;
      const exemplar = latest(exemplars.filter((one) => one.value > from && one.value <= bound));
      this.#line(family, '_bucket', [...labels, ['le', this.#bound(bound)]], total, exemplar);
      below = bound;
    }
    if (value.sum !== undefined) this.#line(family, '_sum', labels, value.sum);
    this.#line(family, '_count', labels, value.count);
  }

  #created(family: Family, labels: Labels, time: HrTime): void {
    if (this.#openMetrics && (time[0] || time[1])) this.#line(family, '_created', labels, seconds(time));
  }

  #line(
    family: Family,
    suffix: string,
    labels: Iterable<readonly [string, string]>,
    value: number | string,
    exemplar?: Exemplar,
  ): void {
    const name = family.name + suffix;
    const series = isClassicName(name) ? name + labelsText(labels) : labelsText(labels, name);
    family.lines.push(`${series} ${typeof value === 'number' ? number(value) : value}${this.#exemplar(exemplar)}`);
  }

  #exemplar(exemplar: Exemplar | undefined): string {
    if (!exemplar || !this.#openMetrics) return '';
    const { traceId, spanId, filteredAttributes, timestamp, value } = exemplar;
    const ids: [string, string][] = [];
    if (traceId) ids.push(['trace_id', traceId]);
    if (spanId) ids.push(['span_id', spanId]);
    const own = [...labelsOf(filteredAttributes, this.rules)].filter(([name]) => !/^(?:trace|span)_id$/.test(name));
    const length = [...ids, ...own].reduce((sum, [name, text]) => sum + [...name].length + [...text].length, 0);
    const labels = length > maxExemplarLength ? ids : [...ids, ...own];
    return ` # ${labelsText(labels) || '{}'} ${number(value)} ${seconds(timestamp)}`;
  }

  /** OpenMetrics compares bounds as texts, and has one for each number. */
  #bound(bound: number): string {
    const text = bound === Number.POSITIVE_INFINITY ? '+Inf' : shortFloat(bound);
    return this.#openMetrics && /^-?\d+$/.test(text) ? `${text}.0` : text;
  }

  text(resource: Attributes): string {
    const target = labelsOf(resource, this.rules);
    const parts: string[] = [];
    if (target.size)
      parts.push(
        this.#openMetrics
          ? '# TYPE target info\n# HELP target Target metadata\n'
          : '# HELP target_info Target metadata\n# TYPE target_info gauge\n',
        `target_info${labelsText(target)} 1\n`,
      );
    for (const family of this.#families.values()) {
      const { type, help, unit, lines } = family;
      const full = family.name + (this.#openMetrics ? '' : family.total);
      const name = isClassicName(full) ? full : labelsText([], full).slice(1, -1);
      parts.push(`# HELP ${name} ${this.#help(help)}\n# TYPE ${name} ${type}\n`);
      if (this.#openMetrics && unit) parts.push(`# UNIT ${name} ${unit}\n`);
      parts.push(lines.join('\n'), '\n');
    }
    if (this.#openMetrics) parts.push('# EOF\n');
    return parts.join('');
  }

  #help(help: string): string {
    const escaped = help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
    return this.#openMetrics ? escaped.replace(/"/g, '\\"') : escaped;
  }
}

function typeOf(metric: MetricData): FamilyType | undefined {
  const isDelta = metric.aggregationTemporality === aggregationTemporality.delta;
  switch (metric.dataPointType) {
    case dataPointType.gauge:
      return 'gauge';
    case dataPointType.sum:
      return isDelta ? undefined : metric.isMonotonic ? 'counter' : 'gauge';
    default:
      return isDelta ? undefined : 'histogram';
  }
}

/** `le` is a histogram's own label: one of the program's is called as Prometheus calls what is taken. */
const besideBounds = (labels: Labels): Labels =>
  labels.has('le')
    ? new Map([...labels].map(([name, value]) => [name === 'le' ? 'exported_le' : name, value]))
    : labels;

interface Bucket {
  /** The greatest value in it. */
  readonly bound: number;
  readonly count: number;
}

const explicitBuckets = ({ buckets: { boundaries, counts } }: HistogramValue): Bucket[] =>
  counts.map((count, at) => ({ bound: boundaries[at] ?? Number.POSITIVE_INFINITY, count }));

/** Neither format has exponential histograms: their buckets become ordinary ones, each with the bound it has. */
function exponentialBuckets({
  scale,
  zeroCount,
  // OpenTelemetry's own SDK knows none.
  zeroThreshold = 0,
  positive,
  negative,
}: ExponentialHistogramValue): Bucket[] {
  const bound = (index: number) => 2 ** (index * 2 ** -scale);
  const buckets: Bucket[] = [];
  for (let i = negative.bucketCounts.length - 1; i >= 0; i--)
    buckets.push({ bound: -bound(negative.offset + i), count: negative.bucketCounts[i]! });
  if (zeroCount || buckets.length) buckets.push({ bound: zeroThreshold, count: zeroCount });
  positive.bucketCounts.forEach((count, i) => {
    buckets.push({ bound: bound(positive.offset + i + 1), count });
  });
  // The last one may reach beyond all numbers.
  if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) buckets.push({ bound: Number.POSITIVE_INFINITY, count: 0 });
  return buckets;
}

function latest(exemplars: readonly Exemplar[]): Exemplar | undefined {
  let last: Exemplar | undefined;
  for (const one of exemplars) {
    const isLater =
      !last ||
      one.timestamp[0] > last.timestamp[0] ||
      (one.timestamp[0] === last.timestamp[0] && one.timestamp[1] >= last.timestamp[1]);
    if (isLater) last = one;
  }
  return last;
}

/** To the nanosecond, which a number cannot tell. */
const seconds = ([whole, nanos]: HrTime): string =>
  `${whole}.${String(nanos)
    .padStart(9, '0')
    .replace(/(\d{3}\d*?)0*$/, '$1')}`;

const number = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);

/** As Go and with it every client of Prometheus writes a number: with an exponent from a million on, of two digits at least. */
function shortFloat(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
