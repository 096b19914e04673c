import { useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock, formatCount } from '../../model/format.js';
import { SERVICE_COLOURS } from '../../model/service-colour.js';
import type { SqlChart as Chart } from '../../model/sql-result.js';
import { useTheme } from '../../parts/theme.js';
import { useSize } from '../../parts/use-size.js';
import styles from './sql-view.module.css';

const HEIGHT = 280;
const property = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over time, or bars beside each other. The table is the same in numbers. */
export function SqlChart({ chart }: { readonly chart: Chart }) {
  const host = useRef<HTMLDivElement>(null);
  const { width } = useSize(host);
  const theme = useTheme();
  useLayoutEffect(() => {
    if (host.current === null || width === 0) return;
    const palette = SERVICE_COLOURS[theme];
    const colour = (index: number): string => palette[index % palette.length]!;
    const bars = uPlot.paths.bars!({ size: [0.7, 60] });
    const axis = { stroke: property('--text-3'), font: `11px ${property('--sans')}`, ticks: { show: false } };
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: true, live: true },
        scales: {
          x: { time: chart.isTime },
          y: { range: (_plot, min, max) => [Math.min(0, min ?? 0), (max ?? 1) || 1] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            ...(chart.isTime && {
              values: (_plot: uPlot, splits: number[]) => splits.map((at) => formatClock(new Date(at * 1000))),
              space: 90,
            }),
            ...(!chart.isTime && {
              values: (_plot: uPlot, splits: number[]) =>
                splits.map((place) => (Number.isInteger(place) ? (chart.names[place] ?? '').slice(0, 24) : '')),
            }),
          },
          {
            ...axis,
            size: 64,
            grid: { stroke: property('--line'), width: 1 },
            values: (_plot, splits) => splits.map((value) => formatCount(value)),
          },
        ],
        series: [
          chart.isTime
            ? { label: 'time', value: (_plot, at) => (at === null ? '' : formatClock(new Date(at * 1000))) }
            : { label: 'row', value: (_plot, place) => chart.names[place ?? -1] ?? '' },
          ...chart.lines.map(({ name }, index) => ({
            label: name,
            stroke: colour(index),
            ...(chart.isTime
              ? {
                  width: 1.5,
                  spanGaps: true,
                  points: { show: chart.along.length < 3, fill: colour(index), stroke: colour(index) },
                }
              : { fill: colour(index), paths: bars, points: { show: false } }),
          })),
        ],
      },
      [
        chart.along.map((place) => (chart.isTime ? place / 1000 : place)),
        ...chart.lines.map(({ values }) => [...values]),
      ] as uPlot.AlignedData,
      host.current,
    );
    return () => plot.destroy();
  }, [chart, width, theme]);
  return (
    <div
      ref={host}
      className={styles.chart}
      role="img"
      aria-label={`${chart.lines.map(({ name }) => name).join(', ')}, ${chart.along.length} places. The table has the same in numbers.`}
    />
  );
}
