import { type CSSProperties, type PointerEvent, useState } from 'react';
import type { OpenTrace } from '../../client/trace-store.js';
import type { NewClause } from '../../model/filter-clauses.js';
import type { LogMark } from '../../model/trace/log-marks.js';
import { foldIndex, isFold } from '../../model/trace/rows.js';
import { AreaDetails } from './area-details.js';
import { FoldDetails } from './fold-details.js';
import styles from './side-panel.module.css';
import { SpanDetails } from './span-details.js';
import type { TraceState } from './use-trace-state.js';

interface Props {
  readonly trace: OpenTrace;
  readonly logs: ReadonlyMap<number, readonly LogMark[]>;
  readonly state: TraceState;
  readonly onSearch: (...clauses: NewClause[]) => void;
}

const KEY = 'throughline.panel';
const NO_LOGS: readonly LogMark[] = [];

/** What is selected: an area's sums, a fold's spread, or one span in full. */
export function SidePanel({ trace, logs, state, onSearch }: Props) {
  const [width, setWidth] = useState(() => stored() ?? 380);
  const { selected, area } = state;
  if (selected === undefined && area === undefined) return null;
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    const target = event.currentTarget;
    const begin = event.clientX + width;
    target.setPointerCapture(event.pointerId);
    const move = (to: globalThis.PointerEvent): void => {
      const next = Math.max(280, Math.min(window.innerWidth * 0.6, begin - to.clientX));
      setWidth(next);
      try {
        localStorage.setItem(KEY, String(Math.round(next)));
      } catch {
        // Not kept, then.
      }
    };
    const up = (): void => {
      target.removeEventListener('pointermove', move);
      target.removeEventListener('pointerup', up);
    };
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', up);
  };
  return (
    <aside className={styles.panel} aria-label="Details" style={{ '--panel-width': `${width}px` } as CSSProperties}>
      <div className={styles.grip} onPointerDown={onPointerDown} />
      <div className={styles.scroll}>
        {area !== undefined ? (
          <AreaDetails columns={trace.columns} state={state} area={area} />
        ) : selected === undefined ? null : isFold(selected) ? (
          <FoldDetails
            columns={trace.columns}
            fold={trace.columns.folds[foldIndex(selected)]!}
            state={state}
            onSearch={onSearch}
          />
        ) : (
          <SpanDetails
            key={trace.columns.spanIds[selected]}
            trace={trace}
            span={selected}
            logs={logs.get(selected) ?? NO_LOGS}
            state={state}
            onSearch={onSearch}
          />
        )}
      </div>
    </aside>
  );
}

function stored(): number | undefined {
  try {
    const width = Number(localStorage.getItem(KEY));
    return width >= 280 ? width : undefined;
  } catch {
    return undefined;
  }
}
