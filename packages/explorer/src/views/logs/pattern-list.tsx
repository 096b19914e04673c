import { useQuery } from '@tanstack/react-query';
import type { LogFilter } from '../../client/api.js';
import { type Asked, logPatternsQuery } from '../../client/queries.js';
import type { LogsAddress } from '../../model/address.js';
import { formatAgo, formatCount, momentInFull } from '../../model/format.js';
import { loudness, severityName } from '../../model/log-record.js';
import { type LogPatternsAnswer, patternClause } from '../../model/shapes.js';
import type { AbsoluteRange } from '../../model/time-range.js';
import { Button, ServiceName } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { NoRecords } from './no-records.js';
import styles from './pattern-list.module.css';

interface Props {
  readonly filter: LogFilter;
  readonly asked: Omit<Asked, 'q'> & { readonly selection: AbsoluteRange | undefined };
  readonly change: (patch: Partial<LogsAddress>) => void;
}

/** Similar bodies folded together, the commonest first; one click to the records of a pattern, or away from them. */
export function PatternList({ filter, asked, change }: Props) {
  const query = useQuery(logPatternsQuery(filter, asked));
  const answer = query.data;
  if (query.isError && answer === undefined) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (answer === undefined)
    return (
      <p className={styles.wait} role="status">
        Folding similar records …
      </p>
    );
  if (answer.patterns.length === 0) return <NoRecords filter={filter} change={change} />;
  const most = answer.patterns[0]!.records;
  const withClause = (clause: string): string => (filter.q === undefined ? clause : `${grouped(filter.q)} ${clause}`);
  return (
    <div className={styles.patterns} data-old={query.isPlaceholderData || undefined}>
      <p className={styles.note}>
        {answer.patterns.length.toLocaleString('en')}
        {answer.truncated ? ' commonest' : ''} patterns of {answer.records.toLocaleString('en')} records
        {answer.sampled !== undefined &&
          `, by ${answer.sampled.toLocaleString('en')} of them spread evenly; counts are estimates`}
      </p>
      <ol aria-label="Patterns of log records">
        {answer.patterns.map((one) => (
          <li key={one.pattern} data-loud={loudness(one)}>
            <span className={styles.count}>
              <i data-colour style={{ width: `${Math.max(1, (one.records / most) * 100)}%` }} aria-hidden="true" />
              <span>{formatCount(one.records)}</span>
            </span>
            <span className={styles.severity}>{severityName({ ...one, severityText: '' })}</span>
            <span className={styles.text}>
              <Pattern text={one.pattern} />
              <span className={styles.more} title={one.example}>
                {one.services.map((service) => (
                  <ServiceName key={service} service={service} />
                ))}
                <time title={`${momentInFull(one.firstUnixNano)} to ${momentInFull(one.lastUnixNano)}`}>
                  last {formatAgo(one.lastUnixNano, asked.nowMs)}
                </time>
              </span>
            </span>
            <span className={styles.actions}>
              <Button
                look="framed"
                onClick={() => change({ q: withClause(patternClause(one.pattern)), show: undefined })}
                aria-label={`Show the records of ${one.pattern}`}
              >
                Records
              </Button>
              <Button
                onClick={() => change({ q: withClause(`-${patternClause(one.pattern)}`) })}
                aria-label={`Leave out ${one.pattern}`}
              >
                Leave out
              </Button>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** What stands beside a clause must not be an alternative to it. */
const grouped = (q: string): string => (/(?:^|\s)(?:or|\|\|)(?=\s)/i.test(q) ? `(${q})` : q);

function Pattern({ text }: { readonly text: LogPatternsAnswer['patterns'][number]['pattern'] }) {
  if (text === '') return <i>empty</i>;
  const parts = text.split(/(<(?:n|id|uuid|time|text)>)/);
  return (
    <code>
      {parts.map((part, index) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: a part has no identity but its place
        index % 2 === 1 ? <mark key={index}>{part}</mark> : part,
      )}
    </code>
  );
}
