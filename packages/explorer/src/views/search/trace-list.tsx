// biome-ignore-all lint/a11y/useSemanticElements: a virtual list of thousands of rows is a grid by role, not a table element
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { type Asked, tracesQuery } from '../../client/queries.js';
import type { SearchAddress } from '../../model/address.js';
import { clausesOf, formatClause } from '../../model/filter-clauses.js';
import { formatBytes, formatCount, formatDuration, niceStep } from '../../model/format.js';
import type { TraceSummary } from '../../model/shapes.js';
import type { AbsoluteRange } from '../../model/time-range.js';
import { Button, Notice } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { LastWeek } from '../../parts/last-week.js';
import { useNow, useWallClock } from '../../parts/now.js';
import { useNextPage } from '../../parts/use-next-page.js';
import styles from './trace-list.module.css';
import { TraceRow } from './trace-row.js';

interface Props {
  readonly asked: Asked;
  readonly address: SearchAddress;
  readonly selection: AbsoluteRange | undefined;
  readonly range: AbsoluteRange;
  readonly change: (patch: Partial<SearchAddress>, replace?: boolean) => void;
}

const ROW = 24;

export function TraceList({ asked, address, selection, range, change }: Props) {
  const sort = address.sort ?? 'newest';
  const navigate = useNavigate({ from: '/' });
  const { setHeld, live } = useNow();
  const clock = useWallClock();
  const listId = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const queries = useQueryClient();
  const query = useInfiniteQuery(tracesQuery({ ...asked, sort, selection }));
  const traces = useMemo(() => query.data?.pages.flatMap((page) => page.traces) ?? [], [query.data]);
  const [at, setAt] = useState<string | undefined>(address.at);
  const index = at === undefined ? -1 : traces.findIndex((trace) => trace.traceId === at);

  const rows = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey: (row) => traces[row]?.traceId ?? row,
  });
  const items = rows.getVirtualItems();
  const { hasNextPage, isPlaceholderData } = query;
  useNextPage(query, items, traces.length);

  // Back from a trace: the list stands where it was left.
  const restored = useRef(false);
  useEffect(() => {
    if (restored.current || traces.length === 0) return;
    restored.current = true;
    if (index > 0) rows.scrollToIndex(index, { align: 'center' });
    if (address.at !== undefined) scroller.current?.focus({ preventScroll: true });
  }, [traces.length, index, rows, address.at]);
  // Whoever reads further down is not moved by what arrives.
  useEffect(() => () => setHeld(false), [setHeld]);

  const open = async (trace: TraceSummary | undefined): Promise<void> => {
    if (trace === undefined) return;
    // First the place in the list is written into this entry of the history, then the next one is made.
    await navigate({ search: (before) => ({ ...before, at: trace.traceId }), replace: true });
    const matchedSpan =
      asked.q !== '' && trace.matched[0]?.name !== trace.rootName ? trace.matched[0]?.spanId : undefined;
    await navigate({
      to: '/trace/$traceId',
      params: { traceId: trace.traceId },
      search: { last: address.last, from: address.from, to: address.to, span: matchedSpan },
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move !== undefined && traces.length > 0) {
      const next = Math.max(0, Math.min(traces.length - 1, (index < 0 ? (move > 0 ? -1 : 0) : index) + move));
      setAt(traces[next]?.traceId);
      rows.scrollToIndex(next, { align: 'auto' });
    } else if (event.key === 'Enter' && index >= 0) void open(traces[index]);
    else return;
    event.preventDefault();
  };

  const { scaleNano, cut, p50, p95, marks } = useMemo(() => durationScale(traces), [traces]);
  const stats = query.data?.pages[query.data.pages.length - 1]?.stats;

  return (
    <section className={styles.list} aria-label="Traces">
      <div className={styles.tools}>
        <h2>
          {query.isPending
            ? 'Reading…'
            : `${traces.length.toLocaleString('en')}${hasNextPage ? '+' : ''} ${traces.length === 1 ? 'trace' : 'traces'}`}
        </h2>
        {selection !== undefined && <span className={styles.note}>in the marked time</span>}
        {stats !== undefined && (
          <span className={styles.note}>
            {formatCount(stats.rowsRead)} rows, {formatBytes(stats.bytesRead)} read in {Math.round(stats.elapsedMs)} ms
          </span>
        )}
        {query.isFetching && (
          <span className={styles.busy} role="status">
            reading…
            <Button onClick={() => void queries.cancelQueries({ queryKey: ['traces'] })}>Stop</Button>
          </span>
        )}
        <span className={styles.space} />
        <div role="group" aria-label="Order" className={styles.order}>
          <Button on={sort === 'newest'} onClick={() => change({ sort: undefined, at: undefined })}>
            Newest
          </Button>
          <Button
            on={sort === 'slowest'}
            onClick={() => change({ sort: 'slowest', at: undefined })}
            title={`Traces with the longest ${asked.q === '' ? 'span' : 'matching span'} first`}
          >
            {asked.q === '' ? 'Slowest span' : 'Slowest match'}
          </Button>
        </div>
      </div>
      <div className={styles.head} aria-hidden="true">
        <span data-right>started</span>
        <span>trace</span>
        <span className={styles.scale}>
          duration{' '}
          {traces.length > 1 && (
            <i title={`Of the ${traces.length.toLocaleString('en')} traces in this list`}>
              p50 {formatDuration(p50)}, p95 {formatDuration(p95)}
            </i>
          )}
          <b>
            {traces.length > 0 && formatDuration(scaleNano)}
            {cut && ' and more'}
          </b>
        </span>
        <span data-right>spans</span>
        <span data-right>errors</span>
        <span>services</span>
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        data-old={isPlaceholderData || undefined}
        role="grid"
        aria-label="Traces found"
        aria-rowcount={hasNextPage ? -1 : traces.length}
        aria-activedescendant={index >= 0 ? `${listId}-${index}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={(event) => live && setHeld(event.currentTarget.scrollTop > ROW * 4)}
      >
        {query.isError && traces.length === 0 ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : query.isSuccess && traces.length === 0 ? (
          <NothingFound asked={asked} selected={selection !== undefined} change={change} />
        ) : (
          <div style={{ height: rows.getTotalSize(), position: 'relative' }} role="presentation">
            {items.map((item) => (
              <TraceRow
                key={item.key}
                id={`${listId}-${item.index}`}
                trace={traces[item.index]!}
                position={item.index}
                offset={item.start}
                current={item.index === index}
                scaleNano={scaleNano}
                marks={marks}
                nowMs={clock}
                rangeMs={range.endMs - range.startMs}
                filtered={asked.q !== ''}
                time={address}
                onOpen={(one) => void open(one)}
              />
            ))}
          </div>
        )}
      </div>
    </section>
  );
}

/** A trace so many times longer than nearly all others does not make their bars unreadable: its own is cut off instead. */
const OUTLIER = 3;

/** One scale for all bars: the longest trace loaded, or what holds all but outliers, rounded up. */
function durationScale(traces: readonly TraceSummary[]): {
  scaleNano: number;
  cut: boolean;
  p50: number;
  p95: number;
  marks: readonly number[];
} {
  if (traces.length === 0) return { scaleNano: 1, cut: false, p50: 0, p95: 0, marks: [] };
  const sorted = Float64Array.from(traces, (trace) => trace.durationNano).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  const longest = Math.max(1, sorted[sorted.length - 1]!);
  const most = Math.max(1, Math.min(longest, OUTLIER * at(0.9)));
  const step = niceStep(most, 10);
  const scaleNano = Math.ceil(most / step) * step;
  const marks = [at(0.5), at(0.95)].filter((mark) => mark <= scaleNano);
  return { scaleNano, cut: longest > scaleNano, p50: at(0.5), p95: at(0.95), marks };
}

function NothingFound({
  asked,
  selected,
  change,
}: {
  readonly asked: Asked;
  readonly selected: boolean;
  readonly change: Props['change'];
}) {
  const clauses = clausesOf(asked.q);
  const last = clauses[clauses.length - 1];
  return (
    <Notice
      role="status"
      title={asked.q === '' ? 'No traces in this time' : 'No trace matches all of these filters'}
      actions={
        <>
          {last !== undefined && (
            <Button
              look="framed"
              onClick={() => change({ q: clauses.slice(0, -1).map(formatClause).join(' ') || undefined })}
            >
              Without {formatClause(last)}
            </Button>
          )}
          {selected ? (
            <Button look="framed" onClick={() => change({ sel: undefined, than: undefined })}>
              In the whole time
            </Button>
          ) : (
            <LastWeek change={change} />
          )}
        </>
      }
    />
  );
}
