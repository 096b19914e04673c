import { formatDuration, formatMoment } from '../../model/format.js';
import type { SpanDetail } from '../../model/shapes.js';
import { plainValue } from '../../model/trace/match-span.js';
import { CopyButton } from '../../parts/controls.js';
import styles from './side-panel.module.css';

interface Props {
  readonly events: SpanDetail['events'];
  readonly spanStartUnixNano: string;
  readonly traceStartNano: number;
}

/** In the order of time, each with its offset from the start of the span. */
export function EventList({ events, spanStartUnixNano, traceStartNano }: Props) {
  const start = BigInt(spanStartUnixNano);
  const sorted = events
    .map((event) => ({ event, offset: Number(BigInt(event.timeUnixNano) - start) }))
    .sort((a, b) => a.offset - b.offset);
  return (
    <details className={styles.section} open>
      <summary>
        Events <span>{events.length}</span>
      </summary>
      <ol className={styles.events}>
        {sorted.map(({ event, offset }, index) => {
          const stack = event.attributes['exception.stacktrace'];
          const others = Object.entries(event.attributes).filter(([key]) => key !== 'exception.stacktrace');
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: events have no identity but their place
            <li key={index}>
              <p>
                <span
                  className={styles.offset}
                  title={`${formatMoment(event.timeUnixNano)}, ${formatDuration(traceStartNano + offset)} into the trace`}
                >
                  +{formatDuration(offset)}
                </span>
                <strong data-exception={event.name === 'exception' || undefined}>{event.name}</strong>
              </p>
              {others.map(([key, value]) => (
                <p key={key} className={styles.eventAttribute}>
                  <span>{key}</span> {plainValue(value)}
                </p>
              ))}
              {stack !== undefined && (
                <div className={styles.stack}>
                  {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key */}
                  <pre tabIndex={0}>{plainValue(stack)}</pre>
                  <CopyButton text={plainValue(stack)} label="Copy the stack" />
                </div>
              )}
            </li>
          );
        })}
      </ol>
    </details>
  );
}
