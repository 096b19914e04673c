import { createBindings } from '../bindings.js';
import { seriesWithin } from '../metric-matchers.js';
import type { Reader } from '../reader.js';
import type { TimeRange } from '../time-range.js';
import type { LabelMatcher } from './expression.js';
import { boundText, labelName, prometheusNames, prometheusType } from './prometheus-names.js';
import { knownMetrics, type Labels, labelSql, selectLabels } from './select-series.js';
import { keyOf } from './values.js';

const MOST_NAMES = 10_000;
const MOST_VALUES = 50_000;

/** Conditions, each list of them a selection; none at all means everything. */
export type Selections = readonly (readonly LabelMatcher[])[];

export async function labelNames(reader: Reader, selections: Selections, range: TimeRange): Promise<readonly string[]> {
  if (selections.length > 0) {
    const names = new Set((await selectLabels(reader, selections, range)).flatMap((labels) => Object.keys(labels)));
    return [...names].sort();
  }
  const bindings = createBindings();
  const rows = await reader.rows<{ readonly key: string }>(
    `SELECT DISTINCT arrayJoin(arrayConcat(mapKeys(Attributes), mapKeys(ResourceAttributes))) AS key FROM otel_metrics_series
     WHERE ${seriesWithin(range, bindings)} LIMIT ${MOST_NAMES}`,
    bindings,
  );
  if (rows.length === 0) return [];
  const kinds = new Set((await knownMetrics(reader, range)).map(({ kind }) => kind));
  const ofParts = [
    ...(kinds.has('histogram') || kinds.has('exponential-histogram') ? ['le'] : []),
    ...(kinds.has('summary') ? ['quantile'] : []),
  ];
  const keys = rows.map(({ key }) => key);
  const fixed = ['__name__', 'job', ...(keys.includes('service.instance.id') ? ['instance'] : [])];
  return [...new Set([...fixed, ...ofParts, ...keys.map(labelName)])].sort();
}

export async function labelValues(
  reader: Reader,
  label: string,
  selections: Selections,
  range: TimeRange,
): Promise<readonly string[]> {
  const sorted = (values: readonly string[]): readonly string[] =>
    [...new Set(values)].filter((value) => value !== '').sort();
  if (label === 'le' || label === 'quantile') return await partValues(reader, label, range);
  if (selections.length > 0) {
    return sorted(
      (await selectLabels(reader, selections, range)).map((labels) => labels[labelName(label)] ?? labels[label] ?? ''),
    );
  }
  if (label === '__name__') {
    return sorted(
      (await knownMetrics(reader, range)).flatMap((metric) => prometheusNames(metric).map(({ name }) => name)),
    );
  }
  const bindings = createBindings();
  const value = labelSql(label, bindings);
  const rows = await reader.rows<{ readonly value: string }>(
    `SELECT DISTINCT ${value} AS value FROM otel_metrics_series WHERE ${seriesWithin(range, bindings)} LIMIT ${MOST_VALUES}`,
    bindings,
  );
  return sorted(rows.map((row) => row.value));
}

/** Bounds and quantiles stand in points; those of the newest minutes are looked at, of all metrics. */
async function partValues(reader: Reader, label: 'le' | 'quantile', range: TimeRange): Promise<readonly string[]> {
  const bindings = createBindings();
  const recent = { startNano: maxOf(range.startNano, range.endNano - 600_000_000_000n), endNano: range.endNano };
  const column = label === 'le' ? 'ExplicitBounds' : 'ValueAtQuantiles.Quantile';
  const table = label === 'le' ? 'otel_metrics_histogram' : 'otel_metrics_summary';
  const rows = await reader.rows<{ readonly value: number }>(
    `SELECT DISTINCT arrayJoin(${column}) AS value FROM ${table}
     WHERE TimeUnix >= fromUnixTimestamp64Nano(toInt64(${bindings.bind('Int64', String(recent.startNano))}))
       AND TimeUnix < fromUnixTimestamp64Nano(toInt64(${bindings.bind('Int64', String(recent.endNano))})) ORDER BY value LIMIT ${MOST_NAMES}`,
    bindings,
  );
  const texts = rows.map(({ value }) => boundText(value));
  return label === 'le' && texts.length > 0 ? [...texts, '+Inf'] : texts;
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Each set of labels once. Bounds and quantiles are of points, and not told here. */
export async function seriesOf(reader: Reader, selections: Selections, range: TimeRange): Promise<readonly Labels[]> {
  const found = await selectLabels(reader, selections, range);
  return [...new Map(found.map((labels) => [keyOf(labels), labels])).values()];
}

export interface Metadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** What metrics are, by the name without the endings of a distribution's parts. */
export async function metadata(
  reader: Reader,
  range: TimeRange,
): Promise<Readonly<Record<string, readonly Metadata[]>>> {
  const all: Record<string, Metadata[]> = {};
  for (const metric of await knownMetrics(reader, range)) {
    const name = prometheusNames(metric)[0]!.name.replace(/_bucket$/, '');
    all[name] = [...(all[name] ?? []), { type: prometheusType(metric), help: metric.description, unit: '' }];
  }
  return all;
}
