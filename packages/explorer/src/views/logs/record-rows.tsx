import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { LogsAddress } from '../../model/address.js';
import type { ListedRecord } from '../../model/log-list.js';
import { LogItem } from './log-item.js';
import styles from './logs-view.module.css';

interface Props {
  readonly label: string;
  readonly records: readonly ListedRecord[];
  readonly open: string | undefined;
  readonly change: (patch: Partial<LogsAddress>) => void;
  /** Pixels from the top. */
  readonly onScroll?: (top: number) => void;
  /** Which rows are on the screen. */
  readonly onShow?: (last: number) => void;
  readonly old?: boolean;
}

const ROW = 24;

/** Rows of records; only those on the screen are there. */
export function RecordRows({ label, records, open, change, onScroll, onShow, old }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 16,
    getItemKey: (row) => records[row]?.key ?? row,
  });
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => onShow?.(last), [last, onShow]);
  return (
    <>
      <div className={styles.head} aria-hidden="true">
        <span>time</span>
        <span>severity</span>
        <span>service</span>
        <span>body</span>
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        data-old={old || undefined}
        onScroll={(event) => onScroll?.(event.currentTarget.scrollTop)}
      >
        <ol aria-label={label} style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const listed = records[item.index];
            return (
              listed && (
                <LogItem
                  key={item.key}
                  listed={listed}
                  index={item.index}
                  measure={rows.measureElement}
                  offset={item.start}
                  open={open === listed.key}
                  change={change}
                />
              )
            );
          })}
        </ol>
      </div>
    </>
  );
}
