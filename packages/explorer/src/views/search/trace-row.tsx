// biome-ignore-all lint/a11y/useSemanticElements: a virtual list of thousands of rows is a grid by role, not a table element
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its current row; cells take none
import { Link } from '@tanstack/react-router';
import { type MouseEvent, memo } from 'react';
import { formatAgo, formatClock, formatDay, formatDuration, momentInFull } from '../../model/format.js';
import { serviceColour } from '../../model/service-colour.js';
import type { TraceSummary } from '../../model/shapes.js';
import { fromUnixNano, type TimeSearch } from '../../model/time-range.js';
import { Swatch } from '../../parts/controls.js';
import styles from './trace-list.module.css';

interface Props {
  readonly id: string;
  readonly trace: TraceSummary;
  readonly position: number;
  readonly offset: number;
  readonly current: boolean;
  readonly scaleNano: number;
  readonly marks: readonly number[];
  readonly nowMs: number;
  readonly rangeMs: number;
  readonly filtered: boolean;
  readonly time: TimeSearch;
  readonly onOpen: (trace: TraceSummary) => void;
}

const DAY_MS = 86_400_000;

export const TraceRow = memo(function TraceRow(props: Props) {
  const { trace, current, scaleNano, filtered, time } = props;
  const matched = filtered ? trace.matched.find((span) => span.name !== trace.rootName) : undefined;
  // A new tab is the browser's business.
  const isPlain = (event: MouseEvent): boolean =>
    !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      id={props.id}
      role="row"
      tabIndex={-1}
      aria-rowindex={props.position + 1}
      aria-selected={current}
      className={styles.row}
      style={{ transform: `translateY(${props.offset}px)` }}
      onClick={(event) => isPlain(event) && props.onOpen(trace)}
    >
      <span role="gridcell" className={styles.started} title={momentInFull(trace.startUnixNano)} data-right>
        {startedText(trace.startUnixNano, props.nowMs, props.rangeMs)}
      </span>
      <span role="gridcell" className={styles.name}>
        <Link
          to="/trace/$traceId"
          params={{ traceId: trace.traceId }}
          search={{ last: time.last, from: time.from, to: time.to }}
          tabIndex={-1}
          // The row opens it, and writes down first where the list stood.
          onClick={(event) => isPlain(event) && event.preventDefault()}
        >
          <Swatch service={trace.rootService} />
          <span className={styles.service}>{trace.rootService}</span>
          <span className={styles.root}>{trace.rootName}</span>
          {!trace.hasRoot && (
            <span className={styles.warning} title="The first span of this trace has not arrived">
              no root
            </span>
          )}
          {matched !== undefined && (
            <span className={styles.matched} title={`Matched: ${matched.service} ${matched.name}`}>
              <Swatch service={matched.service} /> {matched.name} {formatDuration(matched.durationNano)}
            </span>
          )}
        </Link>
      </span>
      <span role="gridcell" className={styles.duration}>
        <span className={styles.number}>{formatDuration(trace.durationNano)}</span>
        <span className={styles.track} aria-hidden="true">
          <span
            data-colour
            className={styles.length}
            data-cut={trace.durationNano > scaleNano || undefined}
            style={{
              width: `${Math.min(100, Math.max(0.4, (100 * trace.durationNano) / scaleNano))}%`,
              background: serviceColour(trace.rootService),
            }}
          />
          {props.marks.map((mark, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: p50 and p95, always in this order
            <span key={index} className={styles.mark} style={{ left: `${(100 * mark) / scaleNano}%` }} />
          ))}
        </span>
      </span>
      <span role="gridcell" data-right className={styles.quiet}>
        {trace.spans.toLocaleString('en')}
      </span>
      <span role="gridcell" data-right className={styles.errors}>
        {trace.errors > 0 && (
          <>
            {trace.errors.toLocaleString('en')}
            <span className="visually-hidden"> errors</span>
          </>
        )}
      </span>
      <span role="gridcell" className={styles.services} title={servicesText(trace)}>
        <span className={styles.strip} aria-hidden="true">
          {trace.services.map((service) => (
            <span
              key={service.name}
              data-colour
              style={{ flexGrow: service.spans, background: serviceColour(service.name) }}
              data-failed={service.errors > 0 || undefined}
            />
          ))}
        </span>
        <span className={styles.quiet}>{trace.services.length}</span>
        <span className="visually-hidden">{servicesText(trace)}</span>
      </span>
    </div>
  );
});

function servicesText(trace: TraceSummary): string {
  return trace.services
    .map(
      ({ name, spans, errors }) =>
        `${name}: ${spans} ${spans === 1 ? 'span' : 'spans'}${errors > 0 ? `, ${errors} failed` : ''}`,
    )
    .join('\n');
}

function startedText(unixNano: string, nowMs: number, rangeMs: number): string {
  const date = new Date(fromUnixNano(unixNano));
  if (nowMs - date.getTime() < 3_600_000) return formatAgo(unixNano, nowMs);
  if (nowMs - date.getTime() < DAY_MS && rangeMs <= DAY_MS) return formatClock(date);
  return `${formatDay(date).slice(5)} ${formatClock(date).slice(0, 5)}`;
}
