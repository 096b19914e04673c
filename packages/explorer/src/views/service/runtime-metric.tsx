import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { type Asked, metricQueryQuery } from '../../client/queries.js';
import { askedFunction, formatFunction, functionsOf } from '../../model/metric-function.js';
import type { MetricSummary } from '../../model/shapes.js';
import { absoluteRange, formatTimeSearch, fromUnixNano } from '../../model/time-range.js';
import { useTheme } from '../../parts/theme.js';
import { useLinePlot } from '../../parts/use-line-plot.js';
import { useSize } from '../../parts/use-size.js';

const BUCKETS = 60;
const HEIGHT = 44;

/** One metric of a runtime, small, by the function one would ask first; a click opens it. */
export function RuntimeMetric({
  metric,
  service,
  asked,
}: {
  readonly metric: MetricSummary;
  readonly service: string;
  readonly asked: Omit<Asked, 'q'>;
}) {
  const { name, kind } = metric;
  const theme = useTheme();
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const { startMs, endMs } = absoluteRange(asked.range, asked.nowMs);
  const chosen = functionsOf(metric)[0]!;
  const question = { name, kind, ...askedFunction(chosen), by: [], where: `service.name=${service}`, top: 1 };
  const { data: answer } = useQuery(metricQueryQuery(question, { ...asked, buckets: BUCKETS, before: false }));
  const values = answer?.series[0]?.values ?? [];
  const last = values.findLast((value) => value !== null) ?? null;
  const format = (value: number | null): string => formatFunction(value, chosen, metric);
  const host = useLinePlot({
    lines: values.length === 0 ? [] : [{ name, colourOf: service, values }],
    firstMs: answer === undefined ? startMs : fromUnixNano(answer.startUnixNano),
    stepMs: (answer?.stepNano ?? 1e9) / 1e6,
    startMs,
    endMs,
    width,
    height: HEIGHT,
    theme,
    axes: false,
    format,
    answer,
  });
  return (
    <li>
      <Link to="/metrics" search={{ ...formatTimeSearch(asked.range), service, q: name, open: `${kind}:${name}` }}>
        {name}
      </Link>
      <span>{format(last)}</span>
      <div ref={area}>
        <div ref={host} role="img" aria-label={`${name}: last ${format(last)}`} />
      </div>
    </li>
  );
}
