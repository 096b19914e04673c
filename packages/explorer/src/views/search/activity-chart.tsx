import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { type Asked, histogramQuery } from '../../client/queries.js';
import { formatClock, formatCount, formatDay, formatDuration } from '../../model/format.js';
import { type AbsoluteRange, absoluteRange, fromUnixNano } from '../../model/time-range.js';
import { IconButton } from '../../parts/controls.js';
import { useTheme } from '../../parts/theme.js';
import { useSize } from '../../parts/use-size.js';
import styles from './activity-chart.module.css';
import { ActivityTable } from './activity-table.js';
import { type ChartData, useActivityPlots } from './use-activity-plots.js';

interface Props {
  readonly asked: Asked;
  readonly selection: AbsoluteRange | undefined;
  readonly onSelect: (selection: AbsoluteRange | undefined) => void;
  /** Opens the slowest trace of a stretch. */
  readonly onSlowest: (stretch: AbsoluteRange) => void;
}

function daysText(startMs: number, endMs: number): string {
  const [first, last] = [formatDay(new Date(startMs)), formatDay(new Date(endMs))];
  return first === last ? first : `${first} to ${last}`;
}

/** How much happened, how much of it failed, and how long it took, over the same time. Drag to mark a part. */
export function ActivityChart({ asked, selection, onSelect, onSlowest }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const theme = useTheme();
  const [asTable, setAsTable] = useState(false);
  const [hover, setHover] = useState<number | undefined>(undefined);
  const buckets = Math.max(30, Math.min(150, Math.round(width / 160) * 20));
  const histogram = useQuery({ ...histogramQuery({ ...asked, buckets }), enabled: width > 0 });
  const answer = histogram.data;
  const { startMs, endMs } = absoluteRange(asked.range, asked.nowMs);
  // The same object as long as the answer is: the plots are filled anew when it changes.
  const data = useMemo<ChartData | undefined>(
    () =>
      answer && {
        startMs: fromUnixNano(answer.startUnixNano),
        stepMs: answer.stepNano / 1e6,
        count: answer.count,
        errors: answer.errors,
        p50: answer.p50,
        p95: answer.p95,
      },
    [answer],
  );
  const stretch = (bucket: number): AbsoluteRange | undefined => {
    if (data === undefined || (data.count[bucket] ?? 0) === 0) return undefined;
    const from = data.startMs + bucket * data.stepMs;
    return { startMs: from, endMs: from + data.stepMs };
  };
  const onPick = (bucket: number, plot: 'count' | 'duration'): void => {
    const picked = stretch(bucket);
    if (picked === undefined) return;
    if (plot === 'count') onSelect(picked);
    else onSlowest(picked);
  };
  const { countRef, durationRef } = useActivityPlots({
    data,
    width,
    theme,
    selection,
    onSelect,
    onHover: setHover,
    onPick,
    startMs,
    endMs,
  });

  const total = answer?.count.reduce((sum, value) => sum + value, 0) ?? 0;
  const failed = answer?.errors.reduce((sum, value) => sum + value, 0) ?? 0;
  const at = hover !== undefined && data !== undefined && hover < data.count.length ? hover : undefined;
  return (
    <section className={styles.chart} aria-label="Spans over time" data-old={histogram.isPlaceholderData || undefined}>
      <div className={styles.head}>
        {at !== undefined && data !== undefined ? (
          <p className={styles.readout}>
            <strong>{formatClock(new Date(data.startMs + at * data.stepMs))}</strong>
            <span>{formatCount(data.count[at] ?? 0)} spans</span>
            <span data-errors={(data.errors[at] ?? 0) > 0 || undefined}>
              {formatCount(data.errors[at] ?? 0)} errors
            </span>
            <span>p50 {data.p50[at] === null ? '–' : formatDuration(data.p50[at] ?? 0)}</span>
            <span>p95 {data.p95[at] === null ? '–' : formatDuration(data.p95[at] ?? 0)}</span>
          </p>
        ) : (
          <p className={styles.readout}>
            <strong>{answer === undefined ? '…' : `${total.toLocaleString('en')} spans`}</strong>
            <span data-errors={failed > 0 || undefined}>{failed.toLocaleString('en')} errors</span>
            <span className={styles.legend}>
              <i data-line="p95" /> p95 <i data-line="p50" /> p50
            </span>
            <span className={styles.tip}>
              {daysText(startMs, endMs)}, drag to mark a time, click a duration for its slowest trace
            </span>
          </p>
        )}
        <IconButton icon="table" label="Show as a table" on={asTable} onClick={() => setAsTable(!asTable)} />
      </div>
      <div ref={area} className={styles.area}>
        {asTable && data !== undefined ? (
          <ActivityTable
            data={data}
            onMark={(bucket) => onPick(bucket, 'count')}
            onSlowest={(bucket) => onPick(bucket, 'duration')}
          />
        ) : (
          <div
            role="img"
            aria-label={`${total} spans, ${failed} of them failed, between ${formatClock(new Date(startMs))} and ${formatClock(new Date(endMs))}. The button before this shows the numbers as a table.`}
          >
            <div ref={countRef} className={styles.count} />
            <div ref={durationRef} className={styles.duration} />
          </div>
        )}
      </div>
    </section>
  );
}
