import { formatDuration } from '../../model/format.js';
import { SpanFlag, type TraceColumns } from '../../model/trace/columns.js';
import { foldIndex, isFold } from '../../model/trace/rows.js';
import styles from './waterfall.module.css';

interface Props {
  readonly columns: TraceColumns;
  readonly item: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const WIDTH = 250;
const HEIGHT = 104;

/** What the bar under the pointer is, beside the pointer. */
export function BarTip({ columns, item, x, y, width, height }: Props) {
  const fold = isFold(item) ? columns.folds[foldIndex(item)]! : undefined;
  const span = fold === undefined ? item : fold.members[0]!;
  const left = x + 16 + WIDTH > width ? x - WIDTH - 12 : x + 16;
  const top = y + 16 + HEIGHT > height ? y - HEIGHT - 8 : y + 16;
  const duration = columns.duration[span]!;
  const share = duration > 0 ? columns.self[span]! / duration : 1;
  return (
    <div className={styles.tip} style={{ left, top, width: WIDTH }} aria-hidden="true">
      <p className={styles.tipName}>{columns.names[columns.name[span]!]}</p>
      <p className={styles.tipQuiet}>{columns.services[columns.service[span]!]!.name}</p>
      <dl>
        {fold === undefined ? (
          <>
            <dt>duration</dt>
            <dd>{formatDuration(duration)}</dd>
            <dt>its own</dt>
            <dd>
              {formatDuration(columns.self[span]!)} ({Math.round(share * 100)} %)
            </dd>
            <dt>starts at</dt>
            <dd>{formatDuration(columns.start[span]!)}</dd>
            {(columns.flags[span]! & SpanFlag.critical) !== 0 && (
              <>
                <dt>critical path</dt>
                <dd>{formatDuration(criticalTime(columns, span))}</dd>
              </>
            )}
          </>
        ) : (
          <>
            <dt>spans</dt>
            <dd>{fold.members.length.toLocaleString('en')}</dd>
            <dt>p50, p95</dt>
            <dd>
              {formatDuration(fold.p50Nano)}, {formatDuration(fold.p95Nano)}
            </dd>
            <dt>longest</dt>
            <dd>{formatDuration(fold.maxNano)}</dd>
            <dt>together</dt>
            <dd>{formatDuration(fold.totalNano)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

/** How long the critical path runs through a span itself, in nanoseconds. */
export function criticalTime(columns: TraceColumns, span: number): number {
  let sum = 0;
  for (let index = 0; index < columns.criticalSpan.length; index++) {
    if (columns.criticalSpan[index] === span) sum += columns.criticalEnd[index]! - columns.criticalStart[index]!;
  }
  return sum;
}
