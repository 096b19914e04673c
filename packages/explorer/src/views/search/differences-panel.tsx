import { useQuery } from '@tanstack/react-query';
import { type Asked, differencesQuery } from '../../client/queries.js';
import type { NewClause } from '../../model/filter-clauses.js';
import { formatClock, formatCount, formatShare } from '../../model/format.js';
import { FILTER_FIELDS, parseDuration } from '../../model/shapes.js';
import type { AbsoluteRange } from '../../model/time-range.js';
import { Button, IconButton } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import styles from './differences-panel.module.css';

interface Props {
  readonly asked: Asked;
  readonly selection: AbsoluteRange;
  readonly than: string | undefined;
  readonly onThan: (than: string | undefined) => void;
  readonly onFilter: (clause: NewClause, how: 'add') => void;
  readonly onZoom: () => void;
  readonly onClose: () => void;
}

const SLOWER: readonly string[] = ['10ms', '50ms', '100ms', '250ms', '500ms', '1s', '2s', '5s'];

/** The marked part against the rest: which attributes are commoner in it, and which are rarer. */
export function DifferencesPanel({ asked, selection, than, onThan, onFilter, onZoom, onClose }: Props) {
  const least = than !== undefined && parseDuration(than) !== undefined ? than : undefined;
  const query = useQuery(differencesQuery({ ...asked, selection, minDuration: least }));
  const rows = query.data?.differences ?? [];
  return (
    <aside className={styles.panel} aria-label="What differs in the marked time">
      <div className={styles.head}>
        <h2>What differs</h2>
        <IconButton icon="close" label="Take the mark off the chart" onClick={onClose} />
      </div>
      <div className={styles.tools}>
        <p>
          {formatClock(new Date(selection.startMs))} – {formatClock(new Date(selection.endMs))}
          {least !== undefined && ' and slow'}
          {query.data !== undefined &&
            `: ${formatCount(query.data.insideSpans)} spans, against ${formatCount(query.data.outsideSpans)}`}
        </p>
        <div className={styles.row}>
          <label>
            Slower than{' '}
            <select
              value={least ?? ''}
              onChange={(event) => onThan(event.target.value === '' ? undefined : event.target.value)}
            >
              <option value="">any</option>
              {SLOWER.map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </label>
          <Button look="framed" onClick={onZoom} title="Show only this time (z)">
            Zoom in
          </Button>
        </div>
      </div>
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && rows.length === 0 && (
        <p className={styles.none}>
          {query.data.insideSpans === 0
            ? 'Nothing happened in the marked part.'
            : query.data.outsideSpans === 0
              ? 'There is no rest to compare with: mark less, or look at a longer time.'
              : 'Nothing stands out: the marked part looks like the rest.'}
        </p>
      )}
      <ul className={styles.list} data-old={query.isPlaceholderData || undefined}>
        {rows.map(({ key, value, inside, outside }) => (
          <li key={`${key}=${value}`}>
            <div className={styles.text} title={`${key} = ${value}`}>
              <span className={styles.key}>{key}</span>
              <span className={styles.value}>{value}</span>
            </div>
            <div className={styles.shares}>
              <Share label="marked" share={inside} main />
              <Share label="rest" share={outside} />
            </div>
            <div className={styles.actions}>
              <IconButton
                icon="include"
                label={`Only ${key} = ${value}`}
                onClick={() => onFilter(clauseOf(key, '=', value), 'add')}
              />
              <IconButton
                icon="exclude"
                label={`Without ${key} = ${value}`}
                onClick={() => onFilter(clauseOf(key, '!=', value), 'add')}
              />
            </div>
          </li>
        ))}
      </ul>
    </aside>
  );
}

function clauseOf(key: string, operator: '=' | '!=', value: string): NewClause {
  const field = FILTER_FIELDS.find((name) => name === key);
  if (field !== undefined) return { field, operator, value };
  const from = /^(span|resource)\.(.+)$/.exec(key);
  if (from === null) return { field: 'attribute', key, operator, value };
  return { field: 'attribute', from: from[1] as 'span' | 'resource', key: from[2]!, operator, value };
}

function Share({
  label,
  share,
  main = false,
}: {
  readonly label: string;
  readonly share: number;
  readonly main?: boolean;
}) {
  return (
    <div className={styles.share} data-main={main || undefined}>
      <span className="visually-hidden">{label} </span>
      <span className={styles.bar} aria-hidden="true" title={label}>
        <i style={{ width: `${Math.max(share > 0 ? 1 : 0, share * 100)}%` }} />
      </span>
      <span className={styles.number}>{formatShare(share)}</span>
    </div>
  );
}
