import { MOST_BUCKETS } from '../query/histogram.js';
import { METRIC_KINDS } from '../query/metric-kinds.js';
import { metricSeries } from '../query/metric-series.js';
import { metrics } from '../query/metrics.js';
import { jsonAnswer } from './answer.js';
import type { Parameter } from './parameters.js';
import type { Route } from './route.js';
import { end, inPath, start } from './route-parameters.js';

const KINDS = METRIC_KINDS.map(({ kind }) => kind);
const service: Parameter = {
  name: 'service',
  in: 'query',
  description: 'Only what this service sent.',
  schema: { type: 'string' },
};
const text = (of: string): Parameter => ({
  name: 'q',
  in: 'query',
  description: `A part of ${of}, in any case.`,
  schema: { type: 'string' },
});

/** Questions about metrics. */
export const SIGNAL_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/metrics',
    summary: 'Metrics that have points in a time range, by name',
    parameters: [text('the name'), service, start, end],
    schema: 'MetricsAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await metrics(reader, {
          range: parameters.range(nowNano),
          service: parameters.text('service'),
          text: parameters.text('q'),
        }),
      ),
  },
  {
    path: '/api/v1/metrics/{name}/series',
    summary: 'One metric over time, a line for each service',
    description:
      'Of a gauge the mean of the points in each step, of deltas their sum, of running totals the newest total of each series, added up. Histograms and summaries: the sum of what was measured, and how often.',
    parameters: [
      inPath('name', 'Name of the metric.'),
      {
        name: 'kind',
        in: 'query',
        description: 'Its kind; one name may be of several.',
        schema: { enum: KINDS, default: 'gauge' },
      },
      service,
      start,
      end,
      {
        name: 'buckets',
        in: 'query',
        description: 'How many steps at most; their width is rounded up to one that reads well. Default 120.',
        schema: { type: 'integer', minimum: 1, maximum: MOST_BUCKETS, default: 120 },
      },
    ],
    schema: 'MetricSeriesAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await metricSeries(reader, {
          name: parameters.path('name'),
          kind: parameters.oneOf('kind', KINDS, 'gauge'),
          range: parameters.range(nowNano),
          service: parameters.text('service'),
          buckets: parameters.integer('buckets', { least: 1, most: MOST_BUCKETS, otherwise: 120 }),
        }),
      ),
  },
];
