import type { MetricKind } from '../../shapes/api.js';
import { type Bindings, createBindings } from '../bindings.js';
import { METRIC_KINDS, POINT_NANO } from '../metric-kinds.js';
import { matcherSql, seriesWithin } from '../metric-matchers.js';
import { QueryProblem } from '../query-problem.js';
import type { Reader } from '../reader.js';
import { type TimeRange, withinRange } from '../time-range.js';
import type { LabelMatcher } from './expression.js';
import { boundText, labelName, type NamedMetric, otherNames, type Part, prometheusNames } from './prometheus-names.js';
import type { Samples } from './window-functions.js';

export type Labels = Readonly<Record<string, string>>;

/** Samples one question may read, and series. */
const MOST_SAMPLES = 2_000_000;
const MOST_SERIES = 20_000;
const MOST_METRICS = 10_000;

export interface SelectedSeries {
  readonly labels: Labels;
  readonly samples: Samples;
  /** A sample that says there is none from here on: its place is remembered, its value is not a number. */
  readonly stale: ReadonlySet<number>;
}

export interface KnownMetric extends NamedMetric {
  readonly description: string;
}

/** All metrics of these times, with what they are called. */
export async function knownMetrics(reader: Reader, range: TimeRange): Promise<readonly KnownMetric[]> {
  const bindings = createBindings();
  const rows = await reader.rows<{
    readonly name: string;
    readonly kind: MetricKind;
    readonly unit: string;
    readonly rising: boolean;
    readonly description: string;
  }>(
    `SELECT MetricName AS name, Kind AS kind, any(MetricUnit) AS unit, any(IsMonotonic) AS rising, any(MetricDescription) AS description
     FROM otel_metrics_series WHERE ${seriesWithin(range, bindings)} GROUP BY MetricName, Kind ORDER BY name, kind LIMIT ${MOST_METRICS}`,
    bindings,
  );
  return rows.map(({ name, kind, unit, rising, description }) => ({
    name,
    kind,
    unit,
    isMonotonic: rising,
    description,
  }));
}

interface Target {
  readonly metric: KnownMetric;
  readonly part: Part;
  /** What it is called. */
  readonly name: string;
}

/** Which parts of which metrics conditions on `__name__` mean. A name that is listed wins over another name of something else. */
async function targetsOf(
  reader: Reader,
  matchers: readonly LabelMatcher[],
  range: TimeRange,
): Promise<readonly Target[]> {
  const onName = matchers.filter(({ label }) => label === '__name__');
  const metrics = await knownMetrics(reader, range);
  const listed = metrics.flatMap((metric) => prometheusNames(metric).map(({ name, part }) => ({ metric, part, name })));
  const exact = onName.find(({ operator }) => operator === '=');
  let found: readonly Target[] = listed;
  if (exact !== undefined) {
    found = listed.filter(({ name }) => name === exact.value);
    if (found.length === 0) {
      found = metrics.flatMap((metric) =>
        otherNames(metric)
          .filter(
            ({ name }, index, all) => name === exact.value && all.findIndex((other) => other.name === name) === index,
          )
          .map(({ part, name }) => ({ metric, part, name })),
      );
    }
  }
  const rest = onName.filter((matcher) => matcher !== exact);
  if (rest.length === 0) return found;
  const names = await matchingTexts(reader, [...new Set(found.map(({ name }) => name))], rest);
  return found.filter(({ name }) => names.has(name));
}

/** By the engine, whose patterns take no time that grows without bound. */
async function matchingTexts(
  reader: Reader,
  texts: readonly string[],
  matchers: readonly LabelMatcher[],
): Promise<ReadonlySet<string>> {
  if (texts.length === 0) return new Set();
  const bindings = createBindings();
  const conditions = matchers.map((matcher) => matcherSql('text', matcher, bindings));
  const rows = await reader.rows<{ readonly text: string }>(
    `SELECT arrayJoin(${bindings.bind('Array(String)', texts)}) AS text WHERE ${conditions.join(' AND ')}`,
    bindings,
  );
  return new Set(rows.map(({ text }) => text));
}

/** Labels that stand for the points of a distribution, not for what a series carries. */
const OF_PARTS = new Set(['le', 'quantile']);

/** SQL for the value of a label of a row of `otel_metrics_series`. */
export function labelSql(label: string, bindings: Bindings): string {
  if (label === 'job') {
    const namespace = "ResourceAttributes['service.namespace']";
    return `if(${namespace} = '', ServiceName, concat(${namespace}, '/', ServiceName))`;
  }
  if (label === 'instance') return "ResourceAttributes['service.instance.id']";
  if (label === 'otel_scope_name') return 'ScopeName';
  // The key behind a label is not known: what is no letter or digit became an underscore.
  const pattern = bindings.bind(
    'String',
    `^${labelName(label).replace(/^key_/, '(?:key_|_|)').replaceAll('_', '[^a-zA-Z0-9]')}$`,
  );
  const of = (map: string): string =>
    `mapValues(${map})[arrayFirstIndex(key -> match(key, ${pattern}), mapKeys(${map}))]`;
  const has = (map: string): string => `arrayExists(key -> match(key, ${pattern}), mapKeys(${map}))`;
  return `if(${has('Attributes')}, ${of('Attributes')}, ${of('ResourceAttributes')})`;
}

function seriesConditions(
  { metric }: Target,
  matchers: readonly LabelMatcher[],
  range: TimeRange,
  bindings: Bindings,
): string {
  return [
    `MetricName = ${bindings.bind('String', metric.name)}`,
    `Kind = ${bindings.bind('String', metric.kind)}`,
    seriesWithin(range, bindings),
    ...matchers
      .filter(({ label }) => label !== '__name__' && !OF_PARTS.has(label))
      .map((matcher) => matcherSql(labelSql(matcher.label, bindings), matcher, bindings)),
  ].join(' AND ');
}

interface SeriesRow {
  readonly id: string;
  readonly service: string;
  readonly scope: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
  readonly resource: readonly (readonly [key: string, value: string])[];
  readonly isDelta: boolean;
}

async function readSeries(
  reader: Reader,
  target: Target,
  matchers: readonly LabelMatcher[],
  range: TimeRange,
): Promise<readonly SeriesRow[]> {
  const bindings = createBindings();
  const rows = await reader.rows<SeriesRow>(
    `SELECT toString(SeriesId) AS id, any(ServiceName) AS service, any(ScopeName) AS scope,
       arrayZip(mapKeys(any(Attributes) AS own), mapValues(own)) AS attributes, arrayZip(mapKeys(any(ResourceAttributes) AS whose), mapValues(whose)) AS resource,
       any(AggregationTemporality) = 1 AS isDelta
     FROM otel_metrics_series WHERE ${seriesConditions(target, matchers, range, bindings)} GROUP BY SeriesId LIMIT ${MOST_SERIES + 1}`,
    bindings,
  );
  if (rows.length <= MOST_SERIES) return rows;
  throw tooMuch(`${target.name} has more than ${MOST_SERIES.toLocaleString('en')} series here`);
}

const tooMuch = (what: string): QueryProblem =>
  new QueryProblem(
    'bad-promql',
    `${what}, more than one question may read. Ask for a shorter time, or name more labels.`,
  );

/** A point's own attributes win over those of its resource. Labels without a value are none. */
function labelsOf({ attributes, resource, scope, service }: SeriesRow): Record<string, string> {
  const labels: Record<string, string> = {};
  const namespace = resource.find(([key]) => key === 'service.namespace')?.[1] ?? '';
  const instance = resource.find(([key]) => key === 'service.instance.id')?.[1] ?? '';
  for (const [key, value] of resource) if (value !== '') labels[labelName(key)] = value;
  for (const [key, value] of attributes) if (value !== '') labels[labelName(key)] = value;
  if (scope !== '') labels.otel_scope_name = scope;
  if (instance !== '') labels.instance = instance;
  labels.job = namespace === '' ? service : `${namespace}/${service}`;
  return labels;
}

/** SQL for a value and, where a point has several, for the label that tells them apart. */
function valueSql({ metric: { kind }, part }: Target): {
  readonly value: string;
  readonly label?: string;
  readonly join?: string;
} {
  switch (part) {
    case 'value':
      return { value: 'Value' };
    case 'sum':
      return { value: 'Sum' };
    case 'count':
      return { value: 'toFloat64(Count)' };
    case 'quantile':
      return {
        value: 'quantileValue',
        label: 'quantile',
        join: 'ARRAY JOIN ValueAtQuantiles.Quantile AS quantile, ValueAtQuantiles.Value AS quantileValue',
      };
    case 'bucket':
      return {
        value: 'toFloat64(bucketCount)',
        label: 'bound',
        join: `ARRAY JOIN ${kind === 'histogram' ? 'arrayPushBack(ExplicitBounds, inf)' : EXPONENTIAL_BOUNDS} AS bound, ${
          kind === 'histogram'
            ? 'arrayResize(arrayCumSum(BucketCounts), length(ExplicitBounds) + 1, Count)'
            : EXPONENTIAL_COUNTS
        } AS bucketCount`,
      };
  }
}

/**
 * Buckets of exponential histograms at the powers of two, which are bounds at every scale from 0 on and so the same in every point: 2^-20, some microseconds in seconds, to 2^40. What is
 * below them, zero and negative values included, is in the first.
 */
const EXPONENTIAL_BOUNDS = 'arrayPushBack(arrayMap(at -> exp2(at), range(-20, 41)), inf)';
const EXPONENTIAL_COUNTS = `arrayMap(limit -> ZeroCount + arraySum(NegativeBucketCounts)
  + arraySum(arrayMap((number, place) -> if(exp2((PositiveOffset + place) / exp2(Scale)) <= limit * 1.000000001, number, 0), PositiveBucketCounts, arrayEnumerate(PositiveBucketCounts))),
  ${EXPONENTIAL_BOUNDS})`;

interface PointsRow {
  readonly id: string;
  readonly label: number | null;
  readonly times: readonly number[];
  readonly values: readonly (number | string | null)[];
}

/** A number as the engine writes those that JSON has no word for. */
function numberOf(value: number | string): number {
  if (typeof value === 'number') return value;
  return value === 'inf' ? Number.POSITIVE_INFINITY : value === '-inf' ? Number.NEGATIVE_INFINITY : Number.NaN;
}

/** How much a question has read so far. */
export interface Budget {
  samples: number;
}
export const createBudget = (): Budget => ({ samples: MOST_SAMPLES });

/**
 * All samples of the series that meet the conditions, after `fromMs` and up to `toMs`. By number of series: attributes of points are not read. Throws `QueryProblem` where there are
 * too many.
 */
export async function selectSeries(
  reader: Reader,
  matchers: readonly LabelMatcher[],
  asked: { readonly fromMs: number; readonly toMs: number },
  budget: Budget,
): Promise<readonly SelectedSeries[]> {
  const [fromMs, toMs] = [storable(asked.fromMs), storable(asked.toMs)];
  const range = { startNano: BigInt(fromMs) * 1_000_000n, endNano: (BigInt(toMs) + 1n) * 1_000_000n };
  const targets = await targetsOf(reader, matchers, range);
  const all: SelectedSeries[] = [];
  for (const target of targets) all.push(...(await samplesOf(reader, target, matchers, range, { fromMs, budget })));
  return all;
}

/** Nanoseconds of 64 bits end in the year 2262; before and after the times that can be stored there is nothing to find. */
const LAST_MS = 9_223_372_036_000;
const storable = (ms: number): number => (ms > 0 ? Math.min(ms, LAST_MS) : 0);

async function samplesOf(
  reader: Reader,
  target: Target,
  matchers: readonly LabelMatcher[],
  range: TimeRange,
  { fromMs, budget }: { readonly fromMs: number; readonly budget: Budget },
): Promise<readonly SelectedSeries[]> {
  const rows = new Map((await readSeries(reader, target, matchers, range)).map((row) => [row.id, row]));
  if (rows.size === 0) return [];
  const { join = '', label, value } = valueSql(target);
  const { metric } = target;
  const bindings = createBindings();
  const services = [...new Set([...rows.values()].map(({ service }) => service))];
  const narrower = matchers.length > 1 ? `AND SeriesId IN ${bindings.bind('Array(UInt64)', [...rows.keys()])}` : '';
  const table = METRIC_KINDS.find(({ kind }) => kind === metric.kind)!.table;
  // A point before the first of the window is outside of it, to the millisecond.
  const points = await reader.rows<PointsRow>(
    `SELECT toString(SeriesId) AS id, label, arrayMap(point -> point.1, sorted) AS times, arrayMap(point -> point.2, sorted) AS values
     FROM (SELECT SeriesId, label, arraySort(point -> point.1, groupArray((ms, value))) AS sorted
       FROM (SELECT SeriesId, ${label ?? '0'} AS label, toFloat64(intDiv(${POINT_NANO}, 1000000) - ${bindings.bind('Int64', String(fromMs))}) AS ms,
           if(bitAnd(Flags, 1) = 1, NULL, ${value}) AS value
         FROM ${table} ${join}
         WHERE ServiceName IN ${bindings.bind('Array(String)', services)} AND MetricName = ${bindings.bind('String', metric.name)}
           AND ${withinRange(range, bindings, 'otel_metrics')} AND ms > 0 ${narrower}
         LIMIT ${budget.samples + 1})
       GROUP BY SeriesId, label)
     SETTINGS output_format_json_quote_denormals = 1`,
    bindings,
  );
  budget.samples -= points.reduce((sum, { times }) => sum + times.length, 0);
  if (budget.samples < 0) throw tooMuch(`More than ${MOST_SAMPLES.toLocaleString('en')} samples are in it`);
  const ofParts = matchers.filter(({ label: name }) => OF_PARTS.has(name));
  const extra = label === 'bound' ? 'le' : label;
  const texts = new Map(
    points.map((row) => [
      row.label,
      extra === undefined ? '' : boundText(row.label === null ? Number.POSITIVE_INFINITY : numberOf(row.label)),
    ]),
  );
  const kept = await keptTexts(reader, [...new Set(texts.values())], ofParts, extra);
  return points.flatMap((row) => {
    const series = rows.get(row.id);
    const text = texts.get(row.label)!;
    if (series === undefined || !kept.has(text)) return [];
    const labels = labelsOf(series);
    if (extra !== undefined) labels[extra] = text;
    labels.__name__ = target.name;
    return [{ labels, ...samplesFrom(row, fromMs, series.isDelta && target.part !== 'quantile') }];
  });
}

/** Which values of `le` or `quantile` meet the conditions; the other of the two is no label of the series. */
async function keptTexts(
  reader: Reader,
  texts: readonly string[],
  matchers: readonly LabelMatcher[],
  extra: string | undefined,
): Promise<ReadonlySet<string>> {
  let kept: ReadonlySet<string> = new Set(texts);
  for (const matcher of matchers) {
    const matching =
      matcher.label === extra
        ? await matchingTexts(reader, texts, [matcher])
        : await matchingTexts(reader, [''], [matcher]);
    kept =
      matcher.label === extra
        ? new Set([...kept].filter((text) => matching.has(text)))
        : matching.size > 0
          ? kept
          : new Set();
  }
  return kept;
}

function samplesFrom({ times, values }: PointsRow, fromMs: number, isDelta: boolean): Omit<SelectedSeries, 'labels'> {
  const keptTimes: number[] = [];
  const keptValues: number[] = [];
  const stale = new Set<number>();
  times.forEach((ms, index) => {
    const value = values[index]!;
    const at = fromMs + ms;
    if (keptTimes.at(-1) === at) {
      // Two points of one moment: what each of them came to counts, else the later one stands.
      if (isDelta && value !== null && !stale.has(at)) {
        keptValues[keptValues.length - 1]! += numberOf(value);
        return;
      }
      keptTimes.pop();
      keptValues.pop();
      stale.delete(at);
    }
    keptTimes.push(at);
    keptValues.push(value === null ? Number.NaN : numberOf(value));
    if (value === null) stale.add(at);
  });
  return { samples: { times: keptTimes, values: keptValues, isDelta }, stale };
}

/** Labels of the series that meet any of the lists of conditions, without a look at their points. */
export async function selectLabels(
  reader: Reader,
  selections: readonly (readonly LabelMatcher[])[],
  range: TimeRange,
): Promise<readonly Labels[]> {
  const found: Labels[] = [];
  for (const matchers of selections) {
    for (const target of await targetsOf(reader, matchers, range)) {
      for (const row of await readSeries(reader, target, matchers, range))
        found.push({ ...labelsOf(row), __name__: target.name });
    }
    if (found.length > MOST_SERIES) throw tooMuch(`There are more than ${MOST_SERIES.toLocaleString('en')} series`);
  }
  return found;
}
