/*
 * What the collector's HTTP API (`/api/v1`) and the explorer say to each other. Both import this file; nothing
 * else about the other side. Times are Unix nanoseconds as decimal strings (they do not fit a double);
 * durations are nanoseconds as numbers (exact up to 104 days). Ids are lowercase hex.
 */

type UnixNano = string;

/** Every answer that is not 2xx. `hint` says what to do. */
export interface ApiError {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly position?: number;
  };
}

/** GET /api/v1/status */
export interface Status {
  readonly version: string;
  readonly startedUnixNano: UnixNano;
  readonly store: {
    readonly kind: 'embedded' | 'cluster';
    readonly engineVersion: string;
    readonly healthy: boolean;
    readonly message?: string;
  };
  readonly spans: number;
  readonly logRecords: number;
  readonly metricPoints: number;
  readonly bytesOnDisk: number;
  readonly receive: { readonly otlpHttp: string; readonly otlpGrpc: string };
  /** Where the example shop is open, that the explorer's tour goes through. */
  readonly tour?: string;
}

/** GET /api/v1/services?start&end : all services seen in the range, busiest first. */
export interface ServicesAnswer {
  readonly services: readonly ServiceSummary[];
  readonly stats: QueryStats;
}
export interface ServiceSummary {
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
  /** Of entry spans (server and consumer kinds, and roots), in nanoseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** GET /api/v1/services/{service}/operations?start&end */
export interface OperationsAnswer {
  readonly operations: readonly OperationSummary[];
  readonly stats: QueryStats;
}
export interface OperationSummary extends ServiceSummary {
  readonly kind: SpanKindName;
}

export type SpanKindName = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type StatusName = 'unset' | 'ok' | 'error';

/**
 * GET /api/v1/traces?q&start&end&limit&cursor&sort
 * `q` is the filter language of `filter.ts`. A trace matches when one of its spans matches every clause.
 * `sort`: `newest` (default) or `slowest`. Paging by `cursor` is stable while data arrives.
 */
export interface TracesAnswer {
  readonly traces: readonly TraceSummary[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
  readonly stats: QueryStats;
}
export interface QueryStats {
  readonly elapsedMs: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}
export interface TraceSummary {
  readonly traceId: string;
  /** The root span where it is known, else the earliest span. */
  readonly rootService: string;
  readonly rootName: string;
  /** `false`: the root has not arrived (yet); the name is the earliest span's. */
  readonly hasRoot: boolean;
  readonly startUnixNano: UnixNano;
  readonly durationNano: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly { readonly name: string; readonly spans: number; readonly errors: number }[];
  /**
   * Spans of this trace that matched the query, at most 3, of those that the search met: failed ones first, then the longest. Empty
   * without a filter.
   */
  readonly matched: readonly {
    readonly spanId: string;
    readonly service: string;
    readonly name: string;
    readonly durationNano: number;
    readonly status: StatusName;
  }[];
}

/** GET /api/v1/traces/{traceId}; 404 with ApiError when nothing of it is kept. Spans ordered by start. */
export interface TraceAnswer {
  readonly traceId: string;
  /** Each resource once; spans point into it. */
  readonly resources: readonly ResourceDetail[];
  readonly scopes: readonly ScopeDetail[];
  readonly spans: readonly SpanDetail[];
  /** The trace has more spans than one answer holds (100,000); these are its earliest. */
  readonly truncated?: boolean;
  readonly stats: QueryStats;
}
export interface ResourceDetail {
  readonly service: string;
  readonly attributes: Attributes;
  readonly schemaUrl?: string;
  readonly droppedAttributes?: number;
}
export interface ScopeDetail {
  readonly name: string;
  readonly version: string;
  /** Absent when there are none; the same for the fields below and for those of a span. */
  readonly attributes?: Attributes;
  readonly schemaUrl?: string;
  readonly droppedAttributes?: number;
}
export type AttributeValue =
  | string
  | number
  | boolean
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue }
  | null;
/** 64-bit integers beyond 2^53 are `{ "$int": "…" }`, bytes `{ "$bytes": "base64" }`, non-finite doubles `{ "$double": "NaN" }`. */
export type Attributes = { readonly [key: string]: AttributeValue };
export interface SpanDetail {
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly status: StatusName;
  readonly statusMessage: string;
  readonly startUnixNano: UnixNano;
  readonly durationNano: number;
  readonly traceState: string;
  /** Indexes into `resources` and `scopes`. */
  readonly resource: number;
  readonly scope: number;
  readonly attributes: Attributes;
  readonly events: readonly {
    readonly timeUnixNano: UnixNano;
    readonly name: string;
    readonly attributes: Attributes;
    readonly droppedAttributes?: number;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState: string;
    readonly attributes: Attributes;
    readonly flags?: number;
    readonly droppedAttributes?: number;
  }[];
  /** What the sender's limits cut off, where it was something. */
  readonly droppedAttributes?: number;
  readonly droppedEvents?: number;
  readonly droppedLinks?: number;
  /** OTLP's flags where they are not 0: the low byte is W3C's, bits 8 and 9 say whether the parent is remote. */
  readonly flags?: number;
}

/**
 * GET /api/v1/histogram?q&start&end&buckets : matching spans over time, for the chart above the list.
 */
export interface HistogramAnswer {
  /** Width of one bucket in nanoseconds; bucket `i` starts at `start + i * stepNano`. */
  readonly stepNano: number;
  readonly startUnixNano: UnixNano;
  readonly count: readonly number[];
  readonly errors: readonly number[];
  /** `null` where the bucket is empty. Nanoseconds. */
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly stats: QueryStats;
}

/** GET /api/v1/red?service&operation&start&end&step : rate, errors, duration per step. Same shape as the histogram. */
export type RedAnswer = HistogramAnswer;

/** GET /api/v1/attributes?start&end&prefix&service : keys that are really there. */
export interface AttributeKeysAnswer {
  readonly keys: readonly {
    readonly key: string;
    readonly scope: 'span' | 'resource' | 'field';
    readonly count: number;
  }[];
  readonly stats: QueryStats;
}
/** GET /api/v1/attributes/{key}/values?start&end&prefix&service : the commonest values, with counts. */
export interface AttributeValuesAnswer {
  readonly values: readonly { readonly value: string; readonly count: number }[];
  readonly stats: QueryStats;
}
/** GET /api/v1/differences?q&start&end&selectionStart&selectionEnd&minDuration : which attributes differ most between a brushed part and the rest. */
export interface DifferencesAnswer {
  readonly differences: readonly {
    readonly key: string;
    readonly value: string;
    /** Shares in 0…1 of the spans inside and outside of the selection that carry this value. */
    readonly inside: number;
    readonly outside: number;
  }[];
  /** How many spans each share was taken of; large ranges are sampled. */
  readonly insideSpans: number;
  readonly outsideSpans: number;
  readonly stats: QueryStats;
}

/**
 * GET /api/v1/logs?q&service&severity&trace&span&start&end&limit&cursor : log records, newest first. `q` is the filter language of `log-filter.ts`.
 * Paging by `cursor` is stable while data arrives.
 */
export interface LogsAnswer {
  /** Each resource and scope once; records point into them. */
  readonly resources: readonly ResourceDetail[];
  readonly scopes: readonly ScopeDetail[];
  readonly records: readonly LogRecordDetail[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
  readonly stats: QueryStats;
}
export interface LogRecordDetail {
  /** When it was written; where it does not say so, when it was observed or arrived. */
  readonly timeUnixNano: UnixNano;
  /** Absent when it does not say so; the same for the fields with a question mark below. */
  readonly observedUnixNano?: UnixNano;
  /** 1 to 24 as the data model of logs has them (9 is INFO, 17 ERROR); 0 when it says none. */
  readonly severityNumber: number;
  /** As the program called it; may be empty. */
  readonly severityText: string;
  /** `null` when it has none. */
  readonly body: AttributeValue;
  readonly eventName?: string;
  /** Empty when it belongs to no trace, or no span. */
  readonly traceId: string;
  readonly spanId: string;
  /** Indexes into `resources` and `scopes`. */
  readonly resource: number;
  readonly scope: number;
  readonly attributes: Attributes;
  readonly flags?: number;
  readonly droppedAttributes?: number;
}

/**
 * GET /api/v1/logs/tail?q&service&severity&trace&span&cursor&backlog&limit&wait : records as they are stored, each once, the oldest of an answer first. Ask
 * again with `cursor`; after a lost answer with the same one.
 */
export interface LogTailAnswer extends Omit<LogsAnswer, 'nextCursor'> {
  readonly cursor: string;
  /** So many more matched than an answer holds; these are the newest. */
  readonly leftOut?: number;
}

/** GET /api/v1/traces/{traceId}/logs : the log records of a trace, earliest first. */
export interface TraceLogsAnswer extends Omit<LogsAnswer, 'nextCursor'> {
  /** The trace has more records than one answer holds (2,000); these are its earliest. */
  readonly truncated?: boolean;
}

/** GET /api/v1/logs/histogram?q&service&severity&trace&span&start&end&buckets : matching records over time. */
export interface LogHistogramAnswer {
  /** Width of one bucket in nanoseconds; bucket `i` starts at `startUnixNano + i * stepNano`. */
  readonly stepNano: number;
  readonly startUnixNano: UnixNano;
  /** Of all buckets and severities together. */
  readonly records: number;
  /** Only severities that are there, the worst first; `none` are records that say no severity. */
  readonly severities: readonly {
    readonly severity: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'none';
    readonly count: readonly number[];
  }[];
  readonly stats: QueryStats;
}

/** GET /api/v1/logs/patterns?q&service&severity&trace&span&start&end&limit : similar bodies folded together, the commonest first. */
export interface LogPatternsAnswer {
  readonly patterns: readonly {
    /** The text with marks in place of what changes (`log-pattern.ts`). */
    readonly pattern: string;
    /** The newest text of it. */
    readonly example: string;
    readonly records: number;
    readonly firstUnixNano: UnixNano;
    readonly lastUnixNano: UnixNano;
    /** The worst. */
    readonly severityNumber: number;
    /** At most five, in alphabetical order. */
    readonly services: readonly string[];
  }[];
  /** How many match in all. */
  readonly records: number;
  /** There are more patterns. */
  readonly truncated?: boolean;
  /** Of so many records the patterns were made, evenly over time; their counts are multiplied. Absent: of all. */
  readonly sampled?: number;
  readonly stats: QueryStats;
}

/** GET /api/v1/sql?query&start&end&id : one SELECT over the tables, within limits. */
export interface SqlAnswer {
  /** Types are ClickHouse's. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** 64-bit integers are strings. */
  readonly rows: readonly (readonly unknown[])[];
  /** There are more rows than one answer holds. */
  readonly truncated?: boolean;
  readonly stats: QueryStats;
}

/** GET /api/v1/sql/progress?id : what a statement that is under way has read. */
export interface SqlProgressAnswer {
  /** `false`: there is none of this id (any more). */
  readonly running: boolean;
  readonly rowsRead: number;
  /** As far as is known by now. */
  readonly totalRows: number;
  readonly bytesRead: number;
  readonly memoryBytes: number;
}

/** GET /api/v1/sql/schema : what a statement may name. */
export interface SqlSchemaAnswer {
  readonly database: string;
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
  }[];
  readonly functions: readonly string[];
  readonly limits: { readonly maxExecutionMs: number; readonly maxRows: number; readonly maxMemoryBytes: number };
  readonly stats: QueryStats;
}

export type MetricKind = 'gauge' | 'sum' | 'histogram' | 'exponential-histogram' | 'summary';

/** GET /api/v1/metrics?q&service&start&end : metrics with points in the range, by name. */
export interface MetricsAnswer {
  readonly metrics: readonly MetricSummary[];
  /** There are more than one answer holds (1,000). */
  readonly truncated?: boolean;
  readonly stats: QueryStats;
}
export interface MetricSummary {
  readonly name: string;
  readonly kind: MetricKind;
  /** As sent: UCUM, such as `ms`, `By`, `1`, `{request}`. */
  readonly unit: string;
  readonly description: string;
  /** Of sums: it never falls but by a restart. */
  readonly monotonic?: boolean;
  /** Absent for gauges, and where it is not said. */
  readonly temporality?: 'delta' | 'cumulative';
  /** At most 20, in alphabetical order. */
  readonly services: readonly string[];
  /** How many series, by an estimate where they are very many. */
  readonly series: number;
  readonly points: number;
  /** The newest point of any series. With `count`, the value is the sum of that many measurements. `null`: no number. */
  readonly newest: { readonly timeUnixNano: UnixNano; readonly value: number | null; readonly count?: number };
}

/** GET /api/v1/metrics/{name}/series?kind&service&start&end&buckets : one metric over time. */
export interface MetricSeriesAnswer {
  readonly kind: MetricKind;
  /** Width of one step in nanoseconds; step `i` begins at `startUnixNano + i * stepNano`. */
  readonly stepNano: number;
  readonly startUnixNano: UnixNano;
  /** A line for each service, those with the most points first, at most 20. `null`: no point in the step. */
  readonly series: readonly {
    readonly service: string;
    readonly values: readonly (number | null)[];
    /** Of histograms and summaries: of how many measurements `values` are the sums. */
    readonly counts?: readonly (number | null)[];
  }[];
  readonly stats: QueryStats;
}

export type MetricFunction = 'avg' | 'min' | 'max' | 'sum' | 'count' | 'rate' | 'increase' | 'quantile';

/** GET /api/v1/metrics/{name}/query?kind&function&quantile&by&where&start&end&step&buckets&top : one metric over time by a function. */
export interface MetricQueryAnswer {
  readonly kind: MetricKind;
  readonly function: MetricFunction;
  /** Width of one step in nanoseconds; step `i` begins at `startUnixNano + i * stepNano`. */
  readonly stepNano: number;
  readonly startUnixNano: UnixNano;
  /** How many lines there are; the answer has those with the greatest values. */
  readonly groups: number;
  /** A line for each combination of the attributes asked for. `null`: nothing is known of the step. */
  readonly series: readonly {
    readonly labels: { readonly [key: string]: string };
    readonly values: readonly (number | null)[];
  }[];
  readonly stats: QueryStats;
}

/** GET /api/v1/metrics/{name}/attributes?kind&start&end : what a metric can be grouped by. */
export interface MetricAttributesAnswer {
  readonly attributes: readonly {
    readonly key: string;
    readonly scope: 'point' | 'resource';
    /** How many different values, and some of them, commonest first. */
    readonly count: number;
    readonly values: readonly string[];
  }[];
  readonly stats: QueryStats;
}

/** GET /api/v1/metrics/{name}/exemplars?kind&where&start&end&limit : measurements that name the trace they were made in, spread over the range. */
export interface MetricExemplarsAnswer {
  readonly exemplars: readonly {
    readonly timeUnixNano: UnixNano;
    readonly value: number;
    readonly service: string;
    readonly traceId: string;
    /** Empty: none. */
    readonly spanId: string;
    /** Of the point, then what was left out of it. */
    readonly attributes: { readonly [key: string]: string };
  }[];
  readonly stats: QueryStats;
}

/** GET /api/v1/span-metrics?service&operation&by&start&end&step&buckets : rate, errors and duration of spans, counted as they came. */
export interface SpanMetricsAnswer {
  /** Whole minutes. Step `i` begins at `startUnixNano + i * stepNano`. */
  readonly stepNano: number;
  readonly startUnixNano: UnixNano;
  /** Those with the most spans first, at most 100. */
  readonly series: readonly SpanMetricsSeries[];
  readonly stats: QueryStats;
}
export interface SpanMetricsSeries {
  /** What was grouped by; absent otherwise. */
  readonly service?: string;
  readonly operation?: string;
  readonly kind?: SpanKindName;
  readonly version?: string;
  readonly spans: number;
  readonly errors: number;
  /** Of all spans together, in nanoseconds. Quantiles are of an exponential histogram, within 4.5 % of the true ones. */
  readonly durationSumNano: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Per step. */
  readonly count: readonly number[];
  readonly errorCount: readonly number[];
  readonly p95Nano: readonly (number | null)[];
}

/** GET /api/v1/services/{service}/errors?start&end : what went wrong, each failure once, those that happened last first; at most 50. */
export interface ServiceErrorsAnswer {
  readonly errors: readonly ServiceError[];
  readonly stats: QueryStats;
}
export interface ServiceError {
  /** The same for the same type, message (but for ids, numbers and what stands in quotes) and top frames. */
  readonly fingerprint: string;
  /** Empty when it says none. */
  readonly type: string;
  /** Of the newest. */
  readonly message: string;
  /** At most three, without their lines. */
  readonly frames: readonly string[];
  readonly operation: string;
  readonly count: number;
  readonly firstUnixNano: UnixNano;
  readonly lastUnixNano: UnixNano;
  /** The newest. */
  readonly traceId: string;
  readonly spanId: string;
  /** `service.version` of those it happened in. */
  readonly versions: readonly string[];
}
