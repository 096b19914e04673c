import { useInfiniteQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { LogFilter } from '../../client/api.js';
import { type Asked, logsQuery } from '../../client/queries.js';
import type { LogsAddress } from '../../model/address.js';
import type { LogRecordDetail, ResourceDetail } from '../../model/shapes.js';
import { Button, Notice } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { LastWeek } from '../../parts/last-week.js';
import { useNow } from '../../parts/now.js';
import { useNextPage } from '../../parts/use-next-page.js';
import { LogItem } from './log-item.js';
import styles from './logs-view.module.css';

interface Props {
  readonly filter: LogFilter;
  readonly asked: Omit<Asked, 'q'>;
  readonly open: string | undefined;
  readonly change: (patch: Partial<LogsAddress>) => void;
}

export interface ListedRecord {
  /** Its time, and which one of that time: what the address calls it by. */
  readonly key: string;
  readonly record: LogRecordDetail;
  readonly resource: ResourceDetail;
}

const ROW = 24;

export function LogList({ filter, asked, open, change }: Props) {
  const { live, setHeld } = useNow();
  const scroller = useRef<HTMLDivElement>(null);
  const query = useInfiniteQuery(logsQuery(filter, asked));
  const records = useMemo(() => listed(query.data?.pages ?? []), [query.data]);
  const rows = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 16,
    getItemKey: (row) => records[row]?.key ?? row,
  });
  const items = rows.getVirtualItems();
  useNextPage(query, items, records.length);

  if (query.isError && records.length === 0) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (query.isSuccess && records.length === 0) {
    const filtered = Object.values(filter).some((value) => value !== undefined);
    return (
      <Notice
        role="status"
        title={filtered ? 'No log record matches' : 'No log records in this time'}
        actions={
          <>
            {filtered && (
              <Button
                look="framed"
                onClick={() =>
                  change({ q: undefined, severity: undefined, service: undefined, trace: undefined, span: undefined })
                }
              >
                All records
              </Button>
            )}
            <LastWeek change={change} />
          </>
        }
      />
    );
  }
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
        data-old={query.isPlaceholderData || undefined}
        onScroll={(event) => live && setHeld(event.currentTarget.scrollTop > ROW * 4)}
      >
        <ol aria-label="Log records" style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const listedRecord = records[item.index]!;
            return (
              <LogItem
                key={item.key}
                listed={listedRecord}
                index={item.index}
                measure={rows.measureElement}
                offset={item.start}
                open={open === listedRecord.key}
                change={change}
              />
            );
          })}
        </ol>
      </div>
    </>
  );
}

function listed(
  pages: readonly { readonly records: readonly LogRecordDetail[]; readonly resources: readonly ResourceDetail[] }[],
): readonly ListedRecord[] {
  let time = '';
  let place = 0;
  return pages.flatMap(({ records, resources }) =>
    records.map((record) => {
      place = record.timeUnixNano === time ? place + 1 : 0;
      time = record.timeUnixNano;
      return { key: `${time}-${place}`, record, resource: resources[record.resource]! };
    }),
  );
}
