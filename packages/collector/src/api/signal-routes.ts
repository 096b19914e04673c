import { MOST_BUCKETS } from '../query/histogram.js';
import { METRIC_KINDS } from '../query/metric-kinds.js';
import { metricSeries } from '../query/metric-series.js';
import { metrics } from '../query/metrics.js';
import { QueryProblem } from '../query/query-problem.js';
import { searchLogs } from '../query/search-logs.js';
import { traceLogs } from '../query/trace-logs.js';
import { JSON_TYPE, jsonAnswer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Route } from './route.js';
import { cursor, end, inPath, limit, start, traceIdInPath } from './route-parameters.js';

const MOST_RECORDS = 500;
const KINDS = METRIC_KINDS.map(({ kind }) => kind);
/** The least number of each range of severities, as the data model of logs names them. */
const SEVERITIES = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
const SEVERITY_NAMES = Object.keys(SEVERITIES) as (keyof typeof SEVERITIES)[];

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

/** Questions about metrics and log records. */
export const SIGNAL_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/logs',
    summary: 'Log records, newest first',
    description:
      'Pages stay stable while data arrives: the first page pins the time range; no record comes twice and none that was there at the first page is skipped.',
    parameters: [
      text("the record's body or of its event name"),
      service,
      {
        name: 'severity',
        in: 'query',
        description: 'Only records of at least this severity. Records that say none are found without it alone.',
        schema: { type: 'string', enum: SEVERITY_NAMES },
      },
      { name: 'trace', in: 'query', description: 'Only records of this trace.', schema: { type: 'string' } },
      { name: 'span', in: 'query', description: 'Only records of this span.', schema: { type: 'string' } },
      start,
      end,
      limit(MOST_RECORDS, 100),
      cursor,
    ],
    schema: 'LogsAnswer',
    handle: async ({ parameters, reader, nowNano }) => {
      const trace = parameters.text('trace');
      const span = spanOf(parameters);
      const severity = parameters.text('severity') && parameters.oneOf('severity', SEVERITY_NAMES, 'trace');
      const body = await searchLogs(reader, {
        // Who names a trace or a span means that one, however long ago it was.
        range: parameters.range(nowNano, { wholePast: trace !== undefined || span !== undefined }),
        service: parameters.text('service'),
        leastSeverity: severity ? SEVERITIES[severity] : undefined,
        text: parameters.text('q'),
        traceId: trace === undefined ? undefined : parameters.traceId(trace),
        spanId: span,
        limit: parameters.integer('limit', { least: 1, most: MOST_RECORDS, otherwise: 100 }),
        cursor: parameters.text('cursor'),
      });
      return { status: 200, body, type: JSON_TYPE };
    },
  },
  {
    path: '/api/v1/traces/{traceId}/logs',
    summary: 'The log records of a trace, earliest first',
    description:
      'Those that were written from an hour before its first span to an hour after its last. None at all is an empty list, whether or not the trace is known.',
    parameters: [traceIdInPath],
    schema: 'TraceLogsAnswer',
    handle: async ({ parameters, reader }) => ({
      status: 200,
      body: await traceLogs(reader, parameters.traceId()),
      type: JSON_TYPE,
    }),
  },
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

function spanOf(parameters: Parameters): string | undefined {
  const span = parameters.text('span')?.toLowerCase();
  if (span === undefined || /^[0-9a-f]{16}$/.test(span)) return span;
  throw new QueryProblem('bad-parameter', 'A span id has 16 hexadecimal digits.');
}
