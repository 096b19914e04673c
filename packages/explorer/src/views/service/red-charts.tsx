import { type ReactNode, useMemo, useRef } from 'react';
import { formatCount, formatDuration, formatShare } from '../../model/format.js';
import type { RedAnswer } from '../../model/shapes.js';
import { fromUnixNano } from '../../model/time-range.js';
import { Swatch } from '../../parts/controls.js';
import { useTheme } from '../../parts/theme.js';
import { type PlotLine, type PlotMark, useLinePlot } from '../../parts/use-line-plot.js';
import { useSize } from '../../parts/use-size.js';
import styles from './service-view.module.css';

interface Props {
  readonly red: RedAnswer | undefined;
  readonly before: RedAnswer | undefined;
  readonly marks: readonly PlotMark[];
  readonly service: string;
  readonly startMs: number;
  readonly endMs: number;
}

const HEIGHT = 150;

/** Rate, errors and duration, side by side over one time; dashed, the period before. */
export function RedCharts({ red, before, marks, service, startMs, endMs }: Props) {
  const seconds = (red?.stepNano ?? 1e9) / 1e9;
  const of = (
    name: string,
    values: (answer: RedAnswer) => readonly (number | null)[],
    more: Partial<PlotLine> = {},
  ): readonly PlotLine[] => [
    ...(red === undefined ? [] : [{ name, colourOf: service, ...more, values: values(red) }]),
    ...(red === undefined || before === undefined
      ? []
      : [{ name: `${name}, before`, colourOf: service, ...more, dashed: true, values: values(before) }]),
  ];
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines follow from the answers
  const rate = useMemo(() => of('rate', ({ count }) => count.map((spans) => spans / seconds)), [red, before]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines follow from the answers
  const failed = useMemo(
    () =>
      of('failed', ({ count, errors }) => count.map((spans, index) => (spans === 0 ? null : errors[index]! / spans)), {
        isError: true,
      }),
    [red, before],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines follow from the answers
  const duration = useMemo(
    () => [...of('p50', ({ p50 }) => p50, { isQuiet: true }), ...of('p95', ({ p95 }) => p95)],
    [red, before],
  );
  const shared = { red, marks, startMs, endMs };
  return (
    <div className={styles.charts}>
      <Chart
        {...shared}
        title="Requests a second"
        lines={rate}
        format={(value) => `${formatCount(Number(value.toPrecision(3)))}/s`}
      />
      <Chart {...shared} title="Failed" lines={failed} format={formatShare} />
      <Chart {...shared} title="Duration, p50 and p95" lines={duration} format={formatDuration}>
        Duration, <span className={styles.quiet} /> p50 and <Swatch service={service} /> p95
      </Chart>
    </div>
  );
}

function Chart({
  red,
  marks,
  startMs,
  endMs,
  title,
  children,
  lines,
  format,
}: Pick<Props, 'red' | 'marks' | 'startMs' | 'endMs'> & {
  readonly title: string;
  /** The title with what the lines look like. */
  readonly children?: ReactNode;
  readonly lines: readonly PlotLine[];
  readonly format: (value: number) => string;
}) {
  const theme = useTheme();
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const host = useLinePlot({
    lines,
    firstMs: red === undefined ? startMs : fromUnixNano(red.startUnixNano),
    stepMs: (red?.stepNano ?? 1e9) / 1e6,
    startMs,
    endMs,
    width,
    height: HEIGHT,
    theme,
    axes: true,
    format,
    answer: lines,
    marks,
  });
  const newest = lines.map(({ name, values }) => {
    const last = values.findLast((value) => value !== null) ?? null;
    return `${name} last ${last === null ? 'unknown' : format(last)}`;
  });
  const seen = marks.length === 0 ? '' : `; first seen: ${marks.map(({ label }) => label).join(', ')}`;
  return (
    <section className={styles.chart} aria-label={title}>
      <h2>{children ?? title}</h2>
      <div ref={area} className={styles.plot}>
        <div ref={host} role="img" aria-label={`${title}: ${newest.join(', ')}${seen}`} />
      </div>
    </section>
  );
}
