import type {
  ApiError,
  AttributeKeysAnswer,
  AttributeValuesAnswer,
  DifferencesAnswer,
  HistogramAnswer,
  LogHistogramAnswer,
  LogPatternsAnswer,
  LogsAnswer,
  LogTailAnswer,
  MetricAttributesAnswer,
  MetricExemplarsAnswer,
  MetricFunction,
  MetricKind,
  MetricQueryAnswer,
  MetricSeriesAnswer,
  MetricsAnswer,
  OperationsAnswer,
  RedAnswer,
  ServiceErrorsAnswer,
  ServicesAnswer,
  SpanMetricsAnswer,
  SqlAnswer,
  SqlProgressAnswer,
  SqlSchemaAnswer,
  Status,
  TraceAnswer,
  TraceLogsAnswer,
  TracesAnswer,
} from '#shapes/api.js';
import { type AbsoluteRange, toUnixNano } from '../model/time-range.js';

/** What went wrong, in words for the reader. `away`: nothing answered at all. */
export class RequestFailure extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly away: boolean;
  constructor(options: { message: string; status: number; hint?: string | undefined; position?: number | undefined }) {
    super(options.message);
    this.name = 'RequestFailure';
    this.status = options.status;
    this.hint = options.hint;
    this.position = options.position;
    this.away = options.status === 0;
  }
}

const API = '/api/v1';

type Parameters = Readonly<Record<string, string | number | undefined>>;

export function apiUrl(path: string, parameters: Parameters = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return `${API}${path}${text === '' ? '' : `?${text}`}`;
}

/**
 * Fetches and reads an answer; every failure is a `RequestFailure`, but an abort stays an abort. `onProgress` hears how many
 * bytes have been read so far.
 */
export async function getJson<T>(url: string, signal?: AbortSignal, onProgress?: (bytes: number) => void): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { signal: signal ?? null, headers: { accept: 'application/json' } });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new RequestFailure({
      status: 0,
      message: 'The collector does not answer.',
      hint: 'See whether “throughline up” is still running. This page tries again by itself.',
    });
  }
  if (!response.ok) throw await failureOf(response);
  try {
    if (onProgress === undefined || response.body === null) return (await response.json()) as T;
    return JSON.parse(await readText(response.body, onProgress)) as T;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new RequestFailure({
      status: response.status,
      message: 'The answer is not JSON.',
      hint: 'Something between this page and the collector answers in its place, such as a proxy.',
    });
  }
}

async function readText(body: ReadableStream<Uint8Array>, onProgress: (bytes: number) => void): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const parts: string[] = [];
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    parts.push(decoder.decode(value, { stream: true }));
    onProgress(bytes);
  }
  return parts.join('') + decoder.decode();
}

async function failureOf(response: Response): Promise<RequestFailure> {
  let body: Partial<ApiError> = {};
  try {
    body = (await response.json()) as ApiError;
  } catch {
    // A proxy's page, or nothing: the status says what can be said.
  }
  const away = response.status === 502 || response.status === 504;
  return new RequestFailure({
    status: away ? 0 : response.status,
    message:
      body.error?.message ?? (away ? 'The collector does not answer.' : `The collector answered ${response.status}.`),
    hint: body.error?.hint,
    position: body.error?.position,
  });
}

const times = ({ startMs, endMs }: AbsoluteRange): Parameters => ({
  start: toUnixNano(startMs),
  end: toUnixNano(endMs),
});

/** Which log records are asked for. */
export interface LogFilter {
  readonly q: string | undefined;
  readonly severity: string | undefined;
  readonly service: string | undefined;
  readonly trace: string | undefined;
  readonly span: string | undefined;
}

/** Which metric is asked for: one name may be of several kinds. */
export interface MetricAsked {
  readonly name: string;
  readonly kind: MetricKind;
  readonly service: string | undefined;
}

/** What is computed of a metric. */
export interface MetricQueryAsked {
  readonly function: MetricFunction;
  readonly quantile?: number | undefined;
  readonly by: readonly string[];
  /** One condition, `key=value`. */
  readonly where: string | undefined;
  readonly top: number;
}

const repeated = (name: string, values: readonly string[]): string =>
  values.map((value) => `&${name}=${encodeURIComponent(value)}`).join('');

export const api = {
  status: (signal?: AbortSignal) => getJson<Status>(apiUrl('/status'), signal),

  services: (range: AbsoluteRange, signal?: AbortSignal) =>
    getJson<ServicesAnswer>(apiUrl('/services', times(range)), signal),

  operations: (service: string, range: AbsoluteRange, signal?: AbortSignal) =>
    getJson<OperationsAnswer>(apiUrl(`/services/${encodeURIComponent(service)}/operations`, times(range)), signal),

  traces: (
    options: {
      q: string;
      range: AbsoluteRange;
      sort: 'newest' | 'slowest';
      limit: number;
      cursor?: string | undefined;
    },
    signal?: AbortSignal,
  ) =>
    getJson<TracesAnswer>(
      apiUrl('/traces', {
        q: options.q,
        ...times(options.range),
        sort: options.sort,
        limit: options.limit,
        cursor: options.cursor,
      }),
      signal,
    ),

  trace: (traceId: string, signal?: AbortSignal) => getJson<TraceAnswer>(apiUrl(`/traces/${traceId}`), signal),

  traceLogs: (traceId: string, signal?: AbortSignal) =>
    getJson<TraceLogsAnswer>(apiUrl(`/traces/${traceId}/logs`), signal),

  logs: (
    { range, ...options }: LogFilter & { range: AbsoluteRange; limit: number; cursor?: string | undefined },
    signal?: AbortSignal,
  ) => getJson<LogsAnswer>(apiUrl('/logs', { ...options, ...times(range) }), signal),

  logHistogram: ({ range, ...options }: LogFilter & { range: AbsoluteRange; buckets: number }, signal?: AbortSignal) =>
    getJson<LogHistogramAnswer>(apiUrl('/logs/histogram', { ...options, ...times(range) }), signal),

  logPatterns: ({ range, ...options }: LogFilter & { range: AbsoluteRange }, signal?: AbortSignal) =>
    getJson<LogPatternsAnswer>(apiUrl('/logs/patterns', { ...options, ...times(range) }), signal),

  logTail: (options: LogFilter & { cursor?: string | undefined; backlog?: number }, signal?: AbortSignal) =>
    getJson<LogTailAnswer>(apiUrl('/logs/tail', { ...options }), signal),

  sql: ({ range, ...options }: { query: string; id: string; range: AbsoluteRange }, signal?: AbortSignal) =>
    getJson<SqlAnswer>(apiUrl('/sql', { ...options, ...times(range) }), signal),

  sqlProgress: (id: string, signal?: AbortSignal) =>
    getJson<SqlProgressAnswer>(apiUrl('/sql/progress', { id }), signal),

  sqlSchema: (signal?: AbortSignal) => getJson<SqlSchemaAnswer>(apiUrl('/sql/schema'), signal),

  metrics: (
    { range, ...options }: { q: string | undefined; service: string | undefined; range: AbsoluteRange },
    signal?: AbortSignal,
  ) => getJson<MetricsAnswer>(apiUrl('/metrics', { ...options, ...times(range) }), signal),

  metricSeries: (
    { name, range, ...options }: MetricAsked & { range: AbsoluteRange; buckets: number },
    signal?: AbortSignal,
  ) =>
    getJson<MetricSeriesAnswer>(
      apiUrl(`/metrics/${encodeURIComponent(name)}/series`, { ...options, ...times(range) }),
      signal,
    ),

  metricQuery: (
    {
      name,
      kind,
      by,
      range,
      ...options
    }: Omit<MetricAsked, 'service'> & MetricQueryAsked & { range: AbsoluteRange; buckets: number },
    signal?: AbortSignal,
  ) =>
    getJson<MetricQueryAnswer>(
      `${apiUrl(`/metrics/${encodeURIComponent(name)}/query`, { kind, ...options, ...times(range) })}${repeated('by', by)}`,
      signal,
    ),

  metricAttributes: (
    { name, kind, range }: Omit<MetricAsked, 'service'> & { range: AbsoluteRange },
    signal?: AbortSignal,
  ) =>
    getJson<MetricAttributesAnswer>(
      apiUrl(`/metrics/${encodeURIComponent(name)}/attributes`, { kind, ...times(range) }),
      signal,
    ),

  metricExemplars: (
    { name, kind, range, where }: Omit<MetricAsked, 'service'> & { range: AbsoluteRange; where: string | undefined },
    signal?: AbortSignal,
  ) =>
    getJson<MetricExemplarsAnswer>(
      apiUrl(`/metrics/${encodeURIComponent(name)}/exemplars`, { kind, where, ...times(range) }),
      signal,
    ),

  serviceErrors: (service: string, range: AbsoluteRange, signal?: AbortSignal) =>
    getJson<ServiceErrorsAnswer>(apiUrl(`/services/${encodeURIComponent(service)}/errors`, times(range)), signal),

  red: (service: string, range: AbsoluteRange, stepMs: number, signal?: AbortSignal) =>
    getJson<RedAnswer>(apiUrl('/red', { service, ...times(range), step: `${stepMs}ms` }), signal),

  spanMetrics: (options: { service: string; range: AbsoluteRange; by: string; all?: '1' }, signal?: AbortSignal) =>
    getJson<SpanMetricsAnswer>(
      apiUrl('/span-metrics', { service: options.service, by: options.by, all: options.all, ...times(options.range) }),
      signal,
    ),

  histogram: (options: { q: string; range: AbsoluteRange; buckets: number }, signal?: AbortSignal) =>
    getJson<HistogramAnswer>(
      apiUrl('/histogram', { q: options.q, ...times(options.range), buckets: options.buckets }),
      signal,
    ),

  differences: (
    options: { q: string; range: AbsoluteRange; selection: AbsoluteRange; minDuration?: string | undefined },
    signal?: AbortSignal,
  ) =>
    getJson<DifferencesAnswer>(
      apiUrl('/differences', {
        q: options.q,
        ...times(options.range),
        selectionStart: toUnixNano(options.selection.startMs),
        selectionEnd: toUnixNano(options.selection.endMs),
        minDuration: options.minDuration,
      }),
      signal,
    ),

  attributeKeys: (
    options: { range: AbsoluteRange; prefix: string; service?: string | undefined },
    signal?: AbortSignal,
  ) =>
    getJson<AttributeKeysAnswer>(
      apiUrl('/attributes', { ...times(options.range), prefix: options.prefix, service: options.service }),
      signal,
    ),

  attributeValues: (
    options: { key: string; range: AbsoluteRange; prefix: string; service?: string | undefined },
    signal?: AbortSignal,
  ) =>
    getJson<AttributeValuesAnswer>(
      apiUrl(`/attributes/${encodeURIComponent(options.key)}/values`, {
        ...times(options.range),
        prefix: options.prefix,
        service: options.service,
      }),
      signal,
    ),
};
