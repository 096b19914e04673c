import type { NewClause } from '../../model/filter-clauses.js';
import { formatDuration } from '../../model/format.js';
import { serviceColour } from '../../model/service-colour.js';
import type { Fold, TraceColumns } from '../../model/trace/columns.js';
import { Button, IconButton, ServiceName } from '../../parts/controls.js';
import styles from './side-panel.module.css';
import type { TraceState } from './use-trace-state.js';

interface Props {
  readonly columns: TraceColumns;
  readonly fold: Fold;
  readonly state: TraceState;
  readonly onSearch: (...clauses: NewClause[]) => void;
}

const BINS = 32;

/** Many equal spans: how many, how long, and how the lengths spread. */
export function FoldDetails({ columns, fold, state, onSearch }: Props) {
  const first = fold.members[0]!;
  const name = columns.names[columns.name[first]!]!;
  const service = columns.services[columns.service[first]!]!.name;
  let slowest = first;
  for (const member of fold.members) if (columns.duration[member]! > columns.duration[slowest]!) slowest = member;
  const share = columns.durationNano > 0 ? (fold.end - fold.start) / columns.durationNano : 0;
  return (
    <>
      <div className={styles.head}>
        <ServiceName service={service} />
        <span className={styles.space} />
        <IconButton icon="close" label="Close the details (Esc)" onClick={() => state.select(undefined)} />
      </div>
      <h2 className={styles.title}>
        {fold.members.length.toLocaleString('en')} × {name}
      </h2>
      <dl className={styles.times}>
        <div>
          <dt>together</dt>
          <dd>{formatDuration(fold.totalNano)}</dd>
          <dd>one after another or at once</dd>
        </div>
        <div>
          <dt>from first to last</dt>
          <dd>{formatDuration(fold.end - fold.start)}</dd>
          <dd>{Math.round(share * 100)} % of the trace</dd>
        </div>
        <div>
          <dt>p50</dt>
          <dd>{formatDuration(fold.p50Nano)}</dd>
          <dd>shortest {formatDuration(fold.minNano)}</dd>
        </div>
        <div>
          <dt>p95</dt>
          <dd>{formatDuration(fold.p95Nano)}</dd>
          <dd>longest {formatDuration(fold.maxNano)}</dd>
        </div>
      </dl>
      <Spread columns={columns} fold={fold} colour={serviceColour(service)} />
      {fold.errors > 0 && (
        <div className={styles.error}>
          <strong>{fold.errors.toLocaleString('en')} of them failed</strong>
        </div>
      )}
      <div className={styles.actions}>
        <Button look="framed" onClick={() => state.reveal(slowest)}>
          The slowest
        </Button>
        <Button
          look="framed"
          onClick={() =>
            onSearch({ field: 'service', operator: '=', value: service }, { field: 'name', operator: '=', value: name })
          }
        >
          Others like them
        </Button>
        <Button look="framed" onClick={() => state.reveal(fold.parent)}>
          Parent
        </Button>
      </div>
    </>
  );
}

function Spread({
  columns,
  fold,
  colour,
}: {
  readonly columns: TraceColumns;
  readonly fold: Fold;
  readonly colour: string;
}) {
  // Equal steps of the logarithm: lengths differ by factors.
  const low = Math.log(Math.max(1, fold.minNano));
  const high = Math.max(low + 1e-6, Math.log(Math.max(1, fold.maxNano)));
  const bins = new Array<number>(BINS).fill(0);
  for (const member of fold.members) {
    const at = (Math.log(Math.max(1, columns.duration[member]!)) - low) / (high - low);
    bins[Math.max(0, Math.min(BINS - 1, Math.floor(at * BINS)))]!++;
  }
  const most = Math.max(...bins);
  return (
    <figure className={styles.spread}>
      <svg
        viewBox={`0 0 ${BINS * 10} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Durations from ${formatDuration(fold.minNano)} to ${formatDuration(fold.maxNano)}`}
      >
        {bins.map((count, index) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bin is its place
            key={index}
            x={index * 10}
            width={9}
            y={60 - (count / most) * 58}
            height={(count / most) * 58}
            style={{ fill: colour }}
          />
        ))}
      </svg>
      <figcaption>
        <span>{formatDuration(fold.minNano)}</span>
        <span>{formatDuration(fold.maxNano)}</span>
      </figcaption>
    </figure>
  );
}
