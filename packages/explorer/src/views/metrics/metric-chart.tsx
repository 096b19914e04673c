import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { type Asked, metricSeriesQuery } from '../../client/queries.js';
import { formatClock } from '../../model/format.js';
import { lineMeaning, metricLines } from '../../model/metric-lines.js';
import { formatMetric } from '../../model/metric-value.js';
import type { MetricSummary } from '../../model/shapes.js';
import { absoluteRange, fromUnixNano } from '../../model/time-range.js';
import { Swatch } from '../../parts/controls.js';
import { useTheme } from '../../parts/theme.js';
import { useSize } from '../../parts/use-size.js';
import styles from './metrics-view.module.css';
import { useLinePlot } from './use-line-plot.js';

interface Props {
  readonly metric: MetricSummary;
  readonly service: string | undefined;
  readonly asked: Omit<Asked, 'q'>;
  readonly size: 'small' | 'large' | 'table';
}

/** One metric over time: a line for each service. */
export function MetricChart({ metric, service, asked, size }: Props) {
  const { name, kind, unit, temporality } = metric;
  const theme = useTheme();
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const { startMs, endMs } = absoluteRange(asked.range, asked.nowMs);
  const buckets = size === 'small' ? 60 : 120;
  const { data: answer } = useQuery(metricSeriesQuery({ name, kind, service }, { ...asked, buckets }));
  const lines = answer === undefined ? [] : metricLines(answer, temporality);
  const firstMs = answer === undefined ? startMs : fromUnixNano(answer.startUnixNano);
  const stepMs = (answer?.stepNano ?? 1e9) / 1e6;
  const host = useLinePlot({
    lines: size === 'table' ? [] : lines,
    firstMs,
    stepMs,
    startMs,
    endMs,
    width,
    theme,
    isLarge: size === 'large',
    format: (value) => formatMetric(value, unit),
    answer,
  });
  const said = `${name}: ${lines.map((line) => `${line.service} last ${formatMetric(lastOf(line.values), unit)}`).join(', ')}`;
  if (size === 'table') {
    const steps = lines[0]?.values.map((_, index) => index) ?? [];
    const filled = steps.filter((index) => lines.some((line) => line.values[index] != null));
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
      <section className={styles.table} tabIndex={0} aria-label={`${name} over time, as a table`}>
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {lines.map((line) => (
                <th key={line.service} scope="col">
                  {line.service}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {filled.map((index) => (
              <tr key={index}>
                <th scope="row">{formatClock(new Date(firstMs + index * stepMs))}</th>
                {lines.map((line) => (
                  <td key={line.service}>{formatMetric(line.values[index] ?? null, unit)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    );
  }
  return (
    <div ref={area} className={size === 'large' ? styles.large : styles.small}>
      <div ref={host} role="img" aria-label={said} />
      {size === 'large' && (
        <p className={styles.legend}>
          {lines.map((line) => (
            <span key={line.service}>
              <Swatch service={line.service} /> {line.service}
            </span>
          ))}
          <em>{lineMeaning(metric)}</em>
        </p>
      )}
    </div>
  );
}

const lastOf = (values: readonly (number | null)[]): number | null =>
  values.findLast((value) => value !== null) ?? null;
