import { type PointerEvent, useMemo, useRef, useState } from 'react';
import { formatDuration } from '../../model/format.js';
import { SpanFlag, type TraceColumns } from '../../model/trace/columns.js';
import { clampWindow, panWindow, type ViewWindow, zoomWindow } from '../../model/trace/view-window.js';
import { useSize } from '../../parts/use-size.js';
import type { CanvasColours } from './colours.js';
import styles from './minimap.module.css';
import { useCanvas } from './use-canvas.js';
import { useWheel } from './use-wheel.js';

interface Props {
  readonly columns: TraceColumns;
  readonly colours: CanvasColours;
  readonly view: ViewWindow;
  readonly onView: (view: ViewWindow) => void;
}

const HEIGHT = 56;
const GRIP = 7;

/** All spans at their place. Drag over it to look at a part; drag the part, or one of its edges, to move it. */
export function Minimap({ columns, colours, view, onView }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(host);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | undefined>(undefined);
  const whole = Math.max(1, columns.durationNano);
  const picture = useMemo(() => ({ columns, colours }), [columns, colours]);
  useCanvas(canvas, width, HEIGHT, (context) => drawSpans(context, picture.columns, picture.colours, width), [picture]);

  const zoomed = view.from > 0 || view.to < whole;
  const shown = drag ?? (zoomed ? view : undefined);
  const left = shown === undefined ? 0 : (Math.min(shown.from, shown.to) / whole) * width;
  const right = shown === undefined ? width : (Math.max(shown.from, shown.to) / whole) * width;

  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return;
    const box = event.currentTarget.getBoundingClientRect();
    const timeAt = (x: number): number => Math.max(0, Math.min(whole, ((x - box.left) / width) * whole));
    const x = event.clientX - box.left;
    const begin = timeAt(event.clientX);
    const edge =
      zoomed && Math.abs(x - left) < GRIP ? 'left' : zoomed && Math.abs(x - right) < GRIP ? 'right' : undefined;
    const inside = zoomed && edge === undefined && x > left && x < right;
    const before = view;
    event.currentTarget.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent): void => {
      const at = timeAt(moved.clientX);
      if (edge === 'left') onView(clampWindow({ from: Math.min(at, before.to), to: before.to }, whole));
      else if (edge === 'right') onView(clampWindow({ from: before.from, to: Math.max(at, before.from) }, whole));
      else if (inside) onView(panWindow(before, at - begin, whole));
      else setDrag({ from: begin, to: at });
    };
    const target = event.currentTarget;
    const up = (released: globalThis.PointerEvent): void => {
      target.removeEventListener('pointermove', move);
      target.removeEventListener('pointerup', up);
      target.removeEventListener('pointercancel', up);
      setDrag(undefined);
      if (edge !== undefined || inside) return;
      const at = timeAt(released.clientX);
      if (Math.abs(released.clientX - event.clientX) > 3) {
        onView(clampWindow({ from: Math.min(begin, at), to: Math.max(begin, at) }, whole));
      }
    };
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', up);
    target.addEventListener('pointercancel', up);
  };
  useWheel(host, (event, box) => {
    const at = ((event.clientX - box.left) / box.width) * whole;
    onView(zoomWindow(view, Math.exp(event.deltaY * 0.002), at, whole));
    return true;
  });

  return (
    <div
      ref={host}
      className={styles.minimap}
      role="img"
      aria-label={`All ${columns.count} spans over ${formatDuration(columns.durationNano)}; shown below: ${formatDuration(view.from)} to ${formatDuration(view.to)}`}
      onPointerDown={onPointerDown}
      onDoubleClick={() => onView({ from: 0, to: whole })}
      title={zoomed ? 'Double click for the whole trace' : 'Drag to zoom in'}
    >
      <canvas ref={canvas} style={{ width, height: HEIGHT }} />
      {shown !== undefined && (
        <>
          <span className={styles.shade} style={{ left: 0, width: left }} />
          <span className={styles.shade} style={{ left: right, right: 0 }} />
          <span className={styles.window} style={{ left, width: Math.max(2, right - left) }} />
        </>
      )}
    </div>
  );
}

function drawSpans(
  context: CanvasRenderingContext2D,
  columns: TraceColumns,
  colours: CanvasColours,
  width: number,
): void {
  context.clearRect(0, 0, width, HEIGHT);
  const whole = Math.max(1, columns.durationNano);
  const room = HEIGHT - 8;
  const pitch = Math.min(5, room / columns.count);
  const size = Math.max(1, pitch - (pitch > 2 ? 1 : 0));
  const put = (span: number): void => {
    const x = (columns.start[span]! / whole) * width;
    const wide = Math.max(1, (columns.duration[span]! / whole) * width);
    context.fillRect(x, 4 + span * pitch, wide, size);
  };
  // Service by service, so that the colour is set a few times and not fifty thousand.
  const byService: number[][] = columns.services.map(() => []);
  const failed: number[] = [];
  for (let span = 0; span < columns.count; span++) {
    if (columns.flags[span]! & SpanFlag.errorSource) failed.push(span);
    byService[columns.service[span]!]!.push(span);
  }
  byService.forEach((spans, service) => {
    context.fillStyle = colours.strong[service]!;
    for (const span of spans) put(span);
  });
  context.fillStyle = colours.error;
  for (const span of failed) put(span);
}
