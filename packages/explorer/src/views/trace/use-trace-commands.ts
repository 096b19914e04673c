import { useQueryClient } from '@tanstack/react-query';
import { type RefObject, useMemo } from 'react';
import type { OpenTrace } from '../../client/trace-store.js';
import { SpanFlag } from '../../model/trace/columns.js';
import { foldIndex, isFold } from '../../model/trace/rows.js';
import { fitWindow, panWindow, zoomWindow } from '../../model/trace/view-window.js';
import { type Command, useCommands } from '../../parts/commands.js';
import type { TraceState } from './use-trace-state.js';

const PAN = 0.15;
const ZOOM = 0.75;

/** Jaeger's and Perfetto's keys, and a tree's own. */
export function useTraceCommands(
  trace: OpenTrace,
  state: TraceState,
  findField: RefObject<HTMLInputElement | null>,
): void {
  const queries = useQueryClient();
  const again = (): void => void queries.refetchQueries({ queryKey: ['trace', trace.columns.traceId] });
  const { columns } = trace;
  const { rows, selected, selectedRow, view } = state;
  const whole = columns.durationNano;
  const width = view.to - view.from;

  const step = (by: number): void => {
    const next = Math.max(
      0,
      Math.min(rows.length - 1, selectedRow < 0 ? (by > 0 ? 0 : rows.length - 1) : selectedRow + by),
    );
    state.select(rows.item[next]);
  };
  const go = (row: number): void => state.select(rows.item[row]);
  const match = (by: 1 | -1): void => {
    const { matches } = state;
    if (matches === undefined || matches.length === 0) return;
    const at = selected === undefined || isFold(selected) ? -1 : selected;
    const after = matches.findIndex((span) => span > at);
    const before = matches.findLastIndex((span) => span < at);
    const next = by > 0 ? (after < 0 ? 0 : after) : before < 0 ? matches.length - 1 : before;
    state.reveal(matches[next]!);
  };
  const errors = useMemo(() => {
    const found: number[] = [];
    for (let span = 0; span < columns.count; span++) if (columns.flags[span]! & SpanFlag.errorSource) found.push(span);
    return found;
  }, [columns]);
  const open =
    selected !== undefined &&
    (isFold(selected) ? state.openFolds.has(foldIndex(selected)) : !state.closed.has(selected));
  const hasBelow = selected !== undefined && (isFold(selected) || columns.descendants[selected]! > 0);

  const commands: Command[] = [
    {
      id: 'find',
      group: 'Trace',
      label: 'Search inside this trace',
      keys: ['/', 'mod+b'],
      run: () => findField.current?.select(),
    },
    { id: 'next-match', group: 'Trace', label: 'Next match', keys: ['n'], run: () => match(1) },
    { id: 'previous-match', group: 'Trace', label: 'Previous match', keys: ['N'], run: () => match(-1) },
    { id: 'next-row', group: 'Trace', label: 'Next span', keys: ['ArrowDown', 'f', '.', 'j'], run: () => step(1) },
    {
      id: 'previous-row',
      group: 'Trace',
      label: 'Previous span',
      keys: ['ArrowUp', 'b', ',', 'k'],
      run: () => step(-1),
    },
    { id: 'page-down', group: 'Trace', label: 'A page down', keys: ['PageDown'], run: () => step(20) },
    { id: 'page-up', group: 'Trace', label: 'A page up', keys: ['PageUp'], run: () => step(-20) },
    { id: 'first-row', group: 'Trace', label: 'First span', keys: ['Home'], run: () => go(0) },
    { id: 'last-row', group: 'Trace', label: 'Last span', keys: ['End'], run: () => go(rows.length - 1) },
    {
      id: 'open-row',
      group: 'Trace',
      label: 'Open its children',
      keys: ['ArrowRight'],
      run: () => {
        if (selected === undefined || (hasBelow && open)) step(1);
        else if (hasBelow) state.toggle(selected);
      },
    },
    {
      id: 'close-row',
      group: 'Trace',
      label: 'Close its children, or go to its parent',
      keys: ['ArrowLeft'],
      run: () => {
        if (selected === undefined) return;
        if (hasBelow && open) state.toggle(selected);
        else if (isFold(selected)) state.select(columns.folds[foldIndex(selected)]!.parent);
        else if (columns.parent[selected]! >= 0) state.select(columns.parent[selected]!);
      },
    },
    { id: 'open-all', group: 'Trace', label: 'Open all', keys: [']'], run: state.openAll },
    { id: 'close-all', group: 'Trace', label: 'Close all', keys: ['['], run: state.closeAll },
    {
      id: 'zoom-in',
      group: 'Trace',
      label: 'Zoom in',
      keys: ['w', '+', '='],
      run: () => state.setView(zoomWindow(view, ZOOM, centre(), whole)),
    },
    {
      id: 'zoom-out',
      group: 'Trace',
      label: 'Zoom out',
      keys: ['s', '-'],
      run: () => state.setView(zoomWindow(view, 1 / ZOOM, centre(), whole)),
    },
    {
      id: 'pan-left',
      group: 'Trace',
      label: 'Move left',
      keys: ['a'],
      run: () => state.setView(panWindow(view, -width * PAN, whole)),
    },
    {
      id: 'pan-right',
      group: 'Trace',
      label: 'Move right',
      keys: ['d'],
      run: () => state.setView(panWindow(view, width * PAN, whole)),
    },
    {
      id: 'fit',
      group: 'Trace',
      label: 'Fit the selected span, or the marked area',
      keys: ['F', 'z'],
      run: () => {
        const { area } = state;
        if (area !== undefined) state.setView(fitWindow(area.from, area.to, whole));
        else if (selected !== undefined) state.setView(fitOf());
      },
    },
    {
      id: 'whole',
      group: 'Trace',
      label: 'Show the whole trace',
      keys: ['0'],
      run: () => state.setView({ from: 0, to: whole }),
    },
    { id: 'again', group: 'Trace', label: 'Read the trace again', keys: ['r'], run: again },
    {
      id: 'path',
      group: 'Trace',
      label: 'Critical path on or off',
      keys: ['c'],
      run: () => state.change({ path: state.address.path === '0' ? undefined : '0' }),
    },
    {
      id: 'error',
      group: 'Trace',
      label: 'Next error, where it began',
      keys: ['e'],
      run: () => {
        const at = selected === undefined || isFold(selected) ? -1 : selected;
        const next = errors.find((span) => span > at) ?? errors[0];
        if (next !== undefined) state.reveal(next);
      },
    },
    {
      id: 'leave',
      group: 'Trace',
      label: 'Take away the mark, then the details',
      keys: ['Escape'],
      run: () => {
        if (state.area !== undefined) state.setArea(undefined);
        else state.select(undefined);
      },
    },
  ];
  useCommands(commands);

  function centre(): number {
    if (selected === undefined || isFold(selected)) return (view.from + view.to) / 2;
    const middle = columns.start[selected]! + columns.duration[selected]! / 2;
    return middle > view.from && middle < view.to ? middle : (view.from + view.to) / 2;
  }
  function fitOf() {
    if (isFold(selected!)) {
      const fold = columns.folds[foldIndex(selected!)]!;
      return fitWindow(fold.start, fold.end, whole);
    }
    const start = columns.start[selected!]!;
    return fitWindow(start, start + columns.duration[selected!]!, whole);
  }
}
