import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { type Asked, metricSeriesQuery } from '../../client/queries.js';
import { metricLines } from '../../model/metric-lines.js';
import { formatMetric } from '../../model/metric-value.js';
import type { MetricSummary } from '../../model/shapes.js';
import { absoluteRange, fromUnixNano } from '../../model/time-range.js';
import { useTheme } from '../../parts/theme.js';
import { useLinePlot } from '../../parts/use-line-plot.js';
import { useSize } from '../../parts/use-size.js';
import styles from './metrics-view.module.css';

interface Props {
  readonly metric: MetricSummary;
  readonly service: string | undefined;
  readonly asked: Omit<Asked, 'q'>;
}

const BUCKETS = 60;
const HEIGHT = 36;

/** One metric over time, small: a line for each service. */
export function MetricChart({ metric, service, asked }: Props) {
  const { name, kind, unit, temporality } = metric;
  const theme = useTheme();
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const { startMs, endMs } = absoluteRange(asked.range, asked.nowMs);
  const { data: answer } = useQuery(metricSeriesQuery({ name, kind, service }, { ...asked, buckets: BUCKETS }));
  const lines = answer === undefined ? [] : metricLines(answer, temporality);
  const host = useLinePlot({
    lines: lines.map(({ service: from, values }) => ({ name: from, values })),
    firstMs: answer === undefined ? startMs : fromUnixNano(answer.startUnixNano),
    stepMs: (answer?.stepNano ?? 1e9) / 1e6,
    startMs,
    endMs,
    width,
    height: HEIGHT,
    theme,
    axes: false,
    format: (value) => formatMetric(value, unit),
    answer,
  });
  const said = `${name}: ${lines.map((line) => `${line.service} last ${formatMetric(lastOf(line.values), unit)}`).join(', ')}`;
  return (
    <div ref={area} className={styles.small}>
      <div ref={host} role="img" aria-label={said} />
    </div>
  );
}

const lastOf = (values: readonly (number | null)[]): number | null =>
  values.findLast((value) => value !== null) ?? null;
