import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { api } from '../../client/api.js';
import { statusQuery } from '../../client/queries.js';
import { formatSelection, readSelection, type SearchAddress } from '../../model/address.js';
import { type NewClause, toggledClause, withClause } from '../../model/filter-clauses.js';
import {
  type AbsoluteRange,
  absoluteRange,
  formatTimeSearch,
  parseTimeSearch,
  timeOf,
} from '../../model/time-range.js';
import { useCommands } from '../../parts/commands.js';
import { useLastSearch } from '../../parts/last-search.js';
import { useNow } from '../../parts/now.js';
import { DifferencesPanel } from './differences-panel.js';
import { QueryBar, type QueryBarHandle } from './query-bar.js';
import styles from './search-view.module.css';
import { ServicesRail } from './services-rail.js';
import { TraceList } from './trace-list.js';

// The frame and the list come first; the chart's library follows.
const ActivityChart = lazy(() => import('./activity-chart.js').then((module) => ({ default: module.ActivityChart })));
const FirstSteps = lazy(() => import('../../parts/first-steps.js').then((module) => ({ default: module.FirstSteps })));

export function SearchView() {
  const address = useSearch({ from: '/' });
  const navigate = useNavigate({ from: '/' });
  const { nowMs, refresh } = useNow();
  const status = useQuery(statusQuery());
  const lastSearch = useLastSearch();
  useEffect(() => {
    lastSearch.current = address;
  }, [address, lastSearch]);
  const queryBar = useRef<QueryBarHandle>(null);

  const change = (patch: Partial<SearchAddress>, replace = false): void => {
    void navigate({ search: (before) => ({ ...before, ...patch }), replace });
  };
  const q = address.q ?? '';
  const range = parseTimeSearch(address);
  const selection = readSelection(address.sel);
  const asked = { q, range, nowMs };
  const filter = (clause: NewClause, how: 'toggle' | 'add'): void =>
    change({ q: how === 'toggle' ? toggledClause(q, clause) : withClause(q, clause), at: undefined });
  const zoomIn = (): void => {
    if (selection === undefined) return;
    change({
      ...formatTimeSearch({ kind: 'between', fromMs: selection.startMs, toMs: selection.endMs }),
      sel: undefined,
      than: undefined,
    });
  };

  /** From a point on the chart to the trace behind it. */
  const openSlowest = async (stretch: AbsoluteRange): Promise<void> => {
    const answer = await api.traces({ q, range: stretch, sort: 'slowest', limit: 1 }).catch(() => undefined);
    const trace = answer?.traces[0];
    // What went wrong, or is gone by now, the list says better: the stretch is marked instead.
    if (trace === undefined) return change({ sel: formatSelection(stretch), at: undefined });
    await navigate({
      to: '/trace/$traceId',
      params: { traceId: trace.traceId },
      search: { ...timeOf(address), span: trace.matched[0]?.spanId },
    });
  };

  useCommands([
    {
      id: 'search',
      group: 'Search',
      label: 'Write a filter',
      keys: ['/', 'mod+b'],
      run: () => queryBar.current?.focus(),
    },
    {
      id: 'errors',
      group: 'Search',
      label: 'Only traces with errors, or all',
      keys: ['e'],
      run: () => filter({ field: 'status', operator: '=', value: 'error' }, 'toggle'),
    },
    {
      id: 'sort',
      group: 'Search',
      label: address.sort === 'slowest' ? 'Newest first' : 'Slowest first',
      keys: ['o'],
      run: () => change({ sort: address.sort === 'slowest' ? undefined : 'slowest', at: undefined }),
    },
    { id: 'zoom', group: 'Search', label: 'Zoom in to the marked time', keys: ['z'], run: zoomIn },
    {
      id: 'unmark',
      group: 'Search',
      label: 'Take the mark off the chart',
      keys: ['Escape'],
      run: () => change({ sel: undefined, than: undefined }),
    },
    {
      id: 'rows',
      group: 'Search',
      label: 'Next and previous trace',
      keys: ['ArrowDown', 'ArrowUp', 'j', 'k', 'PageDown', 'PageUp', 'Home', 'End'],
      local: true,
    },
    { id: 'open', group: 'Search', label: 'Open the trace', keys: ['Enter'], local: true },
  ]);

  // The first span turns the empty page into data.
  const empty = status.data?.spans === 0;
  const wasEmpty = useRef(false);
  useEffect(() => {
    if (empty) wasEmpty.current = true;
    else if (wasEmpty.current && status.data !== undefined) {
      wasEmpty.current = false;
      // Who is on the tour stays on it while it fills in.
      if (status.data.tour !== undefined) void navigate({ to: '/tour' });
      refresh();
    }
  }, [empty, status.data, refresh, navigate]);
  if (empty && status.data !== undefined) {
    return (
      <Suspense>
        <FirstSteps status={status.data} waiting />
      </Suspense>
    );
  }

  return (
    <div className={styles.view}>
      <QueryBar
        ref={queryBar}
        asked={asked}
        onChange={(next) => change({ q: next === '' ? undefined : next, at: undefined })}
      />
      <ServicesRail asked={asked} onFilter={filter} />
      <Suspense fallback={<div className={styles.chart} />}>
        <ActivityChart
          asked={asked}
          selection={selection}
          onSelect={(next) =>
            change({
              sel: next === undefined ? undefined : formatSelection(next),
              at: undefined,
            })
          }
          onSlowest={(stretch) => void openSlowest(stretch)}
        />
      </Suspense>
      <TraceList
        asked={asked}
        address={address}
        selection={selection}
        range={absoluteRange(range, nowMs)}
        change={change}
      />
      {selection !== undefined && (
        <DifferencesPanel
          asked={asked}
          selection={selection}
          than={address.than}
          onThan={(than) => change({ than }, true)}
          onFilter={filter}
          onZoom={zoomIn}
          onClose={() => change({ sel: undefined, than: undefined })}
        />
      )}
    </div>
  );
}
