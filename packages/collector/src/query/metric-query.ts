import type { MetricFunction, MetricKind, MetricQueryAnswer } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import { MOST_BUCKETS, STEPS, stepFor } from './histogram.js';
import { bucketQuantile, type CumulativeBucket, exponentialQuantile } from './histogram-quantile.js';
import { METRIC_KINDS, POINT_NANO } from './metric-kinds.js';
import {
  type Grid,
  type Lines,
  LOOKBACK_NANO,
  linesOf,
  type MetricQuestion,
  maxOf,
  type Selection,
  select,
} from './metric-selection.js';
import { isCloserThanSteps } from './metric-steps.js';
import { totalIncreases } from './metric-totals.js';
import { QueryProblem } from './query-problem.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';

/** Lines in one answer at most; those with the greatest values come first. */
export const MOST_METRIC_LINES = 100;
const FUNCTIONS: Readonly<Record<MetricKind, readonly MetricFunction[]>> = {
  gauge: ['avg', 'min', 'max', 'sum', 'count'],
  sum: ['rate', 'increase', 'avg', 'min', 'max', 'sum', 'count'],
  histogram: ['rate', 'increase', 'avg', 'sum', 'quantile'],
  'exponential-histogram': ['rate', 'increase', 'avg', 'sum', 'quantile'],
  summary: ['rate', 'increase', 'avg', 'sum'],
};

/**
 * One metric over time by a function, a line for each combination of the attributes in `by`.
 *
 * Of what counts, `rate` (a second) and `increase` say how far it came in each step, whatever the sender's temporality: running totals are followed point by point of each series, a
 * total that falls or names a new start begins at nothing, and what was counted across a gap of more than five minutes is left out of it. Nothing is extrapolated: increases add up to
 * what was counted. `avg` of a distribution is the mean of what was measured in a step, `quantile` is taken of its buckets. Of gauges, and of totals as they stand, `avg`, `min` and `max`
 * are those of all points in a step, `sum` adds up each series' mean, `count` says how many series there are.
 */
export async function metricQuery(reader: Reader, question: MetricQuestion): Promise<MetricQueryAnswer> {
  const { function: named, kind } = question;
  if (!FUNCTIONS[kind].includes(named)) {
    throw new QueryProblem('bad-parameter', `There is no ${named} of a ${kind}.`, {
      hint: `Functions: ${FUNCTIONS[kind].join(', ')}.`,
    });
  }
  const grid = await gridOf(reader, question);
  const isDistribution = kind !== 'gauge' && kind !== 'sum';
  const lines =
    named === 'quantile'
      ? await quantiles(reader, question, grid)
      : isDistribution || named === 'rate' || named === 'increase'
        ? await increases(reader, question, grid)
        : await levels(reader, question, grid);
  return {
    kind,
    function: named,
    stepNano: Number(grid.stepNano),
    startUnixNano: String(grid.startNano),
    groups: lines.groups,
    series: lines.lines.map(({ labels, values }) => ({
      labels: Object.fromEntries(question.by.map((key, index) => [key, labels[index] ?? ''])),
      values,
    })),
    stats: reader.stats(),
  };
}

async function gridOf(reader: Reader, { range, stepNano, buckets, kind, name }: MetricQuestion): Promise<Grid> {
  const step = stepNano ?? (await fittingStep(reader, { range, buckets, kind, name }));
  const startNano = (range.startNano / step) * step;
  const length = Number((range.endNano - startNano + step - 1n) / step);
  if (length > MOST_BUCKETS) {
    throw new QueryProblem('bad-parameter', `${length} steps are more than one answer has (${MOST_BUCKETS}).`, {
      hint: 'Ask for a wider step or a shorter time.',
    });
  }
  return { startNano, stepNano: step, length };
}

/** A step shorter than points are apart would be a comb. How far apart they are is asked of the end of the range, where most is likely to be the same. */
async function fittingStep(
  reader: Reader,
  { range, buckets, kind, name }: Pick<MetricQuestion, 'range' | 'buckets' | 'kind' | 'name'>,
): Promise<bigint> {
  const step = stepFor(range, buckets);
  const bindings = createBindings();
  const last = { startNano: maxOf(range.startNano, range.endNano - 2n * LOOKBACK_NANO), endNano: range.endNano };
  // Two points of these times are not further apart than that.
  if (step >= 2n * LOOKBACK_NANO) return step;
  if (step >= LOOKBACK_NANO && (await isCloserThanSteps(reader, { name, kind, range: last }))) return step;
  const table = METRIC_KINDS.find((each) => each.kind === kind)!.table;
  const [row] = await reader.rows<{ readonly apart: number | null }>(
    `SELECT quantile(0.5)(apart) AS apart FROM (
       SELECT (max(${POINT_NANO}) - min(${POINT_NANO})) / (count() - 1) AS apart FROM ${table}
       WHERE MetricName = ${bindings.bind('String', name)} AND ${withinRange(last, bindings, 'otel_metrics')}
       GROUP BY SeriesId HAVING count() > 1)`,
    bindings,
  );
  const apart = row?.apart;
  if (apart == null || !(apart > Number(step))) return step;
  // Points come a little late and early: a step of just their distance would now and then hold none, or two.
  return STEPS.find((each) => Number(each) >= apart * 0.95) ?? step;
}

/** Which step a point is in, by its time. */
function bucketSql({ bindings, grid }: Selection): string {
  return `intDiv(${POINT_NANO} - toInt64(${bindings.bind('Int64', String(grid.startNano))}), toInt64(${bindings.bind('Int64', String(grid.stepNano))}))`;
}

/** Numbers as they stand. */
async function levels(reader: Reader, question: MetricQuestion, grid: Grid): Promise<Lines> {
  const selection = select(question, grid);
  const values: Readonly<Record<string, string>> = {
    avg: 'sum(total) / sum(points)',
    min: 'min(low)',
    max: 'max(high)',
    sum: 'sum(total / points)',
    count: 'toFloat64(count())',
  };
  return await linesOf(reader, selection, {
    perSeries: `SELECT SeriesId, ${bucketSql(selection)} AS bucket, sum(Value) AS total, count() AS points, min(Value) AS low, max(Value) AS high
      FROM ${selection.table} WHERE ${selection.points(question.range)} GROUP BY SeriesId, bucket`,
    value: values[question.function]!,
    top: question.top,
  });
}

/** True for a point that tells nothing of the one before it: the first of its series, or one after a gap from an earlier step. */
function isFirstSql({ bindings, grid }: Selection): string {
  const start = bindings.bind('Int64', String(grid.startNano));
  const width = bindings.bind('Int64', String(grid.stepNano));
  const step = (nano: string): string => `intDiv(${nano} - toInt64(${start}), toInt64(${width}))`;
  return `(place = 1 OR (nano - before > ${LOOKBACK_NANO} AND ${step('nano')} != ${step('before')}))`;
}
/** A point names a later start than the one before it: whatever it says was counted since. */
const IS_NEW = 'since > sinceBefore';

/**
 * The points of each series beside the one before them. `measured` are columns that count together: `falls` is true where they began anew. What is read
 * begins one lookback before the range, so that its first step has points before it.
 */
function inOrder(
  selection: Selection,
  range: TimeRange,
  { measured, falls }: { readonly measured: Readonly<Record<string, string>>; readonly falls: string },
): { readonly sql: string; readonly increase: (name: string) => string } {
  const begin = maxOf(0n, selection.grid.startNano - LOOKBACK_NANO);
  const columns = Object.entries(measured);
  const isFirst = isFirstSql(selection);
  const lag = (column: string): string => `lagInFrame(${column}) OVER following`;
  const sql = `SELECT SeriesId, AggregationTemporality, nano, since, place, before, sinceBefore, ${columns
    .map(([name]) => `${name}, ${name}Before`)
    .join(', ')}, ${falls} AS fell
    FROM (SELECT SeriesId, AggregationTemporality, nano, since, ${columns.map(([name]) => name).join(', ')},
        row_number() OVER following AS place, ${lag('nano')} AS before, ${lag('since')} AS sinceBefore,
        ${columns.map(([name]) => `${lag(name)} AS ${name}Before`).join(', ')}
      FROM (SELECT SeriesId, ${selection.table === 'otel_metrics_summary' ? 'toInt32(2) AS ' : ''}AggregationTemporality, ${POINT_NANO} AS nano,
          toUnixTimestamp64Nano(toDateTime64(StartTimeUnix, 9)) AS since, ${columns.map(([name, column]) => `${column} AS ${name}`).join(', ')}
        FROM ${selection.table} WHERE ${selection.points({ startNano: begin, endNano: range.endNano })})
      WINDOW following AS (PARTITION BY SeriesId ORDER BY nano ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))`;
  // A first point counts where it says that its counting began within what was read; else it may have counted for a week.
  const beganHere = `since >= ${selection.bindings.bind('Int64', String(begin))} AND since > 0`;
  return {
    sql,
    increase: (name) =>
      `multiIf(AggregationTemporality = 1, ${name}, ${isFirst}, if(${beganHere} AND (place = 1 OR ${IS_NEW}), ${name}, ${zeroLike(name)}), fell OR (${IS_NEW}), ${name}, ${difference(name)})`,
  };
}

const isBuckets = (name: string): boolean => name.startsWith('buckets');
const zeroLike = (name: string): string => (isBuckets(name) ? `arrayMap(one -> 0::Int64, ${name})` : '0::Float64');
const difference = (name: string): string =>
  isBuckets(name) ? `arrayMap((one, other) -> one - other, ${name}, ${name}Before)` : `${name} - ${name}Before`;

/** Of the lines of `inOrder`, only those in the range count. */
const stepOf = ({ bindings, grid }: Selection): string =>
  `intDiv(nano - toInt64(${bindings.bind('Int64', String(grid.startNano))}), toInt64(${bindings.bind('Int64', String(grid.stepNano))}))`;

async function increases(reader: Reader, question: MetricQuestion, grid: Grid): Promise<Lines> {
  const selection = select(question, grid);
  const isNumber = question.kind === 'sum';
  const about = isNumber ? await aboutSeries(reader, question, grid) : undefined;
  const isRising = about?.isRising === true;
  if (isRising) {
    const lines = await totalIncreases(reader, question, grid, about.series);
    if (lines !== undefined) return lines;
  }
  const { sql, increase } = inOrder(selection, question.range, {
    measured: isNumber ? { number: 'Value' } : { number: 'toFloat64(Count)', total: 'Sum' },
    // A total that may fall does not begin anew by it.
    falls: isNumber && !isRising ? 'false' : 'number < numberBefore',
  });
  const counted = isNumber ? '' : `, sum(${increase('total')}) AS summed`;
  const { function: named } = question;
  const seconds = Number(grid.stepNano) / 1e9;
  return await linesOf(reader, selection, {
    perSeries: `SELECT SeriesId, ${stepOf(selection)} AS bucket, sum(${increase('number')}) AS counted${counted} FROM (${sql})
      WHERE nano >= toInt64(${selection.bindings.bind('Int64', String(maxOf(question.range.startNano, grid.startNano)))}) GROUP BY SeriesId, bucket`,
    value:
      named === 'rate'
        ? `sum(counted) / ${seconds}`
        : named === 'increase'
          ? 'sum(counted)'
          : named === 'sum'
            ? 'sum(summed)'
            : 'if(sum(counted) > 0, sum(summed) / sum(counted), nan)',
    top: question.top,
  });
}

async function aboutSeries(
  reader: Reader,
  question: MetricQuestion,
  grid: Grid,
): Promise<{ readonly isRising: boolean; readonly series: number }> {
  const { bindings, wanted } = select(question, grid);
  const [row] = await reader.rows<{ readonly rising: boolean; readonly series: string }>(
    `SELECT max(IsMonotonic) AS rising, uniqExact(SeriesId) AS series ${wanted} HAVING count() > 0`,
    bindings,
  );
  return { isRising: row?.rising === true, series: Number(row?.series ?? 0) };
}

interface BucketRow {
  readonly labels: readonly string[];
  readonly bucket: string;
  readonly bounds: readonly number[];
  readonly counts: readonly (string | number)[];
  readonly total: string | number;
}

async function quantiles(reader: Reader, question: MetricQuestion, grid: Grid): Promise<Lines> {
  return question.kind === 'histogram'
    ? await explicitQuantiles(reader, question, grid)
    : await exponentialQuantiles(reader, question, grid);
}

/** Rows of one group and step that are put together before a quantile is taken. */
const MOST_BUCKET_ROWS = 200_000;

async function explicitQuantiles(reader: Reader, question: MetricQuestion, grid: Grid): Promise<Lines> {
  const selection = select(question, grid);
  const { bindings, groups, by, series } = selection;
  const { sql, increase } = inOrder(selection, question.range, {
    measured: { number: 'toFloat64(Count)', buckets: "CAST(BucketCounts, 'Array(Int64)')", bounds: 'ExplicitBounds' },
    // Bounds that are not those of the point before it: another program counts.
    falls: 'number < numberBefore OR bounds != boundsBefore',
  });
  const joined = by.length === 0 ? `(${sql})` : `(${sql}) AS points INNER JOIN ${series} AS series USING SeriesId`;
  const rows = await reader.rows<BucketRow>(
    `SELECT [${groups}]::Array(String) AS labels, ${stepOf(selection)} AS bucket, bounds, sumForEach(${increase('buckets')}) AS counts, sum(${increase('number')}) AS total
     FROM ${joined} WHERE nano >= toInt64(${bindings.bind('Int64', String(maxOf(question.range.startNano, grid.startNano)))}) AND notEmpty(buckets)
     GROUP BY labels, bucket, bounds LIMIT ${MOST_BUCKET_ROWS + 1}`,
    bindings,
  );
  refuseTooMany(rows);
  return linesByGroup(rows, question, grid, (same) => {
    // Of different bounds those that all have are what can be added up.
    const shared = same
      .map(({ bounds }) => bounds)
      .reduce((kept, bounds) => kept.filter((bound) => bounds.includes(bound)));
    const buckets: CumulativeBucket[] = [...shared, Number.POSITIVE_INFINITY].map((bound) => ({ bound, count: 0 }));
    for (const { bounds, counts } of same) {
      let sum = 0;
      counts.forEach((count, index) => {
        sum += Number(count);
        const bound = bounds[index] ?? Number.POSITIVE_INFINITY;
        const found = buckets.find((bucket) => bucket.bound === bound);
        if (found !== undefined) found.count += sum;
      });
    }
    return bucketQuantile(question.quantile, buckets);
  });
}

interface ExponentialRow {
  readonly labels: readonly string[];
  readonly bucket: string;
  readonly zero: string | number;
  readonly threshold: number;
  readonly positive: readonly [keys: readonly number[], counts: readonly (string | number)[]];
  readonly negative: readonly [keys: readonly number[], counts: readonly (string | number)[]];
}

/** All points are brought to the coarsest scale among them: a bucket of a scale is exactly two of the next. */
async function exponentialQuantiles(reader: Reader, question: MetricQuestion, grid: Grid): Promise<Lines> {
  const selection = select(question, grid);
  const { bindings, groups, by, series, table } = selection;
  const begin = maxOf(0n, grid.startNano - LOOKBACK_NANO);
  const [coarsest] = await reader.rows<{ readonly scale: number | null }>(
    `SELECT minOrNull(Scale) AS scale FROM ${table} WHERE ${selection.points({ startNano: begin, endNano: question.range.endNano })}`,
    bindings,
  );
  const scale = coarsest?.scale;
  if (scale == null) return { lines: [], groups: 0 };
  const mapped = (offset: string, counts: string): string =>
    `CAST(arrayReduce('sumMap', [arrayMap(at -> bitShiftRight(toInt32(at) + ${offset}, Scale - (${scale})), range(length(${counts})))], [CAST(${counts}, 'Array(Int64)')]), 'Map(Int32, Int64)')`;
  const { sql } = inOrder(selection, question.range, {
    measured: {
      number: 'toFloat64(Count)',
      zero: "CAST(ZeroCount, 'Int64')",
      positive: mapped('PositiveOffset', 'PositiveBucketCounts'),
      negative: mapped('NegativeOffset', 'NegativeBucketCounts'),
    },
    falls: 'number < numberBefore',
  });
  const beganHere = `since >= ${bindings.bind('Int64', String(begin))} AND since > 0`;
  const isFirst = isFirstSql(selection);
  const none = "CAST(map(), 'Map(Int32, Int64)')";
  const increase = (name: string): string => {
    const nothing = name === 'zero' ? '0::Int64' : none;
    const apart = name === 'zero' ? 'zero - zeroBefore' : `mapSubtract(${name}, ${name}Before)`;
    return `multiIf(AggregationTemporality = 1, ${name}, ${isFirst}, if(${beganHere} AND (place = 1 OR ${IS_NEW}), ${name}, ${nothing}), fell OR (${IS_NEW}), ${name}, ${apart})`;
  };
  const summed = (name: string): string => `sumMap(mapKeys(${increase(name)}), mapValues(${increase(name)}))`;
  const joined = by.length === 0 ? `(${sql})` : `(${sql}) AS points INNER JOIN ${series} AS series USING SeriesId`;
  const rows = await reader.rows<ExponentialRow>(
    `SELECT [${groups}]::Array(String) AS labels, ${stepOf(selection)} AS bucket, sum(${increase('zero')}) AS zero, 0 AS threshold,
       ${summed('positive')} AS positive, ${summed('negative')} AS negative
     FROM ${joined} WHERE nano >= toInt64(${bindings.bind('Int64', String(maxOf(question.range.startNano, grid.startNano)))})
     GROUP BY labels, bucket LIMIT ${MOST_BUCKET_ROWS + 1}`,
    bindings,
  );
  refuseTooMany(rows);
  const mapOf = ([keys, counts]: ExponentialRow['positive']): ReadonlyMap<number, number> =>
    new Map(keys.map((key, index) => [Number(key), Number(counts[index] ?? 0)]));
  return linesByGroup(rows, question, grid, ([row]) =>
    exponentialQuantile(question.quantile, {
      scale,
      zero: Number(row!.zero),
      zeroThreshold: row!.threshold,
      positive: mapOf(row!.positive),
      negative: mapOf(row!.negative),
    }),
  );
}

function refuseTooMany(rows: readonly unknown[]): void {
  if (rows.length <= MOST_BUCKET_ROWS) return;
  throw new QueryProblem('bad-parameter', 'There are too many groups to take quantiles of.', {
    hint: 'Group by fewer attributes, or ask for a wider step.',
  });
}

function linesByGroup<Row extends { readonly labels: readonly string[]; readonly bucket: string }>(
  rows: readonly Row[],
  { top }: MetricQuestion,
  { length }: Grid,
  quantileOf: (same: readonly Row[]) => number,
): Lines {
  const groups = new Map<string, { labels: readonly string[]; steps: Map<number, Row[]> }>();
  for (const row of rows) {
    const key = JSON.stringify(row.labels);
    const group = groups.get(key) ?? { labels: row.labels, steps: new Map<number, Row[]>() };
    groups.set(key, group);
    const at = Number(row.bucket);
    group.steps.set(at, [...(group.steps.get(at) ?? []), row]);
  }
  const lines = [...groups.values()].map(({ labels, steps }) => {
    const values = new Array<number | null>(length).fill(null);
    let sum = 0;
    for (const [at, same] of steps) {
      const value = quantileOf(same);
      if (at < 0 || at >= length || !Number.isFinite(value)) continue;
      values[at] = value;
      sum += value;
    }
    return { labels, values, sum };
  });
  lines.sort((a, b) => b.sum - a.sum || (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
  return { lines: lines.slice(0, top), groups: lines.length };
}
