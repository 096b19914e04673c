import { dependencies } from '../query/dependencies.js';
import { operationNames, serviceNames } from '../query/names.js';
import { QueryProblem } from '../query/query-problem.js';
import { searchTraces } from '../query/search-traces.js';
import { LAST_NANO, type TimeRange } from '../query/time-range.js';
import { normalTraceId, readTraces } from '../query/trace.js';
import { type Clause, parseDuration, SPAN_KINDS, STATUSES } from '../shapes/filter.js';
import { type Answer, type Failure, jsonAnswer } from './answer.js';
import { jaegerTraces } from './jaeger-trace.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Asked, Route } from './route.js';

/*
 * Jaeger's first HTTP API, for Grafana's Jaeger data source and older UIs. What a client sends beyond the named parameters
 * is passed over, as Jaeger does.
 */

const DAY_NANO = 86_400_000_000_000n;
/** Jaeger's own default for a search without times. */
const SEARCH_LOOKBACK = 2n * DAY_NANO;
/** Jaeger keeps names without times; here they come out of the spans of so many days. */
const NAMES_LOOKBACK = 7n * DAY_NANO;
const MOST_TRACES = 200;

function text(name: string, description: string): Parameter {
  return { name, in: 'query', description, schema: { type: 'string' } };
}
function part(name: string, description: string): Parameter {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

export const JAEGER_ROUTES: readonly Route[] = [
  {
    path: '/api/services',
    summary: 'Jaeger: names of services',
    parameters: [],
    lenient: true,
    schema: 'JaegerNames',
    handle: async ({ reader, nowNano }) => envelope(await serviceNames(reader, lastDays(nowNano, NAMES_LOOKBACK))),
  },
  {
    path: '/api/services/{service}/operations',
    summary: 'Jaeger: names of the spans of a service',
    parameters: [part('service', 'Name of the service.')],
    lenient: true,
    schema: 'JaegerNames',
    handle: async ({ parameters, reader, nowNano }) => {
      const question = { service: parameters.path('service'), range: lastDays(nowNano, NAMES_LOOKBACK) };
      const names = (await operationNames(reader, question)).map((operation) => operation.name);
      return envelope([...new Set(names)]);
    },
  },
  {
    path: '/api/operations',
    summary: 'Jaeger: names and kinds of the spans of a service',
    parameters: [text('service', 'Name of the service.'), text('spanKind', 'server, client …; without it every kind.')],
    lenient: true,
    schema: 'JaegerOperations',
    handle: async ({ parameters, reader, nowNano }) => {
      const kind = SPAN_KINDS.find((name) => name === parameters.text('spanKind'));
      const question = { service: requiredService(parameters), kind, range: lastDays(nowNano, NAMES_LOOKBACK) };
      return envelope((await operationNames(reader, question)).map(({ name, kind }) => ({ name, spanKind: kind })));
    },
  },
  {
    path: '/api/traces',
    summary: 'Jaeger: search',
    parameters: [
      text('service', 'Name of the service.'),
      text('operation', 'Name of the span.'),
      text('start', 'Unix microseconds.'),
      text('end', 'Unix microseconds.'),
      { name: 'limit', in: 'query', description: 'Default 20.', schema: { type: 'integer', minimum: 1 } },
      text('minDuration', 'As in 1.5ms.'),
      text('maxDuration', 'As in 2s.'),
      text('tags', 'JSON object of strings.'),
      text('tag', 'key:value; may be repeated.'),
      text('traceID', 'Instead of a search: this trace; may be repeated.'),
    ],
    lenient: true,
    schema: 'JaegerTraces',
    handle: search,
  },
  {
    path: '/api/traces/{traceId}',
    summary: 'Jaeger: one trace',
    parameters: [part('traceId', 'Hexadecimal digits.')],
    lenient: true,
    schema: 'JaegerTraces',
    notFound: true,
    handle: async ({ parameters, reader }) => {
      const traceId = jaegerTraceId(parameters.path('traceId'));
      const rows = await readTraces(reader, [traceId]);
      if (rows.spans.length > 0) return envelope(jaegerTraces([traceId], rows));
      return jaegerFailure({ status: 404, code: 'no-such-trace', message: 'trace not found' });
    },
  },
  {
    path: '/api/dependencies',
    summary: 'Jaeger: which service calls which',
    parameters: [text('endTs', 'Unix milliseconds. Default: now.'), text('lookback', 'Milliseconds. Default: a day.')],
    lenient: true,
    schema: 'JaegerDependencies',
    handle: async ({ parameters, reader, nowNano }) => {
      const endNano = nanosOf(integer(parameters, 'endTs') ?? nowNano / 1_000_000n, 1_000_000n);
      const lookback = (integer(parameters, 'lookback') ?? 86_400_000n) * 1_000_000n;
      const found = await dependencies(reader, {
        startNano: endNano > lookback ? endNano - lookback : 0n,
        endNano: endNano + 1n,
      });
      return envelope(found.map(({ parent, child, calls }) => ({ parent, child, callCount: calls })));
    },
  },
];

async function search({ parameters, reader, nowNano }: Asked): Promise<Answer> {
  const named = parameters.all('traceID').map(jaegerTraceId);
  if (named.length > 0) return envelope(jaegerTraces(named, await readTraces(reader, named.slice(0, MOST_TRACES))));
  const endNano = nanosOf(integer(parameters, 'end') ?? nowNano / 1_000n, 1_000n);
  const earliest = endNano > SEARCH_LOOKBACK ? endNano - SEARCH_LOOKBACK : 0n;
  const startMicro = integer(parameters, 'start');
  const startNano = startMicro === undefined ? earliest : nanosOf(startMicro, 1_000n);
  if (startNano >= endNano) throw new QueryProblem('bad-parameter', "parameter 'start' must be before 'end'");
  const found = await searchTraces(reader, {
    clauses: clausesOf(parameters),
    range: { startNano, endNano },
    limit: Math.min(MOST_TRACES, Number(integer(parameters, 'limit') ?? 20n) || 20),
    sort: 'newest',
    question: '',
  });
  const ids = found.traces.map((trace) => trace.traceId);
  return envelope(ids.length === 0 ? [] : jaegerTraces(ids, await readTraces(reader, ids)));
}

function clausesOf(parameters: Parameters): Clause[] {
  const clauses: Clause[] = [clause('service', '=', requiredService(parameters))];
  const operation = parameters.text('operation');
  if (operation !== undefined && operation !== 'all') clauses.push(clause('name', '=', operation));
  for (const [name, operator] of [
    ['minDuration', '>='],
    ['maxDuration', '<='],
  ] as const) {
    const duration = parameters.text(name);
    if (duration === undefined) continue;
    if (parseDuration(duration) === undefined) {
      throw new QueryProblem('bad-parameter', `parameter '${name}' is not a duration`, {
        hint: 'As in 1.5ms, 2s or 1m30s.',
      });
    }
    clauses.push(clause('duration', operator, duration));
  }
  for (const [key, value] of tagsOf(parameters)) clauses.push(tagClause(key, value));
  return clauses;
}

/** Tags that Jaeger makes of what OpenTelemetry has fields for are asked of those fields. */
function tagClause(key: string, value: string): Clause {
  if (key === 'error' && (value === 'true' || value === 'false'))
    return clause('status', value === 'true' ? '=' : '!=', 'error');
  const word = value.toLowerCase();
  if (key === 'otel.status_code' && (STATUSES as readonly string[]).includes(word)) return clause('status', '=', word);
  if (key === 'span.kind' && (SPAN_KINDS as readonly string[]).includes(word)) return clause('kind', '=', word);
  if (key === 'otel.scope.name' || key === 'otel.library.name') return clause('scope', '=', value);
  return { ...clause('attribute', '=', value), key };
}

function clause(field: Clause['field'], operator: Clause['operator'], value: string): Clause {
  return { field, operator, value, start: 0, end: 0 };
}

function tagsOf(parameters: Parameters): [key: string, value: string][] {
  const tags: [string, string][] = [];
  for (const tag of parameters.all('tag')) {
    const colon = tag.indexOf(':');
    if (colon < 1) throw new QueryProblem('bad-parameter', "parameter 'tag' must be key:value");
    tags.push([tag.slice(0, colon), tag.slice(colon + 1)]);
  }
  for (const json of parameters.all('tags')) {
    let object: unknown;
    try {
      object = JSON.parse(json);
    } catch {
      object = undefined;
    }
    if (object === null || typeof object !== 'object' || Array.isArray(object)) {
      throw new QueryProblem('bad-parameter', "parameter 'tags' must be a JSON object of strings");
    }
    for (const [key, value] of Object.entries(object)) tags.push([key, String(value)]);
  }
  return tags;
}

function requiredService(parameters: Parameters): string {
  const service = parameters.text('service');
  if (service === undefined) throw new QueryProblem('bad-parameter', "parameter 'service' is required");
  return service;
}

function integer(parameters: Parameters, name: string): bigint | undefined {
  const given = parameters.text(name);
  if (given === undefined) return undefined;
  if (/^\d{1,16}$/.test(given)) return BigInt(given);
  throw new QueryProblem('bad-parameter', `parameter '${name}' must be a whole number`);
}

/** What lies beyond the year 2262 means its end. One nanosecond less, so that a range can still close after it. */
function nanosOf(time: bigint, unitNano: bigint): bigint {
  const nano = time * unitNano;
  return nano < LAST_NANO ? nano : LAST_NANO - 1n;
}

/** Jaeger leaves out leading zeros. */
function jaegerTraceId(id: string): string {
  const normal = /^[0-9a-f]{1,32}$/i.test(id) ? normalTraceId(id.padStart(32, '0')) : undefined;
  if (normal === undefined) throw new QueryProblem('bad-parameter', `${JSON.stringify(id)} is not a trace id`);
  return normal;
}

function lastDays(nowNano: bigint, lookback: bigint): TimeRange {
  return { startNano: nowNano > lookback ? nowNano - lookback : 0n, endNano: nowNano + 60_000_000_000n };
}

function envelope(data: readonly unknown[]): Answer {
  return jsonAnswer({ data, total: data.length, limit: 0, offset: 0, errors: null });
}

export function jaegerFailure(failure: Failure): Answer {
  const { status, message, hint } = failure;
  const msg = hint === undefined ? message : `${message}. ${hint}`;
  return jsonAnswer({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: status, msg }] }, status);
}
