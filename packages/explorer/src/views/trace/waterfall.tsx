import {
  type CSSProperties,
  type PointerEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { formatDuration } from '../../model/format.js';
import type { TraceColumns } from '../../model/trace/columns.js';
import type { LogMark } from '../../model/trace/log-marks.js';
import { foldIndex, isFold } from '../../model/trace/rows.js';
import { panWindow, zoomWindow } from '../../model/trace/view-window.js';
import { Button } from '../../parts/controls.js';
import { useSize } from '../../parts/use-size.js';
import { BarTip } from './bar-tip.js';
import type { CanvasColours } from './colours.js';
import { drawWaterfall, timeTicks } from './draw-waterfall.js';
import { ROW } from './scene.js';
import { SplitHandle, useSplit } from './split-handle.js';
import { useCanvas } from './use-canvas.js';
import type { TraceState } from './use-trace-state.js';
import { useWheel } from './use-wheel.js';
import styles from './waterfall.module.css';
import { WaterfallRow } from './waterfall-row.js';

interface Props {
  readonly columns: TraceColumns;
  readonly colours: CanvasColours;
  readonly logs: ReadonlyMap<number, readonly LogMark[]>;
  readonly state: TraceState;
}

/** Room for the last label beside the longest bar. */
const RIGHT_AIR = 12;

/**
 * The tree left, the bars right. Rows are text in the document, so that they are read aloud, selected and found; bars are one canvas
 * under them. Both stand in one fixed stage and move in the same frame: the scroller only says how far.
 */
export function Waterfall({ columns, colours, logs, state }: Props) {
  const { rows, rowOf, view, selectedRow, matchMask } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ruler = useRef<HTMLDivElement>(null);
  const size = useSize(scroller);
  const gridId = useId();
  const [scrollTop, setScrollTop] = useState(0);
  const [hover, setHover] = useState<{ readonly row: number; readonly x: number; readonly y: number } | undefined>(
    undefined,
  );
  const [dragArea, setDragArea] = useState<TraceState['area']>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: kept between frames, but only for the spans they were found for
  const segments = useMemo(() => new Map<number, Float64Array>(), [columns]);
  const { split, setSplit } = useSplit(size.width);
  const width = size.width;
  const height = size.height;
  const barsWidth = Math.max(1, width - split - RIGHT_AIR);
  const top = Math.min(scrollTop, Math.max(0, rows.length * ROW - height));

  const area = dragArea ?? state.area;
  useCanvas(
    canvas,
    width,
    height,
    (context) =>
      drawWaterfall(context, {
        columns,
        rows,
        rowOf,
        colours,
        width: width - RIGHT_AIR,
        fullWidth: width,
        height,
        split,
        scrollTop: top,
        view,
        selectedRow,
        hoveredRow: hover?.row ?? -1,
        matches: matchMask,
        path: state.address.path !== '0',
        area,
        logs,
        segments,
      }),
    [
      columns,
      rows,
      rowOf,
      colours,
      split,
      top,
      view,
      selectedRow,
      hover?.row,
      matchMask,
      state.address.path,
      area,
      logs,
    ],
  );

  // Who came by key or by link reads on here; a field that has the focus keeps it.
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) scroller.current?.focus({ preventScroll: true });
  }, []);

  // The selected row is always seen.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || selectedRow < 0 || height === 0) return;
    const y = selectedRow * ROW;
    if (y < element.scrollTop) element.scrollTop = Math.max(0, y - ROW);
    else if (y + ROW > element.scrollTop + height) element.scrollTop = y - height + 2 * ROW;
  }, [selectedRow, height]);

  const timeAt = (x: number): number => view.from + ((x - split) / barsWidth) * (view.to - view.from);
  const rowAt = (y: number): number => Math.floor((y + top) / ROW);
  const whole = columns.durationNano;
  const { setView } = state;
  useWheel(stage, (event, box) => {
    if (event.ctrlKey || event.metaKey) {
      setView(
        zoomWindow(view, Math.exp(event.deltaY * 0.004), timeAt(Math.max(split, event.clientX - box.left)), whole),
      );
      return true;
    }
    const across = event.shiftKey ? event.deltaY : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (across === 0) return false;
    setView(panWindow(view, (across / barsWidth) * (view.to - view.from), whole));
    return true;
  });
  useWheel(ruler, (event, box) => {
    setView(zoomWindow(view, Math.exp(event.deltaY * 0.003), timeAt(event.clientX - box.left + split), whole));
    return true;
  });

  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0 || !(event.target instanceof HTMLCanvasElement)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const row = rowAt(y);
    const panning = event.shiftKey;
    const before = view;
    const target = event.currentTarget;
    let moved = false;
    target.setPointerCapture(event.pointerId);
    let marked: TraceState['area'];
    const move = (to: globalThis.PointerEvent): void => {
      const dx = to.clientX - event.clientX;
      const dy = to.clientY - event.clientY;
      if (!moved && Math.abs(dx) < 4 && Math.abs(dy) < 4) return;
      moved = true;
      setHover(undefined);
      if (panning) setView(panWindow(before, (-dx / barsWidth) * (before.to - before.from), whole));
      if (panning || x < split) return;
      const at = Math.max(split, Math.min(split + barsWidth, to.clientX - box.left));
      const end = Math.max(0, Math.min(rows.length - 1, rowAt(to.clientY - box.top)));
      const times = [timeAt(x), timeAt(at)].sort((a, b) => a - b) as [number, number];
      marked = { from: times[0], to: times[1], firstRow: Math.min(row, end), lastRow: Math.max(row, end) };
      setDragArea(marked);
    };
    const up = (): void => {
      target.removeEventListener('pointermove', move);
      target.removeEventListener('pointerup', up);
      target.removeEventListener('pointercancel', up);
      setDragArea(undefined);
      if (marked !== undefined) state.setArea(marked);
      else if (!moved && row < rows.length) {
        if (state.area !== undefined) state.setArea(undefined);
        state.select(rows.item[row]);
      }
    };
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', up);
    target.addEventListener('pointercancel', up);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const row = rowAt(event.clientY - box.top);
    const x = event.clientX - box.left;
    setHover(row >= 0 && row < rows.length ? { row, x, y: event.clientY - box.top } : undefined);
  };

  const first = Math.max(0, Math.floor(top / ROW) - 1);
  const last = Math.min(rows.length - 1, Math.ceil((top + height) / ROW) + 1);
  const visible: number[] = [];
  for (let row = first; row <= last; row++) visible.push(row);
  const hoveredItem = hover === undefined ? undefined : rows.item[hover.row];

  return (
    <section className={styles.waterfall} aria-label="Waterfall" style={{ '--split': `${split}px` } as CSSProperties}>
      <div className={styles.head}>
        <div className={styles.treeHead}>
          <span>{rows.length === columns.count ? 'Spans' : `${rows.length.toLocaleString('en')} rows`}</span>
          <span className={styles.headButtons}>
            <Button onClick={state.openAll} title="Open all ( ] )">
              Open all
            </Button>
            <Button onClick={state.closeAll} title="Close all ( [ )">
              Close all
            </Button>
          </span>
        </div>
        <div ref={ruler} className={styles.ruler} aria-hidden="true">
          {timeTicks(view, barsWidth).map((tick) => {
            const left = ((tick - view.from) / (view.to - view.from)) * barsWidth;
            return (
              <span key={tick} style={{ left }}>
                {left < barsWidth - 44 && formatDuration(tick)}
              </span>
            );
          })}
        </div>
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        role="treegrid"
        aria-label="Spans of this trace"
        aria-rowcount={rows.length}
        aria-readonly="true"
        aria-activedescendant={selectedRow >= first && selectedRow <= last ? `${gridId}-${selectedRow}` : undefined}
        tabIndex={0}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <div style={{ height: rows.length * ROW, minHeight: '100%' }} role="presentation">
          <div
            ref={stage}
            className={styles.stage}
            style={{ height }}
            role="presentation"
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerLeave={() => setHover(undefined)}
          >
            <canvas ref={canvas} className={styles.canvas} style={{ width, height }} />
            {visible.map((row) => (
              <WaterfallRow
                key={rows.item[row]}
                id={`${gridId}-${row}`}
                row={row}
                item={rows.item[row]!}
                level={rows.depth[row]!}
                top={row * ROW - top}
                columns={columns}
                selected={row === selectedRow}
                open={
                  isFold(rows.item[row]!)
                    ? state.openFolds.has(foldIndex(rows.item[row]!))
                    : !state.closed.has(rows.item[row]!)
                }
                matched={!isFold(rows.item[row]!) && matchMask?.[rows.item[row]!] === 1}
                faded={matchMask !== undefined && !isFold(rows.item[row]!) && matchMask[rows.item[row]!] !== 1}
                onSelect={state.select}
                onToggle={state.toggle}
              />
            ))}
            {hoveredItem !== undefined && hover !== undefined && hover.x > split && dragArea === undefined && (
              <BarTip columns={columns} item={hoveredItem} x={hover.x} y={hover.y} width={width} height={height} />
            )}
          </div>
        </div>
      </div>
      <SplitHandle split={split} width={width} onSplit={setSplit} />
    </section>
  );
}
