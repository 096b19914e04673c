import { ASK_POINTS, STEP_SECONDS } from '../store/metric-steps-table.js';
import { createBindings } from './bindings.js';
import { POINT_NANO } from './metric-kinds.js';
import { type Grid, type MetricQuestion, type Selection, select } from './metric-selection.js';
import type { Reader } from './reader.js';
import { LAST_KEY_NANO, type TimeRange } from './time-range.js';

/*
 * Running totals by points, or by the steps of five minutes that were put together when points came (store/metric-steps-table.ts): a twentieth of the rows at 15 s. Both say the same of a time that is made
 * of whole steps.
 */

const STEP_NANO = BigInt(STEP_SECONDS) * 1_000_000_000n;

/**
 * Statements with, for a point or some points of one series and start that lie together: `SeriesId`, `since`, `temporality`, `earliest`, `latest`, `newest`, `low`, `high`, and `unsure` where points would say more than these.
 * No series is in two of them.
 */
export type RowsOfTotals = (selection: Selection, range: TimeRange) => readonly string[];

export const rowsOfPoints: RowsOfTotals = (selection, range) => [pointsOf(selection, range)];

const pointsOf = ({ points, table }: Selection, range: TimeRange): string =>
  `SELECT SeriesId, toUnixTimestamp64Nano(toDateTime64(StartTimeUnix, 9)) AS since, AggregationTemporality AS temporality,
     ${POINT_NANO} AS earliest, ${POINT_NANO} AS latest, Value AS newest, Value AS low, Value AS high, false AS unsure
   FROM ${table} WHERE ${points(range)}`;

/** Numbers of series are hashes. */
const MIDDLE = `toUInt64('${2n ** 63n}')`;

const floorToStep = (nano: bigint): bigint => (nano / STEP_NANO) * STEP_NANO;
const ceilToStep = (nano: bigint): bigint => floorToStep(nano + STEP_NANO - 1n);

/** SQL for the steps of these times, which are multiples of theirs. */
function within({ startNano, endNano }: TimeRange): string {
  const [start, end] = [startNano, endNano].map((nano) => `toDateTime(${nano / 1_000_000_000n})`);
  // The sorting key has the hour before the series, and the engine concludes nothing about it from the time behind (time-range.ts).
  return `Time >= ${start} AND Time < ${end} AND indexHint(toStartOfHour(Time) >= toStartOfHour(${start}) AND toStartOfHour(Time) <= toStartOfHour(${end}))`;
}

/** Nothing where the steps of the question are not made of whole ones of these. */
export async function rowsOfSteps(
  reader: Reader,
  question: MetricQuestion,
  grid: Grid,
): Promise<RowsOfTotals | undefined> {
  if (!isMadeOfSteps(question, grid.stepNano)) return undefined;
  const endNano = question.range.endNano;
  const lastNano = floorToStep(endNano);
  // What is asked until now ends in the midst of a step, and all points of that are before.
  const isCut = lastNano < endNano && (await hasPointsFrom(reader, question, grid, endNano));
  const untilNano = isCut ? lastNano : ceilToStep(endNano);
  return (selection, { startNano }) => {
    const steps = (
      series: string,
    ): string => `SELECT SeriesId, toUnixTimestamp64Nano(StartTimeUnix) AS since, toInt32(Temporality) AS temporality,
        toUnixTimestamp64Nano(First) AS earliest, toInt64(bitShiftRight(Newest, 64)) AS latest, reinterpretAsFloat64(Newest) AS newest, Low AS low, High AS high,
        Temporality = ${ASK_POINTS} OR latest >= ${endNano} AS unsure
      FROM otel_metrics_sum_steps WHERE ${selection.steps} AND ${within({ startNano, endNano: untilNano })}${series}`;
    if (isCut) return [`${steps('')} UNION ALL ${pointsOf(selection, { startNano: lastNano, endNano })}`];
    // Each half of them on a core of its own: put together on both, each series would be put together once more.
    return [steps(` AND SeriesId < ${MIDDLE}`), steps(` AND SeriesId >= ${MIDDLE}`)];
  };
}

const isMadeOfSteps = ({ kind, range }: Pick<MetricQuestion, 'kind' | 'range'>, stepNano: bigint): boolean =>
  kind === 'sum' && stepNano % STEP_NANO === 0n && range.startNano >= 0n && range.endNano < LAST_KEY_NANO - STEP_NANO;

/** Whether the step that this time cuts has points behind it. */
async function hasPointsFrom(reader: Reader, question: MetricQuestion, grid: Grid, nano: bigint): Promise<boolean> {
  const { bindings, steps } = select(question, grid);
  const [row] = await reader.rows<{ readonly found: boolean }>(
    `SELECT true AS found FROM otel_metrics_sum_steps WHERE ${steps} AND ${within({ startNano: floorToStep(nano), endNano: ceilToStep(nano) })}
       AND bitShiftRight(Newest, 64) >= ${nano} LIMIT 1`,
    bindings,
  );
  return row !== undefined;
}

/**
 * Whether more than half of the series have two points in a whole step of these times, so that in the middle they are closer to one another than that. Not, where it is not known.
 */
export async function isCloserThanSteps(
  reader: Reader,
  { name, kind, range }: Pick<MetricQuestion, 'name' | 'kind' | 'range'>,
): Promise<boolean> {
  if (!isMadeOfSteps({ kind, range }, STEP_NANO)) return false;
  const bindings = createBindings();
  const isWhole = `Time >= toDateTime(${ceilToStep(range.startNano) / 1_000_000_000n}) AND Time < toDateTime(${floorToStep(range.endNano) / 1_000_000_000n})`;
  const all = { startNano: floorToStep(range.startNano), endNano: ceilToStep(range.endNano) };
  const [row] = await reader.rows<{ readonly closer: boolean }>(
    `SELECT countIf(close) * 2 > count() AS closer
     FROM (SELECT SeriesId, max(several) AS close
       FROM (SELECT SeriesId, Time, ${isWhole} AND min(toUnixTimestamp64Nano(First)) < max(toInt64(bitShiftRight(Newest, 64))) AS several
         FROM otel_metrics_sum_steps WHERE MetricName = ${bindings.bind('String', name)} AND ${within(all)} GROUP BY SeriesId, Time)
       GROUP BY SeriesId)`,
    bindings,
  );
  return Boolean(Number(row?.closer ?? 0));
}
