import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock, formatCount, formatDuration } from '../../model/format.js';
import type { AbsoluteRange } from '../../model/time-range.js';
import type { Theme } from '../../parts/theme.js';

export interface ChartData {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: readonly number[];
  readonly errors: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
}

interface Options {
  readonly data: ChartData | undefined;
  readonly width: number;
  readonly theme: Theme;
  readonly selection: AbsoluteRange | undefined;
  readonly onSelect: (selection: AbsoluteRange | undefined) => void;
  readonly onHover: (bucket: number | undefined) => void;
  /** A click without a drag, on the counts or on the durations. */
  readonly onPick: (bucket: number, plot: 'count' | 'duration') => void;
  readonly startMs: number;
  readonly endMs: number;
}

const COUNT_HEIGHT = 66;
const DURATION_HEIGHT = 76;
const AXIS_WIDTH = 58;
const RIGHT_AIR = 24;

const property = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Two plots over one time axis, with one cursor and one marked part between them. Made anew for a new width or theme. */
export function useActivityPlots(options: Options): {
  countRef: RefObject<HTMLDivElement | null>;
  durationRef: RefObject<HTMLDivElement | null>;
} {
  const countRef = useRef<HTMLDivElement>(null);
  const durationRef = useRef<HTMLDivElement>(null);
  const plots = useRef<readonly uPlot[]>([]);
  const latest = useRef(options);
  latest.current = options;
  const { width, theme, data, selection, startMs, endMs } = options;
  const ready = data !== undefined && width > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: data, range and selection are set into the plots that stand, below
  useLayoutEffect(() => {
    const countHost = countRef.current;
    const durationHost = durationRef.current;
    if (!ready || countHost === null || durationHost === null) return;
    const made = [
      new uPlot(countOptions(latest, width), [[], [], []], countHost),
      new uPlot(durationOptions(latest, width), [[], [], []], durationHost),
    ];
    plots.current = made;
    fill(made, latest.current);
    return () => {
      for (const plot of made) plot.destroy();
      plots.current = [];
    };
  }, [ready, width, theme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what the plots show
  useEffect(() => {
    fill(plots.current, latest.current);
  }, [data, startMs, endMs, selection?.startMs, selection?.endMs]);

  return { countRef, durationRef };
}

function fill(plots: readonly uPlot[], { data, selection, startMs, endMs }: Options): void {
  const [count, duration] = plots;
  if (data === undefined || count === undefined || duration === undefined) return;
  // Points stand in the middle of their stretch.
  const times = data.count.map((_, index) => (data.startMs + (index + 0.5) * data.stepMs) / 1000);
  const range = { min: startMs / 1000, max: endMs / 1000 };
  for (const [plot, first, second] of [
    [count, data.count, data.errors],
    [duration, data.p95, data.p50],
  ] as const) {
    plot.batch(() => {
      plot.setData([times, [...first], [...second]], false);
      plot.setScale('x', range);
    });
    mark(plot, selection);
  }
}

function mark(plot: uPlot, selection: AbsoluteRange | undefined): void {
  if (selection === undefined) {
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    return;
  }
  const left = plot.valToPos(selection.startMs / 1000, 'x');
  const right = plot.valToPos(selection.endMs / 1000, 'x');
  plot.setSelect({ left, top: 0, width: Math.max(2, right - left), height: plot.over.clientHeight }, false);
}

type Latest = RefObject<Options>;

function shared(latest: Latest, width: number, height: number, plot: 'count' | 'duration'): uPlot.Options {
  return {
    width,
    height,
    // Room for half of the last time below the axis.
    padding: [6, RIGHT_AIR, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'throughline.activity' },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      y: false,
    },
    scales: { x: { time: true } },
    series: [],
    hooks: {
      ready: [
        ({ over, cursor }) => {
          let downX = 0;
          over.addEventListener('pointerdown', (event) => {
            downX = event.clientX;
          });
          over.addEventListener('click', (event) => {
            const bucket = cursor.idx;
            // What was dragged is marked.
            if (Math.abs(event.clientX - downX) < 3 && bucket != null) latest.current.onPick(bucket, plot);
          });
        },
      ],
      setCursor: [(plot) => latest.current.onHover(plot.cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 3) return;
          latest.current.onSelect({
            startMs: plot.posToVal(left, 'x') * 1000,
            endMs: plot.posToVal(left + wide, 'x') * 1000,
          });
        },
      ],
    },
  };
}

function axes(format: (value: number) => string, withTime: boolean): uPlot.Axis[] {
  const text = property('--text-3');
  const line = property('--line');
  const font = `11px ${property('--sans')}`;
  return [
    {
      show: withTime,
      stroke: text,
      font,
      size: 22,
      gap: 4,
      space: 90,
      grid: { show: false },
      ticks: { stroke: line, size: 4, width: 1 },
      values: (_plot, splits) => {
        const days = (splits[splits.length - 1] ?? 0) - (splits[0] ?? 0) > 2 * 86_400;
        return splits.map((seconds) => {
          const date = new Date(seconds * 1000);
          const clock = formatClock(date);
          if (days) return `${date.getMonth() + 1}-${date.getDate()} ${clock.slice(0, 5)}`;
          return clock.endsWith(':00') ? clock.slice(0, 5) : clock;
        });
      },
    },
    {
      stroke: text,
      font,
      size: AXIS_WIDTH,
      gap: 6,
      space: 26,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      values: (_plot, splits) => splits.map(format),
    },
  ];
}

/** The height of a plot without a value: its axis then says nothing but zero. */
const NOTHING = 1;

const fromZero = (_plot: uPlot, _min: number, max: number): [number, number] => [0, max > 0 ? max * 1.05 : NOTHING];

function countOptions(latest: Latest, width: number): uPlot.Options {
  const bars = uPlot.paths.bars!({ size: [0.86, 40], align: 0, gap: 0 });
  const base = shared(latest, width, COUNT_HEIGHT, 'count');
  return {
    ...base,
    scales: { ...base.scales, y: { range: fromZero } },
    padding: [6, RIGHT_AIR, 6, 0],
    axes: axes((value) => (Number.isInteger(value) ? formatCount(value) : ''), false),
    series: [
      {},
      {
        label: 'spans',
        fill: property('--neutral-bar'),
        stroke: property('--neutral-bar'),
        width: 0,
        paths: bars,
        points: { show: false },
      },
      {
        label: 'errors',
        fill: property('--error'),
        stroke: property('--error'),
        width: 0,
        paths: bars,
        points: { show: false },
      },
    ],
  };
}

/** A line through one point is no line: such points are drawn as dots. */
const lonely = (colour: string): uPlot.Series.Points => ({
  fill: colour,
  stroke: colour,
  show: true,
  size: 4,
  width: 0,
  filter: (plot, series) => {
    const values = plot.data[series] ?? [];
    const alone: number[] = [];
    for (let index = 0; index < values.length; index++) {
      if (values[index] != null && values[index - 1] == null && values[index + 1] == null) alone.push(index);
    }
    return alone;
  },
});

function durationOptions(latest: Latest, width: number): uPlot.Options {
  const base = shared(latest, width, DURATION_HEIGHT, 'duration');
  return {
    ...base,
    scales: { ...base.scales, y: { range: fromZero } },
    axes: axes((value) => (value === 0 ? '0' : value <= NOTHING ? '' : formatDuration(value)), true),
    series: [
      {},
      { label: 'p95', stroke: property('--text'), width: 1.5, spanGaps: false, points: lonely(property('--text')) },
      {
        label: 'p50',
        stroke: property('--text-3'),
        width: 1.5,
        dash: [4, 3],
        spanGaps: false,
        points: lonely(property('--text-3')),
      },
    ],
  };
}
