import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock } from '../model/format.js';
import { colourIndex, SERVICE_COLOURS } from '../model/service-colour.js';
import type { Theme } from './theme.js';

export interface PlotLine {
  /** What it is called; its colour follows from it, unless `colourOf` names another. */
  readonly name: string;
  readonly colourOf?: string | undefined;
  /** Of the period before. */
  readonly dashed?: boolean | undefined;
  readonly isError?: boolean | undefined;
  /** Beside another line that matters more: without a colour. */
  readonly isQuiet?: boolean | undefined;
  readonly values: readonly (number | null)[];
}

/** A moment to be marked, such as the first span of a version. */
export interface PlotMark {
  readonly ms: number;
  readonly label: string;
}

/** A measurement that can be opened. */
interface PlotDot {
  readonly ms: number;
  readonly value: number;
  readonly key: string;
}

interface Options {
  readonly lines: readonly PlotLine[];
  readonly firstMs: number;
  readonly stepMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  readonly axes: boolean;
  readonly format: (value: number) => string;
  /** What `lines` were made of: they are the same as long as it is. */
  readonly answer: unknown;
  readonly marks?: readonly PlotMark[];
  readonly dots?: readonly PlotDot[];
  readonly onDot?: (key: string) => void;
}

const AXIS_WIDTH = 72;
const DOT_RADIUS = 3.5;
/** A click so near a dot, in pixels, is on it. */
const DOT_REACH = 9;

const property = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over time, without axes where they are small. Made anew for a new width, theme or set of lines. */
export function useLinePlot(options: Options): RefObject<HTMLDivElement | null> {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(options);
  latest.current = options;
  const { answer, axes, dots, endMs, height, lines, marks, startMs, theme, width } = options;
  const names = lines.map(({ name, dashed }) => `${name}${dashed === true ? ' -' : ''}`).join('\n');

  // biome-ignore lint/correctness/useExhaustiveDependencies: the numbers are set into the plot that stands, below
  useLayoutEffect(() => {
    if (host.current === null || width === 0 || lines.length === 0) return;
    const made = new uPlot(plotOptions(latest), [[]], host.current);
    plot.current = made;
    fill(made, latest.current);
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [names, width, height, theme, axes]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what the plot shows
  useEffect(() => {
    if (plot.current !== undefined) fill(plot.current, latest.current);
  }, [answer, startMs, endMs, dots, marks]);

  return host;
}

function fill(plot: uPlot, { lines, firstMs, stepMs, startMs, endMs }: Options): void {
  const times = lines[0]?.values.map((_, index) => (firstMs + (index + 0.5) * stepMs) / 1000) ?? [];
  plot.batch(() => {
    plot.setData([times, ...lines.map(({ values }) => times.map((_, index) => values[index] ?? null))], false);
    plot.setScale('x', { min: startMs / 1000, max: endMs / 1000 });
  });
}

/** A flat line stands in the middle, and a number that is always there is not drawn as if it jumped. Dots are in it, too. */
function airy(latest: RefObject<Options>): (plot: uPlot, min: number | null, max: number | null) => [number, number] {
  return (_plot, lineMin, lineMax) => {
    const dots = latest.current.dots?.map(({ value }) => value) ?? [];
    const all = [...dots, ...(lineMin === null ? [] : [lineMin]), ...(lineMax === null ? [] : [lineMax])];
    if (all.length === 0) return [0, 1];
    const min = Math.min(...all);
    const max = Math.max(...all);
    // Nothing but zeros: up to one, of whatever it is.
    const air = max === min ? Math.abs(max) * 0.1 || 1 : (max - min) * 0.08;
    return [min >= 0 && min <= (max - min) * 2 ? Math.min(0, min) : min - air, max + air];
  };
}

function plotOptions(latest: RefObject<Options>): uPlot.Options {
  const { lines, width, height, theme, axes, format } = latest.current;
  const text = property('--text-3');
  const line = property('--line');
  const font = `11px ${property('--sans')}`;
  const isLarge = axes;
  return {
    width,
    height,
    padding: isLarge ? [8, 24, 0, 0] : [4, 4, 4, 4],
    legend: { show: false },
    cursor: { show: isLarge, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: airy(latest) } },
    hooks: {
      draw: [(plot) => drawMarks(plot, latest.current), (plot) => drawDots(plot, latest.current)],
      ready: [
        (plot) => {
          plot.over.addEventListener('click', () => {
            const key = dotUnder(plot, latest.current);
            if (key !== undefined) latest.current.onDot?.(key);
          });
          plot.over.addEventListener('mousemove', () => {
            plot.over.style.cursor = dotUnder(plot, latest.current) === undefined ? '' : 'pointer';
          });
        },
      ],
    },
    axes: [
      {
        show: isLarge,
        stroke: text,
        font,
        size: 22,
        gap: 4,
        // As wide as a time is, and a gap.
        space: 64,
        grid: { show: false },
        ticks: { stroke: line, size: 4, width: 1 },
        values: (_plot, splits) => splits.map((seconds) => formatClock(new Date(seconds * 1000))),
      },
      {
        show: isLarge,
        stroke: text,
        font,
        size: AXIS_WIDTH,
        gap: 6,
        space: 30,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, colourOf, dashed, isError, isQuiet }): uPlot.Series => {
        const colour =
          isError === true
            ? property('--error')
            : isQuiet === true
              ? text
              : SERVICE_COLOURS[theme][colourIndex(colourOf ?? name)]!;
        return {
          label: name,
          stroke: colour,
          width: dashed === true ? 1 : 1.5,
          spanGaps: !isLarge,
          ...(dashed === true && { dash: [4, 4] }),
          points: {
            size: 4,
            fill: colour,
            width: 0,
            // A line needs two; and few are shown where they are.
            show: (plot, index) =>
              Array.from(plot.data[index] ?? []).filter((value) => value != null).length <
              (isLarge ? plot.width / 16 : 2),
          },
        };
      }),
    ],
  };
}

function drawMarks(plot: uPlot, { marks = [] }: Options): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = property('--text-3');
  ctx.fillStyle = property('--text-2');
  ctx.font = `${11 * scale}px ${property('--sans')}`;
  ctx.lineWidth = scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  for (const { ms, label } of marks) {
    const x = Math.round(plot.valToPos(ms / 1000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, x + 4 * scale, bbox.top + 10 * scale);
  }
  ctx.restore();
}

function drawDots(plot: uPlot, { dots = [] }: Options): void {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = property('--text');
  ctx.strokeStyle = property('--ground');
  // What a dashed line left.
  ctx.setLineDash([]);
  ctx.lineWidth = devicePixelRatio;
  for (const { ms, value } of dots) {
    ctx.beginPath();
    ctx.arc(plot.valToPos(ms / 1000, 'x', true), plot.valToPos(value, 'y', true), DOT_RADIUS * devicePixelRatio, 0, 7);
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function dotUnder(plot: uPlot, { dots = [] }: Options): string | undefined {
  const { left = -1, top = -1 } = plot.cursor;
  let nearest = DOT_REACH;
  let found: string | undefined;
  for (const { ms, value, key } of dots) {
    const distance = Math.hypot(plot.valToPos(ms / 1000, 'x') - left, plot.valToPos(value, 'y') - top);
    if (distance > nearest) continue;
    nearest = distance;
    found = key;
  }
  return found;
}
