import { type AttributeScope, attributeKeys, attributeValues } from '../query/attributes.js';
import { differences } from '../query/differences.js';
import { readFilter } from '../query/filter-sql.js';
import { histogram, MOST_BUCKETS, red, stepFor } from '../query/histogram.js';
import { QueryProblem } from '../query/query-problem.js';
import { searchTraces } from '../query/search-traces.js';
import { operations, services } from '../query/services.js';
import { traceJson } from '../query/trace.js';
import { failureAnswer, JSON_TYPE, jsonAnswer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Route } from './route.js';
import { cursor, end, inPath, limit, start, TIME, traceIdInPath } from './route-parameters.js';

const q: Parameter = {
  name: 'q',
  in: 'query',
  description:
    'Filter: clauses that must all be true of one span, as in `service=checkout status=error duration>250ms http.route=~"^/api"`. See docs/api.md.',
  schema: { type: 'string' },
  example: 'service=checkout duration>250ms',
};
const prefix: Parameter = {
  name: 'prefix',
  in: 'query',
  description: 'Only what begins with this.',
  schema: { type: 'string' },
};
const service: Parameter = {
  name: 'service',
  in: 'query',
  description: 'Only spans of this service.',
  schema: { type: 'string' },
};

const MOST_TRACES = 200;
const MOST_COMPLETIONS = 1_000;

export const ROUTES: readonly Route[] = [
  {
    path: '/api/v1/status',
    summary: 'How the collector and its store are',
    parameters: [],
    schema: 'Status',
    handle: async ({ status }) => jsonAnswer(await status()),
  },
  {
    path: '/api/v1/services',
    summary: 'Services seen in a time range, busiest first',
    parameters: [start, end],
    schema: 'ServicesAnswer',
    handle: async ({ parameters, reader, nowNano }) => jsonAnswer(await services(reader, parameters.range(nowNano))),
  },
  {
    path: '/api/v1/services/{service}/operations',
    summary: 'What a service does, by span name and kind',
    parameters: [inPath('service', 'Name of the service.'), start, end],
    schema: 'OperationsAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(await operations(reader, parameters.path('service'), parameters.range(nowNano))),
  },
  {
    path: '/api/v1/traces',
    summary: 'Traces of which one span matches every clause of the filter',
    description:
      'Pages stay stable while data arrives: the first page pins the time range; no trace comes twice and none that was there at the first page is skipped.',
    parameters: [
      q,
      start,
      end,
      limit(MOST_TRACES, 20),
      {
        name: 'sort',
        in: 'query',
        description: '`newest` by the start of the newest matching span, `slowest` by the longest matching span.',
        schema: { type: 'string', enum: ['newest', 'slowest'], default: 'newest' },
      },
      cursor,
    ],
    schema: 'TracesAnswer',
    handle: async ({ parameters, reader, nowNano }) => {
      const text = parameters.text('q') ?? '';
      const clauses = readFilter(text);
      const sort = parameters.oneOf('sort', ['newest', 'slowest'], 'newest');
      // Who names a trace or a span means that one, however long ago it was.
      const wholePast = clauses.some(
        ({ field, operator }) => (field === 'trace' || field === 'span') && operator === '=',
      );
      return jsonAnswer(
        await searchTraces(reader, {
          clauses,
          range: parameters.range(nowNano, { wholePast }),
          limit: parameters.integer('limit', { least: 1, most: MOST_TRACES, otherwise: 20 }),
          sort,
          cursor: parameters.text('cursor'),
          question: `${sort} ${text}`,
        }),
      );
    },
  },
  {
    path: '/api/v1/traces/{traceId}',
    summary: 'All spans of a trace, earliest first',
    parameters: [traceIdInPath],
    schema: 'TraceAnswer',
    notFound: true,
    handle: async ({ parameters, reader }) => {
      const traceId = parameters.traceId();
      const body = await traceJson(reader, traceId);
      if (body !== undefined) return { status: 200, body, type: JSON_TYPE };
      return failureAnswer({
        status: 404,
        code: 'no-such-trace',
        message: `Nothing of the trace ${traceId} is kept here.`,
        hint: 'It may not have arrived yet, may not have been sampled, or may have aged out.',
      });
    },
  },
  {
    path: '/api/v1/histogram',
    summary: 'Matching spans over time',
    parameters: [
      q,
      start,
      end,
      {
        name: 'buckets',
        in: 'query',
        description: 'How many buckets at most; their width is rounded up to one that reads well. Default 60.',
        schema: { type: 'integer', minimum: 1, maximum: MOST_BUCKETS, default: 60 },
      },
    ],
    schema: 'HistogramAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await histogram(reader, {
          clauses: readFilter(parameters.text('q') ?? ''),
          range: parameters.range(nowNano),
          buckets: parameters.integer('buckets', { least: 1, most: MOST_BUCKETS, otherwise: 60 }),
        }),
      ),
  },
  {
    path: '/api/v1/red',
    summary: 'Rate, errors and duration over time',
    description:
      "Of all spans of an operation; without an operation of the service's entry spans (server, consumer, root).",
    parameters: [
      service,
      { name: 'operation', in: 'query', description: 'Name of the spans.', schema: { type: 'string' } },
      start,
      end,
      {
        name: 'step',
        in: 'query',
        description: 'Width of a step, as in 1m. Default: what gives about 60.',
        schema: { type: 'string' },
        example: '1m',
      },
    ],
    schema: 'RedAnswer',
    handle: async ({ parameters, reader, nowNano }) => {
      const range = parameters.range(nowNano);
      const stepNano = parameters.duration('step') ?? stepFor(range, 60);
      if (stepNano < 1n || (range.endNano - range.startNano) / stepNano > BigInt(MOST_BUCKETS)) {
        throw new QueryProblem('bad-parameter', `step must give at most ${MOST_BUCKETS} steps in the range.`);
      }
      return jsonAnswer(
        await red(reader, {
          service: parameters.text('service'),
          operation: parameters.text('operation'),
          range,
          stepNano,
        }),
      );
    },
  },
  {
    path: '/api/v1/attributes',
    summary: 'Attribute keys that are really there, and the fields of the filter language',
    parameters: [start, end, prefix, service, limit(MOST_COMPLETIONS, 200)],
    schema: 'AttributeKeysAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(await attributeKeys(reader, completion(parameters, nowNano, 200))),
  },
  {
    path: '/api/v1/attributes/{key}/values',
    summary: 'The commonest values of a key',
    description: 'A key that is called like a field (service, name …) means the field, unless scope says otherwise.',
    parameters: [
      inPath('key', 'The key of the attribute, or a field.'),
      start,
      end,
      prefix,
      service,
      limit(MOST_COMPLETIONS, 50),
      {
        name: 'scope',
        in: 'query',
        description:
          'Where to look. Default: a field where there is one of this name, else the span and then its resource.',
        schema: { type: 'string', enum: ['span', 'resource', 'field'] },
      },
    ],
    schema: 'AttributeValuesAnswer',
    handle: async ({ parameters, reader, nowNano }) =>
      jsonAnswer(
        await attributeValues(reader, {
          ...completion(parameters, nowNano, 50),
          key: parameters.path('key'),
          scope:
            parameters.text('scope') === undefined
              ? undefined
              : parameters.oneOf<AttributeScope>('scope', ['span', 'resource', 'field'], 'span'),
        }),
      ),
  },
  {
    path: '/api/v1/differences',
    summary: 'Which attributes differ most between a selected part of the matching spans and the rest',
    parameters: [
      q,
      start,
      end,
      {
        name: 'selectionStart',
        in: 'query',
        description: `Begin of the selected part. ${TIME} Default: start.`,
        schema: { type: 'string' },
      },
      {
        name: 'selectionEnd',
        in: 'query',
        description: `End of the selected part. ${TIME} Default: end.`,
        schema: { type: 'string' },
      },
      {
        name: 'minDuration',
        in: 'query',
        description: 'The selected part are spans that last at least this, as in 250ms.',
        schema: { type: 'string' },
      },
    ],
    schema: 'DifferencesAnswer',
    handle: async ({ parameters, reader, nowNano }) => {
      const range = parameters.range(nowNano);
      return jsonAnswer(
        await differences(reader, {
          clauses: readFilter(parameters.text('q') ?? ''),
          range,
          selection: {
            startNano: parameters.time('selectionStart', nowNano) ?? range.startNano,
            endNano: parameters.time('selectionEnd', nowNano) ?? range.endNano,
          },
          minDurationNano: parameters.duration('minDuration'),
        }),
      );
    },
  },
];

function completion(parameters: Parameters, nowNano: bigint, otherwise: number) {
  return {
    range: parameters.range(nowNano),
    service: parameters.text('service'),
    prefix: parameters.text('prefix'),
    limit: parameters.integer('limit', { least: 1, most: MOST_COMPLETIONS, otherwise }),
  };
}
