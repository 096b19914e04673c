import { MOST_BUCKETS } from '../query/histogram.js';
import { metricAttributes, metricExemplars } from '../query/metric-details.js';
import { METRIC_KINDS } from '../query/metric-kinds.js';
import { type MetricMatcher, readMatcher } from '../query/metric-matchers.js';
import { MOST_METRIC_LINES, metricQuery } from '../query/metric-query.js';
import { QueryProblem } from '../query/query-problem.js';
import { serviceErrors } from '../query/service-errors.js';
import { SPAN_DIMENSIONS, spanMetrics } from '../query/span-metrics.js';
import type { MetricFunction } from '../shapes/api.js';
import { jsonAnswer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Route } from './route.js';
import { end, inPath, limit, start } from './route-parameters.js';

const KINDS = METRIC_KINDS.map(({ kind }) => kind);
const FUNCTIONS: readonly MetricFunction[] = ['avg', 'min', 'max', 'sum', 'count', 'rate', 'increase', 'quantile'];
const MOST_GROUPS = 8;
const MOST_EXEMPLARS = 500;

const kind: Parameter = {
  name: 'kind',
  in: 'query',
  description: 'Its kind; one name may be of several.',
  schema: { enum: KINDS, default: 'gauge' },
};
const where: Parameter = {
  name: 'where',
  in: 'query',
  description:
    'A condition on an attribute of the series, as in `http.route=/cart`, with `!=`, `=~` (the whole value matches the pattern) or `!~`; may be repeated, then all must hold.',
  schema: { type: 'array', items: { type: 'string' } },
};
const step: Parameter = {
  name: 'step',
  in: 'query',
  description:
    'Width of a step, as in 30s, or nanoseconds. Default: what makes `buckets` steps and is no shorter than points are apart.',
  schema: { type: 'string' },
};
const buckets: Parameter = {
  name: 'buckets',
  in: 'query',
  description: 'Without `step`: how many steps at most; their width is rounded up to one that reads well. Default 120.',
  schema: { type: 'integer', minimum: 1, maximum: MOST_BUCKETS, default: 120 },
};
const name = inPath('name', 'Name of the metric, as it was sent.');

/** Questions about metrics that compute something, and about what the spans were counted as. */
export const METRIC_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/metrics/{name}/query',
    summary: 'One metric over time by a function, a line for each group',
    description:
      'Rates and increases follow counters through restarts and gaps, whatever their temporality, and extrapolate nothing. Quantiles are of explicit and of exponential histograms. For PromQL there is /api/v1/query_range.',
    parameters: [
      name,
      kind,
      { name: 'function', in: 'query', description: 'What is computed.', schema: { enum: FUNCTIONS, default: 'avg' } },
      {
        name: 'quantile',
        in: 'query',
        description: 'For the function `quantile`: from 0 to 1. Default 0.95.',
        schema: { type: 'number', minimum: 0, maximum: 1, default: 0.95 },
      },
      {
        name: 'by',
        in: 'query',
        description:
          'Key of an attribute of points or resources; may be repeated. A line for each combination of values.',
        schema: { type: 'array', items: { type: 'string' }, maxItems: MOST_GROUPS },
      },
      where,
      start,
      end,
      step,
      buckets,
      {
        name: 'top',
        in: 'query',
        description: 'How many lines at most, those with the greatest values. Default 20.',
        schema: { type: 'integer', minimum: 1, maximum: MOST_METRIC_LINES, default: 20 },
      },
    ],
    schema: 'MetricQueryAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await metricQuery(reader, {
          name: parameters.path('name'),
          kind: parameters.oneOf('kind', KINDS, 'gauge'),
          function: parameters.oneOf('function', FUNCTIONS, 'avg'),
          quantile: quantileOf(parameters),
          by: groupsOf(parameters),
          where: conditionsOf(parameters),
          range: parameters.range(nowNano),
          stepNano: stepOf(parameters),
          buckets: parameters.integer('buckets', { least: 1, most: MOST_BUCKETS, otherwise: 120 }),
          top: parameters.integer('top', { least: 1, most: MOST_METRIC_LINES, otherwise: 20 }),
        }),
      ),
  },
  {
    path: '/api/v1/metrics/{name}/attributes',
    summary: 'What a metric can be grouped by, with the commonest values',
    parameters: [name, kind, start, end],
    schema: 'MetricAttributesAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await metricAttributes(reader, {
          name: parameters.path('name'),
          kind: parameters.oneOf('kind', KINDS, 'gauge'),
          range: parameters.range(nowNano),
        }),
      ),
  },
  {
    path: '/api/v1/metrics/{name}/exemplars',
    summary: 'Measurements of a metric that name the trace they were made in',
    description: 'Where there are more than `limit`, the greatest of each stretch of the range.',
    parameters: [name, kind, where, start, end, limit(MOST_EXEMPLARS, 100)],
    schema: 'MetricExemplarsAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await metricExemplars(reader, {
          name: parameters.path('name'),
          kind: parameters.oneOf('kind', KINDS, 'gauge'),
          where: conditionsOf(parameters),
          range: parameters.range(nowNano),
          limit: parameters.integer('limit', { least: 1, most: MOST_EXEMPLARS, otherwise: 100 }),
        }),
      ),
  },
  {
    path: '/api/v1/services/{service}/errors',
    summary: 'What went wrong in a service, each failure once',
    description:
      'Exceptions on spans, and failed spans without one, put together by type, message (but for ids, numbers and what stands in quotes) and top frames of the stack; those that happened last first.',
    parameters: [inPath('service', 'Name of the service.'), start, end],
    schema: 'ServiceErrorsAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await serviceErrors(reader, { service: parameters.path('service'), range: parameters.range(nowNano) }),
      ),
  },
  {
    path: '/api/v1/span-metrics',
    summary: 'Rate, errors and duration of spans, as they were counted when they came',
    description:
      'Of the spans that began in each minute; of entry spans, unless an operation is named or `all` is 1. Counts and sums are exact, quantiles within 4.5 %.',
    parameters: [
      { name: 'service', in: 'query', description: 'Only of this service.', schema: { type: 'string' } },
      { name: 'operation', in: 'query', description: 'Only spans of this name.', schema: { type: 'string' } },
      {
        name: 'by',
        in: 'query',
        description: 'A line for each; may be repeated.',
        schema: { type: 'array', items: { enum: SPAN_DIMENSIONS } },
      },
      {
        name: 'all',
        in: 'query',
        description: '1: not only where work enters a service.',
        schema: { enum: ['0', '1'], default: '0' },
      },
      start,
      end,
      { ...step, description: 'Width of a step, as in 5m; rounded up to whole minutes.' },
      buckets,
    ],
    schema: 'SpanMetricsAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await spanMetrics(reader, {
          range: parameters.range(nowNano),
          service: parameters.text('service'),
          operation: parameters.text('operation'),
          all: parameters.oneOf('all', ['0', '1'], '0') === '1',
          by: SPAN_DIMENSIONS.filter((dimension) => parameters.eachOf('by', SPAN_DIMENSIONS).includes(dimension)),
          stepNano: stepOf(parameters),
          buckets: parameters.integer('buckets', { least: 1, most: MOST_BUCKETS, otherwise: 120 }),
        }),
      ),
  },
];

function quantileOf(parameters: Parameters): number {
  const text = parameters.text('quantile') ?? '0.95';
  const value = Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new QueryProblem('bad-parameter', 'quantile must be a number from 0 to 1.');
}

function groupsOf(parameters: Parameters): readonly string[] {
  const keys = [...new Set(parameters.all('by'))];
  if (keys.length <= MOST_GROUPS) return keys;
  throw new QueryProblem('bad-parameter', `A metric can be grouped by ${MOST_GROUPS} attributes at most.`);
}

const conditionsOf = (parameters: Parameters): readonly MetricMatcher[] => parameters.all('where').map(readMatcher);

function stepOf(parameters: Parameters): bigint | undefined {
  const width = parameters.duration('step');
  if (width === undefined || width > 0n) return width;
  throw new QueryProblem('bad-parameter', 'step must be longer than nothing.');
}
