import { PATH_AT, ROW, type Scene, xOf } from './scene.js';

interface Visit {
  readonly row: number;
  readonly left: number;
  right: number;
}

/** A stay in a row shorter than this does not draw the line there and back: zoomed out it would only be hatching. Pixels. */
const SHORTEST_VISIT = 3;

/** One line through the rows, from the first thing that mattered to the last. */
export function drawPath(context: CanvasRenderingContext2D, scene: Scene, first: number, last: number): void {
  const { colours, scrollTop } = scene;
  const levelOf = (row: number): number => row * ROW - scrollTop + PATH_AT;
  const all = pathVisits(scene);
  context.strokeStyle = colours.path;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const { row, left, right } of all) {
    if (row < first || row > last) continue;
    context.moveTo(left, levelOf(row));
    context.lineTo(right, levelOf(row));
  }
  context.stroke();

  // The ways between rows are finer: they only join what matters.
  context.lineWidth = 1;
  context.globalAlpha = 0.6;
  context.beginPath();
  let before: Visit | undefined;
  for (const visit of all) {
    if (visit.right - visit.left < SHORTEST_VISIT) continue;
    if (before !== undefined && before.row !== visit.row) {
      const { row } = before;
      if (Math.max(row, visit.row) >= first && Math.min(row, visit.row) <= last) {
        // Upright where one follows the other; aslant over stays too short to be drawn.
        const upright = visit.left - before.right < 1;
        const x = Math.round(visit.left) + 0.5;
        context.moveTo(upright ? x : before.right, levelOf(row));
        context.lineTo(x, levelOf(visit.row));
      }
    }
    before = visit;
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** The path as stays in rows, left to right, for the time that is shown. */
function pathVisits(scene: Scene): readonly Visit[] {
  const { columns, rowOf, view } = scene;
  const { criticalSpan, criticalStart, criticalEnd } = columns;
  const visits: Visit[] = [];
  for (let index = lowerBound(criticalEnd, view.from); index < criticalSpan.length; index++) {
    if (criticalStart[index]! > view.to) break;
    const row = rowOf[criticalSpan[index]!]!;
    const left = xOf(scene, criticalStart[index]!);
    const right = xOf(scene, criticalEnd[index]!);
    const before = visits[visits.length - 1];
    if (before !== undefined && before.row === row && left - before.right < 1) before.right = right;
    else visits.push({ row, left, right });
  }
  return visits;
}

function lowerBound(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
