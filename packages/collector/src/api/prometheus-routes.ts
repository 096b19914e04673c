import { evaluate, rangeAt } from '../query/promql/evaluate.js';
import type { Selector } from '../query/promql/expression.js';
import { labelNames, labelValues, metadata, type Selections, seriesOf } from '../query/promql/label-questions.js';
import { parsePromql, parsePromqlDuration, typeOf } from '../query/promql/parse-promql.js';
import { type Grid, momentOf, type Value } from '../query/promql/values.js';
import { QueryProblem } from '../query/query-problem.js';
import type { TimeRange } from '../query/time-range.js';
import { type Answer, type Failure, jsonAnswer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Route } from './route.js';
import { inPath } from './route-parameters.js';

/*
 * Prometheus' HTTP API (prometheus.io/docs/prometheus/latest/querying/api), for Grafana's Prometheus data source and others. What a client sends beyond the named
 * parameters is passed over, as Prometheus does.
 */

/** As many as Prometheus gives for one series. */
const MOST_STEPS = 11_000;
/** So far from 1970 dates end. */
const LAST_SECOND = 8.64e12;
/** Names and labels without times are those of so long. */
const NAMES_LOOKBACK_MS = 6 * 3_600_000;

const MOMENT = 'Unix time in seconds, or RFC 3339.';
const parameter = (name: string, description: string, required = false): Parameter => ({
  name,
  in: 'query',
  ...(required ? { required } : {}),
  description,
  schema: { type: 'string' },
});
const match: Parameter = {
  name: 'match[]',
  in: 'query',
  description: 'A selector; may be repeated, then any of them.',
  schema: { type: 'array', items: { type: 'string' } },
};
const [start, end] = [parameter('start', `Begin. ${MOMENT}`), parameter('end', `End. ${MOMENT}`)];
const limit: Parameter = {
  name: 'limit',
  in: 'query',
  description: 'How many at most; 0 and none at all: all.',
  schema: { type: 'integer', minimum: 0 },
};
const query = parameter('query', 'An expression in PromQL.', true);

const shared = {
  lenient: true,
  form: true,
  failure: { schema: 'PrometheusError', answer: prometheusFailure },
} as const;

export const PROMETHEUS_ROUTES: readonly Route[] = [
  {
    ...shared,
    path: '/api/v1/query',
    summary: 'Prometheus: an expression at one moment',
    parameters: [query, parameter('time', `${MOMENT} Default: now.`), limit],
    schema: 'PrometheusResult',
    handle: async ({ parameters, reader, nowNano }) => {
      const expression = parsePromql(required(parameters, 'query'));
      const atMs = momentOfText(parameters, 'time', nowNano) ?? Number(nowNano / 1_000_000n);
      if (expression.kind === 'range') {
        const series = await evaluated(rangeAt(reader, expression, atMs));
        return success({
          resultType: 'matrix',
          result: series.map(({ labels, samples: { times, values } }) => ({
            metric: labels,
            values: times.map((at, index) => [at / 1_000, numberText(values[index]!)]),
          })),
        });
      }
      if (typeOf(expression) === 'range')
        throw new QueryProblem('bad-promql', 'A subquery is for a function over time, as in max_over_time(x[1h:1m]).');
      const value = await evaluated(evaluate(reader, expression, { startMs: atMs, stepMs: 0, length: 1 }));
      return success(instantResult(value, atMs, limitOf(parameters)));
    },
  },
  {
    ...shared,
    path: '/api/v1/query_range',
    summary: 'Prometheus: an expression over time',
    parameters: [
      query,
      { ...start, required: true },
      { ...end, required: true },
      parameter('step', 'Seconds, or a duration as in 1m.', true),
      limit,
    ],
    schema: 'PrometheusResult',
    handle: async ({ parameters, reader, nowNano }) => {
      const expression = parsePromql(required(parameters, 'query'));
      const grid = gridOf(parameters, nowNano);
      const type = typeOf(expression);
      if (type === 'range' || type === 'string')
        throw new QueryProblem(
          'bad-promql',
          `Over time an expression must be a number or an instant vector, not a ${type}.`,
        );
      return success(rangeResult(await evaluated(evaluate(reader, expression, grid)), grid, limitOf(parameters)));
    },
  },
  {
    ...shared,
    path: '/api/v1/labels',
    summary: 'Prometheus: names of labels',
    parameters: [start, end, match, limit],
    schema: 'PrometheusTexts',
    handle: async ({ parameters, reader, nowNano }) =>
      success(limited(await labelNames(reader, selectionsOf(parameters), namesRange(parameters, nowNano)), parameters)),
  },
  {
    ...shared,
    path: '/api/v1/label/{name}/values',
    summary: 'Prometheus: values of a label',
    parameters: [inPath('name', 'Name of the label; `__name__` for the names of metrics.'), start, end, match, limit],
    schema: 'PrometheusTexts',
    handle: async ({ parameters, reader, nowNano }) => {
      // What is not letters, digits and underscores is written as U__ and numbers in hexadecimal between underscores.
      const label = parameters.path('name');
      const name = label.startsWith('U__') ? unescaped(label) : label;
      return success(
        limited(await labelValues(reader, name, selectionsOf(parameters), namesRange(parameters, nowNano)), parameters),
      );
    },
  },
  {
    ...shared,
    path: '/api/v1/series',
    summary: 'Prometheus: the series that selectors find',
    parameters: [{ ...match, required: true }, start, end, limit],
    schema: 'PrometheusSeries',
    handle: async ({ parameters, reader, nowNano }) => {
      const selections = selectionsOf(parameters);
      if (selections.length === 0) throw new QueryProblem('bad-parameter', 'At least one match[] must be there.');
      return success(limited(await seriesOf(reader, selections, namesRange(parameters, nowNano)), parameters));
    },
  },
  {
    ...shared,
    path: '/api/v1/metadata',
    summary: 'Prometheus: what metrics are',
    parameters: [parameter('metric', 'Only this one.'), limit],
    schema: 'PrometheusMetadata',
    handle: async ({ parameters, reader, nowNano }) => {
      const all = Object.entries(await metadata(reader, namesRange(parameters, nowNano)));
      const wanted = parameters.text('metric');
      const found = wanted === undefined ? all : all.filter(([name]) => name === wanted);
      return success(Object.fromEntries(limited(found, parameters)));
    },
  },
  {
    ...shared,
    path: '/api/v1/status/buildinfo',
    summary: 'Prometheus: what answers here, by which its clients choose what they ask',
    parameters: [],
    schema: 'PrometheusBuildInfo',
    handle: async ({ status }) =>
      success({ version: '2.55.0', application: 'throughline', revision: (await status()).version }),
  },
];

/** What is wrong with an expression that could be read is no fault of the request's: Prometheus tells the two apart by status and word. */
function evaluated<Result>(evaluating: Promise<Result>): Promise<Result> {
  return evaluating.catch((error: unknown) => {
    if (!(error instanceof QueryProblem)) throw error;
    const { message, hint, position } = error;
    throw new QueryProblem('promql-failed', message, {
      ...(hint === undefined ? {} : { hint }),
      ...(position === undefined ? {} : { position }),
    });
  });
}

function required(parameters: Parameters, name: string): string {
  const text = parameters.text(name);
  if (text !== undefined) return text;
  throw new QueryProblem('bad-parameter', `The parameter ${name} is missing.`);
}

function momentOfText(parameters: Parameters, name: string, nowNano: bigint): number | undefined {
  const text = parameters.text(name);
  if (text === undefined) return undefined;
  const seconds = /^-?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(seconds) > LAST_SECOND) throw new QueryProblem('bad-parameter', `${name} is no moment that a date has.`);
  if (Number.isFinite(seconds)) return Math.round(seconds * 1_000);
  const nano = parameters.time(name, nowNano)!;
  return Number(nano / 1_000_000n);
}

function gridOf(parameters: Parameters, nowNano: bigint): Grid {
  const [startMs, endMs] = (['start', 'end'] as const).map((name) => {
    required(parameters, name);
    return momentOfText(parameters, name, nowNano)!;
  }) as [number, number];
  const stepMs = parsePromqlDuration(required(parameters, 'step'));
  if (stepMs === undefined || stepMs <= 0 || stepMs > LAST_SECOND * 1_000)
    throw new QueryProblem('bad-parameter', 'step must be a duration longer than nothing, as in 15 or 1m.');
  if (endMs < startMs) throw new QueryProblem('bad-parameter', 'end must not be before start.');
  const length = Math.floor((endMs - startMs) / stepMs) + 1;
  if (length > MOST_STEPS)
    throw new QueryProblem(
      'bad-parameter',
      `${length} steps are more than one answer has (${MOST_STEPS}); ask for a wider step.`,
    );
  return { startMs, stepMs, length };
}

function namesRange(parameters: Parameters, nowNano: bigint): TimeRange {
  const nowMs = Number(nowNano / 1_000_000n);
  const endMs = momentOfText(parameters, 'end', nowNano) ?? nowMs;
  const startMs = momentOfText(parameters, 'start', nowNano) ?? endMs - NAMES_LOOKBACK_MS;
  if (startMs > endMs) throw new QueryProblem('bad-parameter', 'end must not be before start.');
  const nano = (ms: number): bigint => BigInt(Math.max(0, Math.round(ms))) * 1_000_000n;
  return { startNano: nano(startMs), endNano: nano(endMs) + 1_000_000n };
}

function selectionsOf(parameters: Parameters): Selections {
  return parameters.all('match[]').map((text) => {
    const expression = parsePromql(text);
    if (expression.kind !== 'selector')
      throw new QueryProblem('bad-promql', `match[] takes selectors, as in up{job="a"}, not ${JSON.stringify(text)}.`);
    return (expression satisfies Selector).matchers;
  });
}

function limitOf(parameters: Parameters): number {
  const most = parameters.integer('limit', { least: 0, most: 1e15, otherwise: 0 });
  return most === 0 ? Number.POSITIVE_INFINITY : most;
}
const limited = <Item>(items: readonly Item[], parameters: Parameters): readonly Item[] =>
  items.slice(0, limitOf(parameters));

function unescaped(text: string): string {
  return text.slice(3).replace(/__|_([0-9a-fA-F]{1,6})_/g, (written, code?: string) => {
    if (code === undefined) return '_';
    const point = Number.parseInt(code, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : written;
  });
}

/** Numbers as Prometheus writes them: as text, because JSON has no word for those that are none. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function instantResult(value: Value, atMs: number, most: number): unknown {
  const at = atMs / 1_000;
  if (value.kind === 'scalar') return { resultType: 'scalar', result: [at, numberText(value.values[0]!)] };
  if (value.kind === 'string') return { resultType: 'string', result: [at, value.text] };
  const result = value.series.flatMap(({ labels, values: [one] }) =>
    one === undefined ? [] : [{ metric: labels, value: [at, numberText(one)] }],
  );
  return { resultType: 'vector', result: result.slice(0, most) };
}

function rangeResult(value: Value, grid: Grid, most: number): unknown {
  const series =
    value.kind === 'vector' ? value.series : value.kind === 'scalar' ? [{ labels: {}, values: value.values }] : [];
  const result = series
    .map(({ labels, values }) => ({
      metric: labels,
      values: values.flatMap((one, index) =>
        one === undefined ? [] : [[momentOf(grid, index) / 1_000, numberText(one)] as const],
      ),
    }))
    .filter(({ values }) => values.length > 0)
    .sort((a, b) => (JSON.stringify(a.metric) < JSON.stringify(b.metric) ? -1 : 1));
  return { resultType: 'matrix', result: result.slice(0, most) };
}

const success = (data: unknown): Answer => jsonAnswer({ status: 'success', data });

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'bad_data',
  422: 'execution',
  499: 'canceled',
  503: 'timeout',
};

function prometheusFailure({ status, message, hint, position, retryAfterSeconds }: Failure): Answer {
  const errorType = ERROR_TYPES[status] ?? 'internal';
  const where = position === undefined ? '' : `1:${position + 1}: `;
  const error = `${where}${message}${hint === undefined ? '' : ` ${hint}`}`;
  const answer = jsonAnswer({ status: 'error', errorType, error }, status);
  return retryAfterSeconds === undefined
    ? answer
    : { ...answer, headers: { 'retry-after': String(retryAfterSeconds) } };
}
