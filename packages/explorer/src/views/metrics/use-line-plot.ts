import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock } from '../../model/format.js';
import type { MetricLine } from '../../model/metric-lines.js';
import { colourIndex, SERVICE_COLOURS } from '../../model/service-colour.js';
import type { Theme } from '../../parts/theme.js';

interface Options {
  readonly lines: readonly MetricLine[];
  readonly firstMs: number;
  readonly stepMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly width: number;
  readonly theme: Theme;
  readonly isLarge: boolean;
  readonly format: (value: number) => string;
  /** What `lines` were made of: they are the same as long as it is. */
  readonly answer: unknown;
}

const SMALL_HEIGHT = 36;
const LARGE_HEIGHT = 180;
const AXIS_WIDTH = 72;

const property = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over time; small ones without axes. Made anew for a new width, theme or set of services. */
export function useLinePlot(options: Options): RefObject<HTMLDivElement | null> {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(options);
  latest.current = options;
  const { answer, endMs, isLarge, lines, startMs, theme, width } = options;
  const services = lines.map(({ service }) => service).join('\n');

  // biome-ignore lint/correctness/useExhaustiveDependencies: the numbers are set into the plot that stands, below
  useLayoutEffect(() => {
    if (host.current === null || width === 0 || lines.length === 0) return;
    const made = new uPlot(plotOptions(latest.current), [[]], host.current);
    plot.current = made;
    fill(made, latest.current);
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [services, width, theme, isLarge]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what the plot shows
  useEffect(() => {
    if (plot.current !== undefined) fill(plot.current, latest.current);
  }, [answer, startMs, endMs]);

  return host;
}

function fill(plot: uPlot, { lines, firstMs, stepMs, startMs, endMs }: Options): void {
  const times = lines[0]?.values.map((_, index) => (firstMs + (index + 0.5) * stepMs) / 1000) ?? [];
  plot.batch(() => {
    plot.setData([times, ...lines.map(({ values }) => [...values])], false);
    plot.setScale('x', { min: startMs / 1000, max: endMs / 1000 });
  });
}

/** A flat line stands in the middle, and a number that is always there is not drawn as if it jumped. */
function airy(_plot: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const air = max === min ? Math.max(Math.abs(max) * 0.1, 1e-9) : (max - min) * 0.08;
  return [min >= 0 && min <= (max - min) * 2 ? Math.min(0, min) : min - air, max + air];
}

function plotOptions({ lines, width, theme, isLarge, format }: Options): uPlot.Options {
  const text = property('--text-3');
  const line = property('--line');
  const font = `11px ${property('--sans')}`;
  return {
    width,
    height: isLarge ? LARGE_HEIGHT : SMALL_HEIGHT,
    padding: isLarge ? [8, 24, 0, 0] : [4, 4, 4, 4],
    legend: { show: false },
    cursor: { show: isLarge, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: airy } },
    axes: [
      {
        show: isLarge,
        stroke: text,
        font,
        size: 22,
        gap: 4,
        space: 90,
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
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ service }): uPlot.Series => {
        const colour = SERVICE_COLOURS[theme][colourIndex(service)]!;
        return {
          label: service,
          stroke: colour,
          width: 1.5,
          spanGaps: true,
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
