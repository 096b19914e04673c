import type { TraceColumns } from '../../model/trace/columns.js';
import type { LogMark } from '../../model/trace/log-marks.js';
import type { Rows } from '../../model/trace/rows.js';
import type { ViewWindow } from '../../model/trace/view-window.js';
import type { CanvasColours } from './colours.js';

export const ROW = 24;
export const INDENT = 14;
export const BAR_TOP = 6;
export const BAR = 11;
/** Where a row's line of the critical path runs, below its bar. */
export const PATH_AT = BAR_TOP + BAR + 2.5;

export interface Scene {
  readonly columns: TraceColumns;
  readonly rows: Rows;
  readonly rowOf: Int32Array;
  readonly colours: CanvasColours;
  /** To the right end of the bars' axis, and to the edge of the picture. */
  readonly width: number;
  readonly fullWidth: number;
  readonly height: number;
  /** Where the tree ends and the bars begin, in pixels. */
  readonly split: number;
  readonly scrollTop: number;
  readonly view: ViewWindow;
  readonly selectedRow: number;
  readonly hoveredRow: number;
  /** 1 for spans that match the search inside of the trace; undefined while nothing is searched for. */
  readonly matches: Uint8Array | undefined;
  readonly path: boolean;
  /** In rows and nanoseconds. */
  readonly area:
    | { readonly from: number; readonly to: number; readonly firstRow: number; readonly lastRow: number }
    | undefined;
  /** Log records by span. */
  readonly logs: ReadonlyMap<number, readonly LogMark[]>;
  /** Self-time segments by span, kept between frames. */
  readonly segments: Map<number, Float64Array>;
}

export function xOf({ view, width, split }: Pick<Scene, 'view' | 'width' | 'split'>, nano: number): number {
  return split + ((nano - view.from) / (view.to - view.from)) * (width - split);
}
