import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { LogFilter } from '../../client/api.js';
import { type Asked, logsQuery } from '../../client/queries.js';
import type { LogsAddress } from '../../model/address.js';
import { listRecords } from '../../model/log-list.js';
import type { AbsoluteRange } from '../../model/time-range.js';
import { Failure } from '../../parts/failure.js';
import { useNow } from '../../parts/now.js';
import { useNextPage } from '../../parts/use-next-page.js';
import { NoRecords } from './no-records.js';
import { RecordRows } from './record-rows.js';

interface Props {
  readonly filter: LogFilter;
  readonly asked: Omit<Asked, 'q'> & { readonly selection: AbsoluteRange | undefined };
  readonly open: string | undefined;
  readonly change: (patch: Partial<LogsAddress>) => void;
}

const LIVE_AWAY = 96;

/** The records of the time that is looked at, page by page as they are scrolled to. */
export function LogList({ filter, asked, open, change }: Props) {
  const { live, setHeld } = useNow();
  const [last, setLast] = useState(0);
  const query = useInfiniteQuery(logsQuery(filter, asked));
  const records = useMemo(() => listRecords(query.data?.pages ?? []), [query.data]);
  useNextPage(query, [{ index: last }], records.length);
  if (query.isError && records.length === 0) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (query.isSuccess && records.length === 0) return <NoRecords filter={filter} change={change} />;
  return (
    <RecordRows
      label="Log records"
      records={records}
      open={open}
      change={change}
      old={query.isPlaceholderData}
      onScroll={(top) => live && setHeld(top > LIVE_AWAY)}
      onShow={setLast}
    />
  );
}
