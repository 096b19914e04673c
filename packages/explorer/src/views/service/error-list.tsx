import { Link } from '@tanstack/react-router';
import { formatClock, formatCount, momentInFull } from '../../model/format.js';
import type { ServiceError } from '../../model/shapes.js';
import { fromUnixNano, type TimeSearch } from '../../model/time-range.js';
import styles from './service-view.module.css';

/** Each failure once: what it is, where, how often, since when, in which versions; one click to the newest. */
export function ErrorList({
  errors,
  time,
}: {
  readonly errors: readonly ServiceError[] | undefined;
  readonly time: TimeSearch;
}) {
  if (errors === undefined) return null;
  if (errors.length === 0) return <p className={styles.none}>None in this time.</p>;
  return (
    <ol className={styles.errors}>
      {errors.map((error) => (
        <li key={error.fingerprint}>
          <Link
            to="/trace/$traceId"
            params={{ traceId: error.traceId }}
            search={{ ...time, span: error.spanId }}
            title="Open the newest in its trace"
          >
            <strong>{error.type === '' ? 'Failed' : error.type}</strong> {error.message}
          </Link>
          <span className={styles.count}>{formatCount(error.count)}</span>
          <span className={styles.where} title={error.frames.join('\n')}>
            {error.frames[0] ?? error.operation}
          </span>
          <span
            className={styles.when}
            title={`First ${momentInFull(error.firstUnixNano)}, last ${momentInFull(error.lastUnixNano)}`}
          >
            {error.frames.length > 0 ? `${error.operation}, ` : ''}
            {error.versions.length > 0 ? `in ${error.versions.join(', ')}, ` : ''}last{' '}
            {formatClock(new Date(fromUnixNano(error.lastUnixNano)))}
          </span>
        </li>
      ))}
    </ol>
  );
}
