import { MOST_BUCKETS } from '../query/histogram.js';
import { type LogFilter, readLogFilter } from '../query/log-filter-sql.js';
import { logHistogram } from '../query/log-histogram.js';
import { logPatterns } from '../query/log-patterns.js';
import type { LogQuestion } from '../query/log-question.js';
import { QueryProblem } from '../query/query-problem.js';
import { searchLogs } from '../query/search-logs.js';
import { traceLogs } from '../query/trace-logs.js';
import { SEVERITY_NAMES, SEVERITY_NUMBERS } from '../shapes/log-filter.js';
import { JSON_TYPE, jsonAnswer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Route } from './route.js';
import { cursor, end, limit, start, traceIdInPath } from './route-parameters.js';

const MOST_RECORDS = 500;
const MOST_PATTERNS = 500;
const MOST_WAIT_NANO = 30_000_000_000n;

/** What chooses records, but for the time. */
const CHOICE: readonly Parameter[] = [
  {
    name: 'q',
    in: 'query',
    description:
      'Filter: words of the text and clauses, as in `"card declined" severity>=warn (service=payment or http.route="/pay") -user.id?`. See docs/api.md.',
    schema: { type: 'string' },
    example: 'declined severity>=warn',
  },
  { name: 'service', in: 'query', description: 'Only what this service sent.', schema: { type: 'string' } },
  {
    name: 'severity',
    in: 'query',
    description: 'Only records of at least this severity. Records that say none are found without it alone.',
    schema: { type: 'string', enum: SEVERITY_NAMES },
  },
  { name: 'trace', in: 'query', description: 'Only records of this trace.', schema: { type: 'string' } },
  { name: 'span', in: 'query', description: 'Only records of this span.', schema: { type: 'string' } },
];

/** Questions about log records. */
export const LOG_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/logs',
    summary: 'Log records, newest first',
    description:
      'Pages stay stable while data arrives: the first page pins the time range; no record comes twice and none that was there at the first page is skipped.',
    parameters: [...CHOICE, start, end, limit(MOST_RECORDS, 100), cursor],
    schema: 'LogsAnswer',
    handle: async ({ parameters, reader, nowNano }) => {
      const body = await searchLogs(reader, {
        ...questionOf(parameters, nowNano),
        limit: parameters.integer('limit', { least: 1, most: MOST_RECORDS, otherwise: 100 }),
        cursor: parameters.text('cursor'),
      });
      return { status: 200, body, type: JSON_TYPE };
    },
  },
  {
    path: '/api/v1/logs/tail',
    summary: 'Log records as they are stored, each once',
    description:
      'Without a cursor the tail begins now, and the answer comes at once with the newest records that are there (backlog). With one it comes when matching records were stored after that answer, or when the waiting is over. What is new is known by the insert that brought it, not by the time it was written at.',
    parameters: [
      ...CHOICE,
      { name: 'cursor', in: 'query', description: '`cursor` of the answer before.', schema: { type: 'string' } },
      {
        name: 'backlog',
        in: 'query',
        description: 'So many of the newest records that are there already; for the first answer. Default 0.',
        schema: { type: 'integer', minimum: 0, maximum: MOST_RECORDS, default: 0 },
      },
      limit(MOST_RECORDS, MOST_RECORDS),
      {
        name: 'wait',
        in: 'query',
        description: 'How long to wait for records, at most 30s. Default 20s.',
        schema: { type: 'string', default: '20s' },
      },
    ],
    schema: 'LogTailAnswer',
    handle: async ({ parameters, anotherReader, tails, abort }) => {
      const wait = parameters.duration('wait') ?? 20_000_000_000n;
      if (wait > MOST_WAIT_NANO) throw new QueryProblem('bad-parameter', 'wait is at most 30s.');
      const body = await tails.next(
        anotherReader,
        {
          ...choiceOf(parameters),
          cursor: parameters.text('cursor'),
          backlog: parameters.integer('backlog', { least: 0, most: MOST_RECORDS, otherwise: 0 }),
          limit: parameters.integer('limit', { least: 1, most: MOST_RECORDS, otherwise: MOST_RECORDS }),
          waitMs: Number(wait / 1_000_000n),
        },
        abort,
      );
      return { status: 200, body, type: JSON_TYPE };
    },
  },
  {
    path: '/api/v1/logs/histogram',
    summary: 'Matching log records over time, by severity',
    parameters: [
      ...CHOICE,
      start,
      end,
      {
        name: 'buckets',
        in: 'query',
        description: 'How many buckets at most; their width is rounded up to one that reads well. Default 60.',
        schema: { type: 'integer', minimum: 1, maximum: MOST_BUCKETS, default: 60 },
      },
    ],
    schema: 'LogHistogramAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await logHistogram(reader, {
          ...questionOf(parameters, nowNano),
          buckets: parameters.integer('buckets', { least: 1, most: MOST_BUCKETS, otherwise: 60 }),
        }),
      ),
  },
  {
    path: '/api/v1/logs/patterns',
    summary: 'Similar log bodies folded together, the commonest first',
    description:
      'Numbers, ids, times and quoted texts are masked. Of more than 200,000 matching records a part is looked at, evenly over time, and counts are multiplied.',
    parameters: [...CHOICE, start, end, limit(MOST_PATTERNS, 100)],
    schema: 'LogPatternsAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await logPatterns(reader, {
          ...questionOf(parameters, nowNano),
          limit: parameters.integer('limit', { least: 1, most: MOST_PATTERNS, otherwise: 100 }),
        }),
      ),
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
];

function questionOf(parameters: Parameters, nowNano: bigint): LogQuestion {
  const choice = choiceOf(parameters);
  // Who names a trace or a span means that one, however long ago it was.
  const named =
    choice.traceId !== undefined || choice.spanId !== undefined || (choice.filter && namesOne(choice.filter)) === true;
  return { ...choice, range: parameters.range(nowNano, { wholePast: named }) };
}

function choiceOf(parameters: Parameters): Omit<LogQuestion, 'range'> {
  const trace = parameters.text('trace');
  const severity = parameters.text('severity') && parameters.oneOf('severity', SEVERITY_NAMES, 'trace');
  const filterText = parameters.text('q');
  return {
    filter: filterText === undefined ? undefined : readLogFilter(filterText),
    filterText,
    service: parameters.text('service'),
    leastSeverity: severity ? SEVERITY_NUMBERS[severity] : undefined,
    traceId: trace === undefined ? undefined : parameters.traceId(trace),
    spanId: spanOf(parameters),
  };
}

/** Whether every record that it finds is of one trace or span. */
function namesOne({ expression }: LogFilter): boolean {
  const parts = expression.kind === 'and' ? expression.parts : [expression];
  return parts.some(
    (part) =>
      part.kind === 'clause' &&
      part.clause.operator === '=' &&
      (part.clause.field === 'trace' || part.clause.field === 'span'),
  );
}

function spanOf(parameters: Parameters): string | undefined {
  const span = parameters.text('span')?.toLowerCase();
  if (span === undefined || /^[0-9a-f]{16}$/.test(span)) return span;
  throw new QueryProblem('bad-parameter', 'A span id has 16 hexadecimal digits.');
}
