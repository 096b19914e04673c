import type { MetricFunction, MetricKind } from '../shapes/api.js';
import { type Bindings, createBindings } from './bindings.js';
import { METRIC_KINDS } from './metric-kinds.js';
import { attributeSql, type MetricMatcher, matcherSql, seriesWithin } from './metric-matchers.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';

/** Of running totals, a point that has none before it for so long begins anew: nobody knows when what was counted meanwhile happened. */
export const LOOKBACK_NANO = 300_000_000_000n;

export interface MetricQuestion {
  readonly name: string;
  readonly kind: MetricKind;
  readonly function: MetricFunction;
  /** For `quantile`; 0 to 1. */
  readonly quantile: number;
  /** Keys of attributes: a line for each combination of their values. */
  readonly by: readonly string[];
  readonly where: readonly MetricMatcher[];
  readonly range: TimeRange;
  /** Without it, what makes at most so many steps and is no shorter than points are apart. */
  readonly stepNano?: bigint | undefined;
  readonly buckets: number;
  readonly top: number;
}

export interface Grid {
  readonly startNano: bigint;
  readonly stepNano: bigint;
  readonly length: number;
}

/** What a statement over points is made of. */
export interface Selection {
  readonly table: string;
  readonly bindings: Bindings;
  readonly grid: Grid;
  readonly by: readonly string[];
  /** On points, with the given range. */
  points(range: TimeRange): string;
  /** On steps (store/metric-steps-table.ts): everything but their time. */
  readonly steps: string;
  /** `FROM otel_metrics_series …`: the series that are asked about. */
  readonly wanted: string;
  /** `(SELECT SeriesId, g0, g1 …)`: the same, and their groups. */
  readonly series: string;
  readonly groups: string;
}

interface Line {
  readonly labels: readonly string[];
  readonly values: (number | null)[];
}

export function select(question: MetricQuestion, grid: Grid): Selection {
  const { by, kind, name, range, where } = question;
  const bindings = createBindings();
  const metric = METRIC_KINDS.find((each) => each.kind === kind)!;
  const bound = bindings.bind('String', name);
  const conditions = where.map((matcher) => matcherSql(attributeSql(matcher.key, bindings), matcher, bindings));
  const wanted = `FROM otel_metrics_series WHERE MetricName = ${bound} AND Kind = '${kind}'
    AND ${seriesWithin({ startNano: range.startNano - LOOKBACK_NANO, endNano: range.endNano }, bindings)}${conditions.map((each) => ` AND ${each}`).join('')}`;
  const service = where.find(({ key, operator }) => key === 'service.name' && operator === '=');
  const ofSeries = conditions.length === 0 ? [] : [`SeriesId IN (SELECT SeriesId ${wanted})`];
  const narrower = [
    ...(service === undefined ? [] : [`ServiceName = ${bindings.bind('String', service.value)}`]),
    ...ofSeries,
    metric.says,
  ];
  const columns = by.map((key, index) => `any(${attributeSql(key, bindings)}) AS g${index}`);
  return {
    table: metric.table,
    bindings,
    grid,
    by,
    points: (within) =>
      [`MetricName = ${bound}`, withinRange(within, bindings, 'otel_metrics'), ...narrower].join(' AND '),
    steps: [`MetricName = ${bound}`, ...ofSeries].join(' AND '),
    wanted,
    series: `(SELECT SeriesId${columns.map((column) => `, ${column}`).join('')} ${wanted} GROUP BY SeriesId)`,
    groups: by.map((_, index) => `g${index}`).join(', '),
  };
}

interface LineRow {
  readonly labels: readonly string[];
  readonly buckets: readonly string[];
  readonly values: readonly (number | null)[];
  readonly groups: string;
  readonly extra: string | number;
}

export interface Lines {
  readonly lines: readonly Line[];
  /** How many lines there would be without a limit. */
  readonly groups: number;
}

/**
 * `extra` is of all rows: its greatest comes back. `perSeries`: a statement with `SeriesId`, `bucket` and what `value` is made of. Its rows are joined with the groups, and come back as lines, the greatest by their sum first.
 */
export async function linesOf(
  reader: Reader,
  selection: Selection,
  {
    perSeries,
    value,
    top,
    extra = '0',
  }: { readonly perSeries: string; readonly value: string; readonly top: number; readonly extra?: string },
): Promise<Lines & { readonly extra: number }> {
  const { bindings, by, groups, grid, series } = selection;
  const grouped = by.length === 0 ? '' : `${groups}, `;
  // Without groups nothing of the series is needed, and the points say all.
  const source =
    by.length === 0 ? `(${perSeries})` : `(${perSeries}) AS points INNER JOIN ${series} AS series USING SeriesId`;
  const rows = await reader.rows<LineRow>(
    `SELECT [${groups}]::Array(String) AS labels, groupArray(bucket) AS buckets, groupArray(value) AS values, count() OVER () AS groups,
       max(max(more)) OVER () AS extra
     FROM (SELECT ${grouped}bucket, ${value} AS value, ${extra} AS more FROM ${source} GROUP BY ${grouped}bucket)
     GROUP BY ${by.length === 0 ? 'labels' : groups} ORDER BY sum(ifNotFinite(value, 0)) DESC, labels LIMIT ${top}`,
    bindings,
  );
  return {
    groups: Number(rows[0]?.groups ?? 0),
    extra: Number(rows[0]?.extra ?? 0),
    lines: rows.map(({ labels, buckets, values }) => {
      const line = new Array<number | null>(grid.length).fill(null);
      buckets.forEach((bucket, index) => {
        const at = Number(bucket);
        if (at >= 0 && at < grid.length) line[at] = values[index] ?? null;
      });
      return { labels, values: line };
    }),
  };
}

export const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);
