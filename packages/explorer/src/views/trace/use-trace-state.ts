import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { OpenTrace } from '../../client/trace-store.js';
import { formatIds, readIds, readPair, type TraceAddress } from '../../model/address.js';
import type { Area } from '../../model/trace/area-sums.js';
import { foldIndex, foldItem, isFold, layoutRows, type Rows, revealed, rowOfSpan } from '../../model/trace/rows.js';
import { clampWindow, showInWindow, type ViewWindow } from '../../model/trace/view-window.js';

export interface TraceState {
  readonly address: TraceAddress;
  readonly rows: Rows;
  readonly rowOf: Int32Array;
  /** A span (`>= 0`), a fold (`< 0`), or nothing. */
  readonly selected: number | undefined;
  readonly selectedRow: number;
  readonly view: ViewWindow;
  readonly area: Area | undefined;
  readonly closed: ReadonlySet<number>;
  readonly openFolds: ReadonlySet<number>;
  readonly matches: Uint32Array | undefined;
  readonly matchMask: Uint8Array | undefined;
  readonly select: (item: number | undefined) => void;
  /** Selects a span and opens whatever hides it. */
  readonly reveal: (span: number) => void;
  readonly setView: (view: ViewWindow) => void;
  readonly setArea: (area: Area | undefined) => void;
  readonly toggle: (item: number) => void;
  readonly closeAll: () => void;
  readonly openAll: () => void;
  readonly change: (patch: Partial<TraceAddress>) => void;
}

/** Everything about how the trace is looked at. It stands in the address; what moves under the hand is written there after it rests. */
export function useTraceState(trace: OpenTrace): TraceState {
  const { columns } = trace;
  const address = useSearch({ from: '/trace/$traceId' });
  const navigate = useNavigate({ from: '/trace/$traceId' });
  const change = useCallback(
    (patch: Partial<TraceAddress>) => {
      void navigate({ search: (before) => ({ ...before, ...patch }), replace: true, resetScroll: false });
    },
    [navigate],
  );

  const indexOf = useMemo(() => new Map(columns.spanIds.map((id, index) => [id, index])), [columns]);
  const foldIds = useMemo(() => columns.folds.map((fold) => fold.id), [columns]);
  const parents = useMemo(() => closable(columns), [columns]);
  const closed = useMemo(() => {
    const chosen = readIds(address.closed, columns.spanIds);
    return address.closed?.startsWith('*') === true ? new Set(parents.filter((span) => chosen.has(span))) : chosen;
  }, [address.closed, columns, parents]);
  const openFolds = useMemo(() => readIds(address.open, foldIds), [address.open, foldIds]);

  const matches = useMatches(trace, address.find);
  const matchMask = useMemo(() => {
    if (matches === undefined) return undefined;
    const mask = new Uint8Array(columns.count);
    for (const span of matches) mask[span] = 1;
    return mask;
  }, [matches, columns]);
  const keep = useMemo(() => {
    if (matches === undefined || address.only !== '1') return undefined;
    const mask = new Uint8Array(columns.count);
    for (const span of matches) for (let at = span; at >= 0 && mask[at] === 0; at = columns.parent[at]!) mask[at] = 1;
    return mask;
  }, [matches, address.only, columns]);

  const rows = useMemo(
    () => layoutRows(columns, { closed, open: openFolds, ...(keep !== undefined && { keep }) }),
    [columns, closed, openFolds, keep],
  );
  const rowOf = useMemo(() => rowOfSpan(columns, rows), [columns, rows]);

  const foldAt = address.fold === '1' && address.span !== undefined ? foldIds.indexOf(address.span) : -1;
  const foldSelected = foldAt < 0 ? undefined : foldItem(foldAt);
  const selectedSpan = address.span === undefined ? undefined : indexOf.get(address.span);
  const selected = foldSelected ?? selectedSpan;
  const selectedRow = useMemo(() => {
    if (selected === undefined) return -1;
    return isFold(selected) ? rows.item.indexOf(selected) : rowOf[selected]!;
  }, [selected, rows, rowOf]);

  const write = useCallback(
    (nextClosed: ReadonlySet<number>, nextOpen: ReadonlySet<number>): Partial<TraceAddress> => ({
      closed: formatIds(nextClosed, columns.spanIds, parents),
      open: formatIds(nextOpen, foldIds, [...foldIds.keys()]),
    }),
    [columns, parents, foldIds],
  );
  const select = useCallback(
    (item: number | undefined) => {
      if (item !== undefined && isFold(item)) {
        change({ span: columns.folds[foldIndex(item)]!.id, fold: '1' });
        return;
      }
      change({ span: item === undefined ? undefined : columns.spanIds[item]!, fold: undefined });
    },
    [change, columns],
  );
  const toggle = useCallback(
    (item: number) => {
      if (isFold(item)) change(write(closed, toggled(openFolds, foldIndex(item))));
      else change(write(toggled(closed, item), openFolds));
    },
    [change, write, closed, openFolds],
  );

  const { view, setView } = useViewWindow(address.zoom, columns.durationNano, change);
  const reveal = useCallback(
    (span: number) => {
      const opened = revealed(columns, span, { closed, open: openFolds });
      setView(
        showInWindow(view, columns.start[span]!, columns.start[span]! + columns.duration[span]!, columns.durationNano),
      );
      change({ span: columns.spanIds[span]!, fold: undefined, ...(opened && write(opened.closed, opened.open)) });
    },
    [change, write, closed, openFolds, columns, setView, view],
  );

  const area = useMemo(() => {
    if (address.area === undefined) return undefined;
    const [from, to, firstRow, lastRow] = address.area.split('-').map(Number) as [number, number, number, number];
    return to > from && firstRow < rows.length
      ? { from, to, firstRow, lastRow: Math.min(lastRow, rows.length - 1) }
      : undefined;
  }, [address.area, rows.length]);

  return {
    address,
    rows,
    rowOf,
    selected,
    selectedRow,
    view,
    area,
    closed,
    openFolds,
    matches,
    matchMask,
    select,
    reveal,
    setView,
    setArea: useCallback(
      (next: Area | undefined) =>
        change({
          area:
            next === undefined
              ? undefined
              : `${Math.round(next.from)}-${Math.round(next.to)}-${next.firstRow}-${next.lastRow}`,
        }),
      [change],
    ),
    toggle,
    closeAll: useCallback(() => change({ closed: '*', open: undefined }), [change]),
    openAll: useCallback(() => change({ closed: undefined, open: '*' }), [change]),
    change,
  };
}

function toggled<T>(set: ReadonlySet<T>, one: T): Set<T> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** Spans below a root that have children: what "close all" closes. */
function closable(columns: OpenTrace['columns']): number[] {
  const found: number[] = [];
  for (let span = 0; span < columns.count; span++) {
    if (columns.descendants[span]! > 0 && columns.parent[span]! >= 0) found.push(span);
  }
  return found;
}

function useMatches(trace: OpenTrace, find: string | undefined): Uint32Array | undefined {
  const [found, setFound] = useState<{ text: string; matches: Uint32Array } | undefined>(undefined);
  useEffect(() => {
    if (find === undefined) return setFound(undefined);
    let current = true;
    void trace.find(find).then((matches) => {
      if (current) setFound({ text: find, matches });
    });
    return () => {
      current = false;
    };
  }, [trace, find]);
  return find === undefined ? undefined : found?.matches;
}

function useViewWindow(
  zoom: string | undefined,
  durationNano: number,
  change: (patch: Partial<TraceAddress>) => void,
): { view: ViewWindow; setView: (view: ViewWindow) => void } {
  const whole = useMemo(() => clampWindow({ from: 0, to: durationNano }, durationNano), [durationNano]);
  const read = (): ViewWindow | undefined => {
    const pair = readPair(zoom);
    return pair && clampWindow(pair, durationNano);
  };
  // Undefined is the whole trace, also when more of it arrives.
  const [local, setLocal] = useState(read);
  const written = useRef(zoom);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only an address that somebody else changed is read back
  useEffect(() => {
    if (zoom === written.current) return;
    written.current = zoom;
    setLocal(read());
  }, [zoom]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const setView = useCallback(
    (next: ViewWindow) => {
      const all = next.from <= whole.from && next.to >= whole.to;
      setLocal(all ? undefined : next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        const text = all ? undefined : `${Math.round(next.from)}-${Math.round(next.to)}`;
        if (text === written.current) return;
        written.current = text;
        change({ zoom: text });
      }, 200);
    },
    [change, whole],
  );
  return { view: local ?? whole, setView };
}
