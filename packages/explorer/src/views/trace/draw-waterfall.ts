import { formatCount, formatDuration, niceStep } from '../../model/format.js';
import { SpanFlag, type TraceColumns } from '../../model/trace/columns.js';
import type { LogMark } from '../../model/trace/log-marks.js';
import { foldIndex, isFold } from '../../model/trace/rows.js';
import { selfSegments } from '../../model/trace/self-time.js';
import type { ViewWindow } from '../../model/trace/view-window.js';
import { drawPath } from './draw-path.js';
import { BAR, BAR_TOP, INDENT, ROW, type Scene, xOf } from './scene.js';

/** Times to label over `view`, at most one every ~90 px. */
export function timeTicks(view: ViewWindow, width: number): readonly number[] {
  const step = niceStep(view.to - view.from, Math.max(2, width / 90));
  const ticks: number[] = [];
  for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) ticks.push(tick);
  return ticks;
}

export function drawWaterfall(context: CanvasRenderingContext2D, scene: Scene): void {
  const { colours, width, height, split, scrollTop, rows } = scene;
  context.clearRect(0, 0, scene.fullWidth, height);
  const first = Math.max(0, Math.floor(scrollTop / ROW));
  const last = Math.min(rows.length - 1, Math.ceil((scrollTop + height) / ROW));

  for (const [row, fill] of [
    [scene.hoveredRow, colours.hover],
    [scene.selectedRow, colours.select],
  ] as const) {
    if (row < first || row > last) continue;
    context.fillStyle = fill;
    context.fillRect(0, row * ROW - scrollTop, scene.fullWidth, ROW);
  }
  drawGuides(context, scene, first, last);

  context.save();
  context.beginPath();
  context.rect(split, 0, scene.fullWidth - split, height);
  context.clip();
  context.fillStyle = colours.line;
  for (const tick of timeTicks(scene.view, width - split)) context.fillRect(Math.round(xOf(scene, tick)), 0, 1, height);
  context.font = `11px ${colours.sans}`;
  context.textBaseline = 'middle';
  for (let row = first; row <= last; row++) {
    const item = rows.item[row]!;
    const y = row * ROW - scrollTop;
    if (isFold(item)) drawFold(context, scene, foldIndex(item), y);
    else drawSpan(context, scene, item, y);
  }
  if (scene.path) drawPath(context, scene, first, last);
  for (let row = first; row <= last; row++) drawLabel(context, scene, row);
  if (scene.area !== undefined) drawArea(context, scene, scene.area);
  context.restore();

  context.fillStyle = colours.line;
  context.fillRect(split, 0, 1, height);
}

/** Lines of descent. Where a process begins the line has its service's colour, down to its last span: the band of that process. */
function drawGuides(context: CanvasRenderingContext2D, scene: Scene, first: number, last: number): void {
  const { columns, rows, colours, scrollTop, split } = scene;
  context.save();
  context.beginPath();
  context.rect(0, 0, split - 1, scene.height);
  context.clip();
  for (let row = first; row <= last; row++) {
    const item = rows.item[row]!;
    const y = row * ROW - scrollTop;
    let level = rows.depth[row]!;
    let at = isFold(item) ? columns.folds[foldIndex(item)]!.parent : columns.parent[item]!;
    if (!isFold(item) && startsProcess(columns, item)) {
      // Below the arrow that opens it; a process of one span has its whole row.
      const alone = columns.descendants[item] === 0;
      context.fillStyle = colours.strong[columns.service[item]!]!;
      context.fillRect(8 + level * INDENT + 5, y + (alone ? 4 : 19), 3, alone ? ROW - 8 : ROW - 19);
    }
    // Up the ancestors: each draws its line through this row, at its own depth.
    while (at >= 0 && level > 0) {
      const own = scene.rowOf[at]!;
      const ownLevel = own >= 0 && rows.item[own] === at ? rows.depth[own]! : level - 1;
      const x = 8 + ownLevel * INDENT;
      if (startsProcess(columns, at)) {
        context.fillStyle = colours.strong[columns.service[at]!]!;
        context.fillRect(x + 5, y, 3, ROW);
      } else {
        context.fillStyle = colours.lineStrong;
        context.fillRect(x + 6, y, 1, ROW);
      }
      level = ownLevel;
      at = columns.parent[at]!;
    }
  }
  context.restore();
}

export function startsProcess(columns: TraceColumns, span: number): boolean {
  const parent = columns.parent[span]!;
  return parent < 0 || columns.process[parent] !== columns.process[span];
}

/** It runs in a thread or module in which its parent does not. */
export function entersPlace(columns: Pick<TraceColumns, 'parent' | 'place'>, span: number): boolean {
  const parent = columns.parent[span]!;
  return parent < 0 || columns.place[parent] !== columns.place[span];
}

function drawSpan(context: CanvasRenderingContext2D, scene: Scene, span: number, y: number): void {
  const { columns, colours, width, split, view } = scene;
  const start = columns.start[span]!;
  const end = start + columns.duration[span]!;
  const service = columns.service[span]!;
  const failed = (columns.flags[span]! & SpanFlag.error) !== 0;
  const left = xOf(scene, start);
  const right = Math.max(left + 2, xOf(scene, end));
  const faded = scene.matches !== undefined && scene.matches[span] !== 1;
  if (right < split) return void pointAside(context, scene, y, 'left');
  if (left > width) return void pointAside(context, scene, y, 'right');
  context.globalAlpha = faded ? 0.3 : 1;
  const from = Math.max(left, split - 2);
  const to = Math.min(right, width + 2);
  context.fillStyle = colours.soft[service]!;
  context.fillRect(from, y + BAR_TOP, to - from, BAR);

  // Self time stands out from what children did; with children closed the bar still says where its own time went.
  context.fillStyle = colours.strong[service]!;
  const segments = segmentsOf(scene, span);
  for (let index = 0; index < segments.length; index += 2) {
    const segmentLeft = Math.max(xOf(scene, segments[index]!), from);
    const segmentRight = Math.min(Math.max(xOf(scene, segments[index + 1]!), segmentLeft + 1), to);
    if (segmentRight > segmentLeft) context.fillRect(segmentLeft, y + BAR_TOP, segmentRight - segmentLeft, BAR);
  }
  if (failed) {
    context.fillStyle = colours.error;
    context.fillRect(from, y + BAR_TOP - 3, to - from, 2);
  }
  for (let event = columns.eventOffset[span]!; event < columns.eventOffset[span + 1]!; event++) {
    const at = columns.eventTime[event]!;
    if (at < view.from || at > view.to) continue;
    const x = Math.round(xOf(scene, at));
    context.fillStyle = colours.ground;
    context.fillRect(x - 2, y + BAR_TOP - 2, 5, BAR + 4);
    context.fillStyle = columns.eventIsException[event] === 1 ? colours.error : colours.text;
    context.fillRect(x - 1, y + BAR_TOP - 3, 2, BAR + 6);
  }
  for (const mark of scene.logs.get(span) ?? []) {
    if (mark.at >= view.from && mark.at <= view.to) drawLogMark(context, scene, mark, y);
  }
  context.globalAlpha = 1;
}

/** A dot, where an event is a tick; also beside the bar, for what was written before or after its span. */
function drawLogMark(context: CanvasRenderingContext2D, scene: Scene, mark: LogMark, y: number): void {
  const { colours } = scene;
  const x = xOf(scene, mark.at);
  const middle = y + BAR_TOP + BAR / 2;
  context.fillStyle = colours.ground;
  context.beginPath();
  context.arc(x, middle, 4, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle =
    mark.loudness === 'error' ? colours.error : mark.loudness === 'warning' ? colours.warning : colours.text;
  context.beginPath();
  context.arc(x, middle, 2.5, 0, 2 * Math.PI);
  context.fill();
}

function segmentsOf(scene: Scene, span: number): Float64Array {
  let segments = scene.segments.get(span);
  if (segments === undefined) {
    segments = Float64Array.from(selfSegments(scene.columns, span));
    scene.segments.set(span, segments);
  }
  return segments;
}

/** The bar lies outside of what is shown: an arrow says at which side. */
function pointAside(context: CanvasRenderingContext2D, scene: Scene, y: number, side: 'left' | 'right'): void {
  context.fillStyle = scene.colours.text3;
  const x = side === 'left' ? scene.split + 6 : scene.width - 6;
  const to = side === 'left' ? 5 : -5;
  context.beginPath();
  context.moveTo(x, y + ROW / 2);
  context.lineTo(x + to, y + ROW / 2 - 4);
  context.lineTo(x + to, y + ROW / 2 + 4);
  context.fill();
}

/** The duration beside the bar where there is room, else over it. Drawn last, with some ground around, so that lines do not cross it. */
function drawLabel(context: CanvasRenderingContext2D, scene: Scene, row: number): void {
  const { columns, rows, colours, width, split } = scene;
  const item = rows.item[row]!;
  const fold = isFold(item) ? columns.folds[foldIndex(item)]! : undefined;
  const start = fold?.start ?? columns.start[item]!;
  const end = fold?.end ?? start + columns.duration[item]!;
  const left = xOf(scene, start);
  const right = Math.max(left + 2, xOf(scene, end));
  if (right < split || left > width) return;
  const failed = fold === undefined ? (columns.flags[item]! & SpanFlag.error) !== 0 : fold.errors > 0;
  const text =
    fold === undefined
      ? formatDuration(columns.duration[item]!)
      : `${formatCount(fold.members.length)} × ${formatDuration(fold.p50Nano)}, p95 ${formatDuration(fold.p95Nano)}`;
  const size = context.measureText(text).width;
  const middle = row * ROW - scene.scrollTop + BAR_TOP + BAR / 2 + 0.5;
  const outside = right + 6 + size < width - 2 ? right + 6 : left - 6 - size > split + 4 ? left - 6 - size : undefined;
  const x = outside ?? Math.min(right, width) - size - 8;
  const ground = row === scene.selectedRow ? colours.select : row === scene.hoveredRow ? colours.hover : colours.ground;
  context.globalAlpha = scene.matches !== undefined && fold === undefined && scene.matches[item] !== 1 ? 0.5 : 1;
  context.fillStyle = ground;
  context.fillRect(x - 3, middle - 6, size + 6, 12);
  context.fillStyle = failed ? colours.error : outside === undefined ? colours.text : colours.text2;
  context.fillText(text, x, middle);
  context.globalAlpha = 1;
}

/** Many spans in one row: at each pixel, how many of them run. */
function drawFold(context: CanvasRenderingContext2D, scene: Scene, index: number, y: number): void {
  const { columns, colours, width, split, view } = scene;
  const fold = columns.folds[index]!;
  const first = fold.members[0]!;
  const pixels = Math.ceil(width - split);
  const running = new Float32Array(pixels + 2);
  const scale = pixels / (view.to - view.from);
  for (const member of fold.members) {
    const from = (columns.start[member]! - view.from) * scale;
    const to = from + Math.max(1, columns.duration[member]! * scale);
    if (to < 0 || from > pixels) continue;
    running[Math.max(0, Math.floor(from))]! += 1;
    running[Math.min(pixels + 1, Math.ceil(to))]! -= 1;
  }
  let most = 0;
  let now = 0;
  for (let x = 0; x < pixels; x++) {
    now += running[x]!;
    running[x] = now;
    most = Math.max(most, now);
  }
  const failed = fold.errors > 0;
  const colour = colours.strong[columns.service[first]!]!;
  context.fillStyle = colour;
  for (let x = 0; x < pixels; x++) {
    if (running[x]! <= 0) continue;
    context.globalAlpha = 0.35 + 0.65 * (running[x]! / most);
    context.fillRect(split + x, y + BAR_TOP, 1, BAR);
  }
  context.globalAlpha = 1;
  const left = xOf(scene, fold.start);
  const right = xOf(scene, fold.end);
  if (failed) {
    context.fillStyle = colours.error;
    context.fillRect(Math.max(split, left), y + BAR_TOP - 3, Math.min(right, width) - Math.max(split, left), 2);
  }
}

function drawArea(context: CanvasRenderingContext2D, scene: Scene, area: NonNullable<Scene['area']>): void {
  const left = xOf(scene, area.from);
  const right = xOf(scene, area.to);
  const top = area.firstRow * ROW - scene.scrollTop;
  const bottom = (area.lastRow + 1) * ROW - scene.scrollTop;
  context.fillStyle = scene.colours.accent;
  context.globalAlpha = 0.14;
  context.fillRect(left, top, right - left, bottom - top);
  context.globalAlpha = 1;
  context.strokeStyle = scene.colours.accent;
  context.lineWidth = 1;
  context.strokeRect(
    Math.round(left) + 0.5,
    Math.round(top) + 0.5,
    Math.round(right - left),
    Math.round(bottom - top) - 1,
  );
}
