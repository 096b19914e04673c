import { Link } from '@tanstack/react-router';
import type { OpenTrace } from '../../client/trace-store.js';
import { formatDuration, momentInFull } from '../../model/format.js';
import { bodyText, severityName } from '../../model/log-record.js';
import type { LogMark } from '../../model/trace/log-marks.js';
import { plainValue } from '../../model/trace/match-span.js';
import styles from './side-panel.module.css';

/** What a span wrote, in the order of time, each with its offset from the start of the span. */
export function SpanLogs({
  trace: { columns },
  span,
  logs,
}: {
  readonly trace: OpenTrace;
  readonly span: number;
  readonly logs: readonly LogMark[];
}) {
  const start = columns.start[span]!;
  return (
    <details className={styles.section} open>
      <summary>
        Logs <span>{logs.length.toLocaleString('en')}</span>
      </summary>
      <ol className={styles.events}>
        {logs.map(({ at, loudness, record }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: records have no identity but their place
          <li key={index}>
            <p>
              <span className={styles.offset} title={momentInFull(record.timeUnixNano)}>
                {at < start ? '−' : '+'}
                {formatDuration(Math.abs(at - start))}
              </span>
              <strong data-loud={loudness}>{severityName(record)}</strong> {bodyText(record)}
            </p>
            {Object.entries(record.attributes).map(([key, value]) => (
              <p key={key} className={styles.eventAttribute}>
                <span>{key}</span> {plainValue(value)}
              </p>
            ))}
          </li>
        ))}
      </ol>
      <p className={styles.more}>
        <Link
          to="/logs"
          search={{ trace: columns.traceId, span: columns.spanIds[span]!, ...around(columns) }}
          className={styles.link}
        >
          Show in the list of logs
        </Link>
      </p>
    </details>
  );
}

const HOUR_MS = 3_600_000;

/** The list looks at a stretch of time; the trace may be older than the one it would look at. */
function around({ originUnixNano, durationNano }: OpenTrace['columns']): {
  readonly from: string;
  readonly to: string;
} {
  const startMs = Number(BigInt(originUnixNano) / 1_000_000n);
  return {
    from: new Date(startMs - HOUR_MS).toISOString(),
    to: new Date(startMs + durationNano / 1e6 + HOUR_MS).toISOString(),
  };
}
