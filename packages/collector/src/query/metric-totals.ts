import { StoreError } from '../store/store.js';
import {
  type Grid,
  type Lines,
  LOOKBACK_NANO,
  linesOf,
  type MetricQuestion,
  maxOf,
  select,
} from './metric-selection.js';
import { type RowsOfTotals, rowsOfPoints, rowsOfSteps } from './metric-steps.js';
import type { Reader } from './reader.js';

/*
 * Increases of running totals that name their restarts, by the first and the last of each step. Each way says nothing (`undefined`) where it cannot tell; what follows
 * points one by one (metric-query.ts) can.
 */

/** Steps of series that are held at once, at 80 bytes for each of two threads. */
const MOST_CELLS = 1_600_000;

export async function totalIncreases(
  reader: Reader,
  question: MetricQuestion,
  grid: Grid,
  series: number,
): Promise<Lines | undefined> {
  const ways =
    series * (grid.length + stepsBefore(grid)) <= MOST_CELLS ? [arrayIncreases, stepIncreases] : [stepIncreases];
  for (const rows of [await rowsOfSteps(reader, question, grid), rowsOfPoints]) {
    if (rows === undefined) continue;
    for (const way of ways) {
      const lines = await way(reader, question, grid, { series, rows });
      if (lines !== undefined) return lines === FELL ? undefined : lines;
    }
  }
  return undefined;
}

/** What is held is bounded (MOST_CELLS); writing half of it to the disk on the way, as the engine would, takes as long as all the rest. */
const IN_MEMORY = 'max_bytes_before_external_group_by = 0, max_bytes_ratio_before_external_group_by = 0';

/** Of tables that are read. */
const ONE_THREAD_EACH =
  ', merge_tree_min_rows_for_concurrent_read = 1000000000, merge_tree_min_bytes_for_concurrent_read = 1000000000000';

/** What a way says that knows that the others cannot tell either. */
const FELL = Symbol('fell');

/** Steps that are read before the first, so that it has points before it. */
const stepsBefore = ({ stepNano }: Grid): number => Number((LOOKBACK_NANO + stepNano - 1n) / stepNano);

/** What an increase is divided by. */
const perSecond = (question: MetricQuestion, grid: Grid): number =>
  question.function === 'rate' ? Number(grid.stepNano) / 1e9 : 1;

interface Source {
  /** How many there are, about. */
  readonly series: number;
  readonly rows: RowsOfTotals;
}

interface ArrayRow {
  readonly labels: readonly string[];
  readonly counted: readonly number[];
  readonly present: readonly number[];
  readonly groups: string;
  readonly fell: number;
  readonly unsure: number;
}

/**
 * A row for each series and start, with an array that has a place for each step: rows of points find their series in a table that fits the processor's cache, not in one of a
 * million steps (half the processor for 14.4 million points), and what follows from one step to the next is a matter of arrays.
 */
export async function arrayIncreases(
  reader: Reader,
  question: MetricQuestion,
  grid: Grid,
  source: Source,
): Promise<Lines | typeof FELL | undefined> {
  const selection = select(question, grid);
  const { bindings, by, groups, series } = selection;
  const before = stepsBefore(grid);
  const begin = maxOf(0n, grid.startNano - LOOKBACK_NANO);
  const bindNano = (nano: bigint): string => `toInt64(${bindings.bind('Int64', String(nano))})`;
  const step = `intDiv(rows.earliest - ${bindNano(grid.startNano - BigInt(before) * grid.stepNano)}, ${bindNano(grid.stepNano)})`;
  const each = (aggregate: string, of: string): string =>
    `${aggregate}Resample(0, ${before + grid.length}, 1)(${of}, ${step})`;
  const steps = (
    rows: string,
  ): string => `SELECT SeriesId, since, max(rows.temporality) != 2 AS isOther, max(rows.unsure) AS unsure,
      ${each('argMax', 'rows.newest, rows.latest')} AS newest, ${each('min', 'rows.low')} AS low, ${each('max', 'rows.high')} AS high,
      ${each('min', 'rows.earliest')} AS earliest, ${each('max', 'rows.latest')} AS latest
    FROM (${rows}) AS rows GROUP BY SeriesId, since`;
  const shifted = (array: string): string =>
    `arrayPushFront(arrayPopBack(${array}), defaultValueOfArgumentType(${array}[1]))`;
  // Of a step without points `latest` is 0, as is `before` of what is first.
  const followed = (
    rows: string,
  ): string => `SELECT SeriesId, since, isOther, unsure, newest, low, high, earliest, latest, since >= ${bindNano(begin)} AND since > 0 AS beganHere,
      ${shifted('arrayFill((value, at) -> at > 0, newest, latest)')} AS newestBefore, ${shifted('arrayFill(at -> at > 0, latest)')} AS before
    FROM (${steps(rows)})`;
  const arrays = 'newest, low, high, newestBefore, earliest, latest, before';
  const names = '(newest, low, high, newestBefore, earliest, latest, before)';
  const countedOf = (
    rows: string,
  ): string => `SELECT SeriesId, since, beganHere, unsure, arrayFirst(at -> at > 0, earliest) AS first, arrayLast(at -> at > 0, earliest) AS last,
      arraySlice(arrayMap(at -> at > 0, latest), ${before + 1}) AS present,
      arraySlice(arrayMap(${names} -> multiIf(latest = 0, 0., before = 0 AND beganHere, newest, earliest - before > ${LOOKBACK_NANO}, newest - low, newest - newestBefore), ${arrays}), ${before + 1}) AS counted,
      isOther OR arrayExists(${names} -> latest > 0 AND (high > newest OR (earliest - before <= ${LOOKBACK_NANO} AND low < newestBefore)), ${arrays}) AS fell
    FROM (${followed(rows)})`;
  const parts = source.rows(selection, { startNano: begin, endNano: question.range.endNano });
  const counted = parts.map(countedOf).join(' UNION ALL ');
  const grouped = by.length === 0 ? '' : `${groups}, `;
  const joined =
    by.length === 0 ? `(${counted})` : `(${counted}) AS points INNER JOIN ${series} AS series USING SeriesId`;
  // Of one series, what begins later goes on later, and began where it can be seen.
  const starts = 'arraySort(groupArray((SeriesId, since, first, last, beganHere)))';
  const isEntwined = `arrayExists((one, other) -> one.1 = other.1 AND (other.3 < one.4 OR NOT other.5), arrayPopBack(${starts}), arrayPopFront(${starts}))`;
  const rows = await unlessTooMany(
    reader.rows<ArrayRow>(
      `SELECT [${groups}]::Array(String) AS labels, lines.counted AS counted, lines.present AS present, count() OVER () AS groups, max(lines.fell) OVER () AS fell, max(lines.unsure) OVER () AS unsure
       FROM (SELECT ${grouped}sumForEach(counted) AS counted, maxForEach(present) AS present, max(fell) OR ${isEntwined} AS fell, max(unsure) AS unsure
         FROM ${joined}${by.length === 0 ? ' HAVING count() > 0' : ` GROUP BY ${groups}`}) AS lines
       WHERE arrayExists(one -> one > 0, lines.present)
       ORDER BY arraySum(one -> ifNotFinite(one, 0), lines.counted) DESC, labels LIMIT ${question.top}
       SETTINGS max_rows_to_group_by = ${2 * source.series + 1000}, group_by_overflow_mode = 'throw', ${IN_MEMORY}${parts.length > 1 ? ONE_THREAD_EACH : ''}`,
      bindings,
    ),
  );
  if (rows === undefined || rows.some(({ unsure }) => Number(unsure) > 0)) return undefined;
  if (rows.some(({ fell }) => Number(fell) > 0)) return FELL;
  const seconds = perSecond(question, grid);
  return {
    groups: Number(rows[0]?.groups ?? 0),
    lines: rows.map(({ labels, counted, present }) => ({
      labels,
      values: counted.map((value, at) => (Number(present[at]) > 0 && value !== null ? value / seconds : null)),
    })),
  };
}

/** Nothing where a program names another start for each point, or there is no memory for so many series. */
async function unlessTooMany<Row>(rows: Promise<Row[]>): Promise<Row[] | undefined> {
  try {
    return await rows;
  } catch (error) {
    const isTooMany =
      error instanceof StoreError && (error.code === 'too-much-memory' || /rows to GROUP BY/.test(error.message));
    if (isTooMany) return undefined;
    throw error;
  }
}

/**
 * Running totals by their newest value of each step, start and series: a twelfth of the rows to follow where points come at 15 s and steps are three minutes. Says nothing where a total fell
 * without naming a new start, which only its points one by one can tell.
 */
export async function stepIncreases(
  reader: Reader,
  question: MetricQuestion,
  grid: Grid,
  source: Pick<Source, 'rows'>,
): Promise<Lines | undefined> {
  const selection = select(question, grid);
  const { bindings } = selection;
  const begin = maxOf(0n, grid.startNano - LOOKBACK_NANO);
  const start = bindings.bind('Int64', String(grid.startNano));
  const width = bindings.bind('Int64', String(grid.stepNano));
  const beganHere = `since >= ${bindings.bind('Int64', String(begin))} AND since > 0`;
  // Floored, so that what was read before the range is in steps of its own.
  const steps = `SELECT SeriesId, toInt64(floor((rows.earliest - toInt64(${start})) / toInt64(${width}))) AS bucket, since, min(rows.earliest) AS earliest, max(rows.latest) AS latest,
      argMax(rows.newest, rows.latest) AS newest, min(rows.low) AS low, max(rows.high) AS high, max(rows.temporality) AS temporality, max(rows.unsure) AS unsure
    FROM (${source.rows(selection, { startNano: begin, endNano: question.range.endNano }).join(' UNION ALL ')}) AS rows GROUP BY SeriesId, bucket, since`;
  const lag = (column: string): string => `lagInFrame(${column}) OVER following`;
  const followed = `SELECT SeriesId, bucket, since, earliest, newest, low, high, temporality, unsure, row_number() OVER following AS place, ${lag('latest')} AS before,
      ${lag('since')} AS sinceBefore, ${lag('newest')} AS newestBefore, ${lag('bucket')} AS bucketBefore
    FROM (${steps}) WINDOW following AS (PARTITION BY SeriesId ORDER BY earliest, since ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;
  const isFirst = `(place = 1 OR earliest - before > ${LOOKBACK_NANO})`;
  const isNew = 'since > sinceBefore';
  const increase = `multiIf(${isFirst}, if(${beganHere} AND (place = 1 OR ${isNew}), newest, newest - low), ${isNew}, newest, newest - newestBefore)`;
  const fell = `(unsure OR temporality != 2 OR high > newest OR since < sinceBefore OR (NOT ${isFirst} AND NOT (${isNew}) AND low < newestBefore))`;
  const { lines, groups, extra } = await linesOf(reader, selection, {
    perSeries: `SELECT SeriesId, bucket, sum(${increase}) AS counted, max(${fell}) AS fell FROM (${followed}) WHERE bucket >= 0 GROUP BY SeriesId, bucket`,
    value: `sum(counted) / ${perSecond(question, grid)}`,
    extra: 'max(fell)',
    top: question.top,
  });
  return extra > 0 ? undefined : { lines, groups };
}
