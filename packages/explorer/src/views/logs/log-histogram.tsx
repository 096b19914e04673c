import { useQuery } from '@tanstack/react-query';
import { type PointerEvent, useMemo, useRef, useState } from 'react';
import type { LogFilter } from '../../client/api.js';
import { type Asked, logHistogramQuery } from '../../client/queries.js';
import { counted, formatClock } from '../../model/format.js';
import { type LogBar, logBars } from '../../model/log-bars.js';
import { type AbsoluteRange, absoluteRange } from '../../model/time-range.js';
import { Button, IconButton } from '../../parts/controls.js';
import { NumbersTable } from '../../parts/numbers-table.js';
import { useSize } from '../../parts/use-size.js';
import styles from './log-histogram.module.css';

interface Props {
  readonly filter: LogFilter;
  readonly asked: Omit<Asked, 'q'>;
  readonly selection: AbsoluteRange | undefined;
  readonly onSelect: (selection: AbsoluteRange | undefined) => void;
}

const HEIGHT = 56;

/** How many records there were, and how bad. Drag to mark a part: the list below is then of that. */
export function LogHistogram({ filter, asked, selection, onSelect }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const [asTable, setAsTable] = useState(false);
  const [hover, setHover] = useState<LogBar>();
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  const buckets = Math.max(30, Math.min(150, Math.round(width / 160) * 20));
  const histogram = useQuery({ ...logHistogramQuery(filter, { ...asked, buckets }), enabled: width > 0 });
  const bars = useMemo(() => (histogram.data === undefined ? [] : logBars(histogram.data)), [histogram.data]);
  const { startMs, endMs } = absoluteRange(asked.range, asked.nowMs);
  const highest = bars.reduce((most, { records }) => Math.max(most, records), 1);
  const x = (ms: number): number => ((ms - startMs) / (endMs - startMs)) * width;
  const msAt = (event: PointerEvent): number => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return startMs + share * (endMs - startMs);
  };
  const marked =
    drag === undefined ? selection : { startMs: Math.min(drag.from, drag.to), endMs: Math.max(drag.from, drag.to) };
  const total = histogram.data?.records ?? 0;
  const sums = (key: 'errors' | 'warnings'): number => bars.reduce((sum, bar) => sum + bar[key], 0);
  const shown = hover ?? { records: total, errors: sums('errors'), warnings: sums('warnings') };
  return (
    <section
      className={styles.chart}
      aria-label="Log records over time"
      data-old={histogram.isPlaceholderData || undefined}
    >
      <div className={styles.bar}>
        <p className={styles.readout}>
          {hover !== undefined && <strong>{formatClock(new Date(hover.startMs))}</strong>}
          <span>
            {histogram.data === undefined ? (histogram.isError ? 'no counts' : '…') : counted(shown.records, 'record')}
          </span>
          <span data-tone={shown.errors > 0 ? 'error' : undefined}>{counted(shown.errors, 'error')}</span>
          <span data-tone={shown.warnings > 0 ? 'warning' : undefined}>{counted(shown.warnings, 'warning')}</span>
          {selection === undefined && hover === undefined && (
            <span className={styles.tip}>
              {formatClock(new Date(startMs))} to {formatClock(new Date(endMs))}, drag to mark a time
            </span>
          )}
        </p>
        {selection !== undefined && (
          <Button look="framed" onClick={() => onSelect(undefined)}>
            {formatClock(new Date(selection.startMs))} to {formatClock(new Date(selection.endMs))} ×
          </Button>
        )}
        <IconButton icon="table" label="Show as a table" on={asTable} onClick={() => setAsTable(!asTable)} />
      </div>
      <div ref={area} className={styles.area}>
        {asTable ? (
          <BarTable bars={bars} onMark={onSelect} />
        ) : (
          <svg
            role="img"
            aria-label={`${total} log records, ${sums('errors')} errors, between ${formatClock(new Date(startMs))} and ${formatClock(new Date(endMs))}. The button before this shows the numbers as a table.`}
            width={width}
            height={HEIGHT}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              setDrag({ from: msAt(event), to: msAt(event) });
            }}
            onPointerMove={(event) => {
              const ms = msAt(event);
              setHover(bars.find((bar) => ms >= bar.startMs && ms < bar.endMs));
              if (drag !== undefined) setDrag({ ...drag, to: ms });
            }}
            onPointerLeave={() => setHover(undefined)}
            onPointerUp={(event) => {
              if (drag === undefined) return;
              setDrag(undefined);
              const to = msAt(event);
              const wide = Math.abs(x(to) - x(drag.from)) >= 3;
              const bar = bars.find((one) => to >= one.startMs && to < one.endMs);
              if (wide) onSelect({ startMs: Math.min(drag.from, to), endMs: Math.max(drag.from, to) });
              else if (bar !== undefined && bar.records > 0) onSelect({ startMs: bar.startMs, endMs: bar.endMs });
            }}
          >
            {bars.map((bar) => (
              <Bar key={bar.startMs} bar={bar} left={x(bar.startMs)} right={x(bar.endMs)} highest={highest} />
            ))}
            {marked !== undefined && (
              <rect
                className={styles.marked}
                x={x(marked.startMs)}
                width={Math.max(2, x(marked.endMs) - x(marked.startMs))}
                height={HEIGHT}
              />
            )}
          </svg>
        )}
      </div>
    </section>
  );
}

/** Errors at the foot, where they are compared, then warnings, then the rest. */
function Bar({
  bar,
  left,
  right,
  highest,
}: {
  readonly bar: LogBar;
  readonly left: number;
  readonly right: number;
  readonly highest: number;
}) {
  if (bar.records === 0) return null;
  const width = Math.max(1, (right - left) * 0.86);
  const tall = (records: number): number => (records === 0 ? 0 : Math.max(1, (records / highest) * (HEIGHT - 4)));
  const errors = tall(bar.errors);
  const warnings = tall(bar.warnings);
  const others = tall(bar.records - bar.errors - bar.warnings);
  return (
    <g data-colour>
      <rect className={styles.error} x={left} width={width} y={HEIGHT - errors} height={errors} />
      <rect className={styles.warning} x={left} width={width} y={HEIGHT - errors - warnings} height={warnings} />
      <rect className={styles.other} x={left} width={width} y={HEIGHT - errors - warnings - others} height={others} />
    </g>
  );
}

function BarTable({
  bars,
  onMark,
}: {
  readonly bars: readonly LogBar[];
  readonly onMark: (selection: AbsoluteRange) => void;
}) {
  return (
    <NumbersTable
      label="Log records over time, as a table"
      className={styles.table}
      columns={['Records', 'Errors', 'Warnings']}
    >
      {bars
        .filter(({ records }) => records > 0)
        .map((bar) => (
          <tr key={bar.startMs}>
            <th scope="row">{formatClock(new Date(bar.startMs))}</th>
            <td>{bar.records.toLocaleString('en')}</td>
            <td>{bar.errors.toLocaleString('en')}</td>
            <td>{bar.warnings.toLocaleString('en')}</td>
            <td>
              <Button onClick={() => onMark({ startMs: bar.startMs, endMs: bar.endMs })}>Mark</Button>
            </td>
          </tr>
        ))}
    </NumbersTable>
  );
}
