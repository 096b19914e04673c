// biome-ignore-all lint/a11y/useSemanticElements: a virtual list of thousands of rows is a grid by role, not a table element
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its current row; cells take none
import { memo } from 'react';
import { formatCount, formatDuration } from '../../model/format.js';
import { SpanFlag, type TraceColumns } from '../../model/trace/columns.js';
import { foldIndex, isFold } from '../../model/trace/rows.js';
import { Icon } from '../../parts/icon.js';
import { entersPlace, startsProcess } from './draw-waterfall.js';
import { INDENT } from './scene.js';
import styles from './waterfall.module.css';

interface Props {
  readonly id: string;
  readonly row: number;
  readonly item: number;
  readonly level: number;
  readonly top: number;
  readonly columns: TraceColumns;
  readonly selected: boolean;
  readonly open: boolean;
  readonly matched: boolean;
  readonly faded: boolean;
  readonly onSelect: (item: number) => void;
  readonly onToggle: (item: number) => void;
}

export const WaterfallRow = memo(function WaterfallRow(props: Props) {
  const { columns, item, level, selected, open } = props;
  const fold = isFold(item) ? columns.folds[foldIndex(item)]! : undefined;
  const span = fold === undefined ? item : fold.members[0]!;
  const below = fold === undefined ? columns.descendants[span]! : fold.members.length;
  const name = columns.names[columns.name[span]!]!;
  const service = columns.services[columns.service[span]!]!.name;
  const begins = fold === undefined && startsProcess(columns, span);
  const runtime = columns.processes[columns.process[span]!]!.runtime;
  const place = fold === undefined && entersPlace(columns, span) ? columns.places[columns.place[span]!]! : '';
  const system = columns.systems[columns.system[span]!]!;
  const flags = columns.flags[span]!;
  const failed = fold === undefined ? (flags & SpanFlag.error) !== 0 : fold.errors > 0;
  const failedBelow = fold === undefined && !failed && !open && (flags & SpanFlag.errorBelow) !== 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are commands of the trace view
    <div
      id={props.id}
      role="row"
      tabIndex={-1}
      aria-rowindex={props.row + 1}
      aria-level={level + 1}
      aria-selected={selected}
      aria-expanded={below > 0 ? open : undefined}
      className={styles.row}
      data-faded={props.faded || undefined}
      style={{ transform: `translateY(${props.top}px)`, paddingLeft: 8 + level * INDENT }}
      onClick={() => props.onSelect(item)}
    >
      <div role="gridcell" className={styles.cell}>
        {below > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            className={styles.twisty}
            data-open={open || undefined}
            data-failed={failedBelow || undefined}
            aria-label={open ? 'Close' : `Open, ${below.toLocaleString('en')} below`}
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle(item);
            }}
          >
            <Icon name="right" size={12} />
          </button>
        ) : (
          <span className={styles.leaf} />
        )}
        {begins && <b className={styles.service}>{service}</b>}
        {begins && runtime !== '' && <span className={styles.runtime}>{runtime}</span>}
        {place !== '' && <span className={styles.runtime}>{place}</span>}
        <span
          className={styles.name}
          data-failed={failed || undefined}
          data-matched={props.matched || undefined}
          title={name}
        >
          {name}
        </span>
        {fold !== undefined && <span className={styles.count}>× {formatCount(fold.members.length)}</span>}
        {system !== '' && <span className={styles.system}>{system}</span>}
        {fold === undefined && below > 0 && !open && <span className={styles.count}>+{formatCount(below)}</span>}
        <Marks flags={fold === undefined ? flags : 0} />
        {fold !== undefined && failed && <span className={styles.failed}>{formatCount(fold.errors)} errors</span>}
        {fold === undefined && failed && (
          <span
            className={(flags & SpanFlag.errorSource) !== 0 ? styles.source : 'visually-hidden'}
            title="The trouble began here"
          >
            error
          </span>
        )}
      </div>
      <div role="gridcell" className="visually-hidden">
        {!begins && `${service}, `}
        {fold === undefined
          ? `${formatDuration(columns.duration[span]!)}, starts at ${formatDuration(columns.start[span]!)}`
          : `half take less than ${formatDuration(fold.p50Nano)}, all together ${formatDuration(fold.totalNano)}`}
      </div>
    </div>
  );
});

/** What is odd about where the span stands, in a word. */
function Marks({ flags }: { readonly flags: number }) {
  if (flags & SpanFlag.orphan) {
    return (
      <span className={styles.warning} title="Its parent is named, but has not arrived">
        parent missing
      </span>
    );
  }
  if (flags & SpanFlag.ring) {
    return (
      <span className={styles.warning} title="Its parents lead back to itself; it is shown as a root">
        parents in a ring
      </span>
    );
  }
  if (flags & SpanFlag.detached) {
    return (
      <span className={styles.count} title="It started after its parent had ended">
        later
      </span>
    );
  }
  return null;
}
