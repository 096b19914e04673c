/*
 * JSON schemas (2020-12) of every answer: shapes/api.ts for readers that are not TypeScript. A test asks every route and
 * checks what it says against these, with nothing beyond the named fields allowed.
 */

type Schema = Readonly<Record<string, unknown>>;

const string: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const boolean: Schema = { type: 'boolean' };
const nano: Schema = { type: 'string', pattern: '^\\d+$', description: 'Unix time in nanoseconds.' };
const duration: Schema = { type: 'number', minimum: 0, description: 'Nanoseconds.' };
const traceId: Schema = { type: 'string', pattern: '^[0-9a-f]{32}$' };
const spanId: Schema = { type: 'string', pattern: '^[0-9a-f]{16}$' };

function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
function list(items: Schema, more: Schema = {}): Schema {
  return { type: 'array', items, ...more };
}
/** Fields whose name ends with `?` may be absent. */
function object(fields: Readonly<Record<string, Schema>>, description?: string): Schema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace('?', ''), schema])),
    required: entries.map(([name]) => name).filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  };
}
function nullable(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

const summary = { name: string, spans: count, errors: count, p50: duration, p95: duration, p99: duration };
const kind: Schema = { enum: ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] };
const status: Schema = { enum: ['unset', 'ok', 'error'] };
const attributes = reference('Attributes');
const stats = reference('QueryStats');

const perStep = object({
  stepNano: { type: 'number', exclusiveMinimum: 0, description: 'Bucket i starts at startUnixNano + i * stepNano.' },
  startUnixNano: nano,
  count: list(count),
  errors: list(count),
  p50: list(nullable(duration)),
  p95: list(nullable(duration)),
  stats,
});

const resources = list(object({ service: string, attributes, 'schemaUrl?': string, 'droppedAttributes?': count }));
const scopes = list(
  object({
    name: string,
    version: string,
    'attributes?': attributes,
    'schemaUrl?': string,
    'droppedAttributes?': count,
  }),
);
const optionalId = (digits: number): Schema => ({
  type: 'string',
  pattern: `^([0-9a-f]{${digits}})?$`,
  description: 'Empty: none.',
});
const metricKind: Schema = { enum: ['gauge', 'sum', 'histogram', 'exponential-histogram', 'summary'] };

const jaegerTag = object({
  key: string,
  type: { enum: ['string', 'bool', 'int64', 'float64', 'binary'] },
  value: { type: ['string', 'number', 'boolean'] },
});

function envelope(data: Schema): Schema {
  return object({ data: list(data), total: count, limit: count, offset: count, errors: { type: 'null' } });
}

const labels: Schema = { type: 'object', additionalProperties: string };
/** Seconds, and a number as text. */
const sample: Schema = {
  type: 'array',
  prefixItems: [{ type: 'number' }, string],
  items: false,
  minItems: 2,
  maxItems: 2,
};
function prometheus(data: Schema): Schema {
  return object({ status: { enum: ['success'] }, data });
}

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  ApiError: object({
    error: object({
      code: string,
      message: string,
      'hint?': { ...string, description: 'What to do.' },
      'position?': { ...count, description: 'Offset into the filter (UTF-16 units).' },
    }),
  }),
  QueryStats: object({ elapsedMs: { type: 'number', minimum: 0 }, rowsRead: count, bytesRead: count }),
  Status: object({
    version: string,
    startedUnixNano: nano,
    store: object({
      kind: { enum: ['embedded', 'cluster'] },
      engineVersion: string,
      healthy: boolean,
      'message?': string,
    }),
    spans: count,
    logRecords: count,
    metricPoints: count,
    bytesOnDisk: count,
    receive: object({ otlpHttp: string, otlpGrpc: string }),
    'tour?': string,
  }),
  ServicesAnswer: object({ services: list(object(summary)), stats }),
  OperationsAnswer: object({ operations: list(object({ ...summary, kind })), stats }),
  TracesAnswer: object({
    traces: list(reference('TraceSummary')),
    'nextCursor?': { ...string, description: 'Absent on the last page.' },
    stats,
  }),
  TraceSummary: object({
    traceId,
    rootService: string,
    rootName: string,
    hasRoot: { ...boolean, description: 'False: the root has not arrived; the name is that of the earliest span.' },
    startUnixNano: nano,
    durationNano: duration,
    spans: count,
    errors: count,
    services: list(object({ name: string, spans: count, errors: count })),
    matched: list(object({ spanId, service: string, name: string, durationNano: duration, status }), { maxItems: 3 }),
  }),
  TraceAnswer: object({
    traceId,
    resources,
    scopes,
    spans: list(reference('SpanDetail')),
    'truncated?': {
      ...boolean,
      description: 'The trace has more spans than one answer holds; these are its earliest.',
    },
    stats,
  }),
  Attributes: {
    type: 'object',
    additionalProperties: reference('AttributeValue'),
    description:
      '64-bit integers beyond 2^53 are {"$int":"…"}, bytes {"$bytes":"base64"}, non-finite doubles {"$double":"NaN"}; a value without content is null.',
  },
  AttributeValue: {
    anyOf: [
      { type: ['string', 'number', 'boolean', 'null'] },
      list(reference('AttributeValue')),
      { type: 'object', additionalProperties: reference('AttributeValue') },
    ],
  },
  SpanDetail: object({
    spanId,
    parentSpanId: { type: 'string', pattern: '^([0-9a-f]{16})?$', description: 'Empty: a root.' },
    name: string,
    kind,
    status,
    statusMessage: string,
    startUnixNano: nano,
    durationNano: duration,
    traceState: string,
    resource: { ...count, description: 'Index into resources.' },
    scope: { ...count, description: 'Index into scopes.' },
    attributes,
    events: list(object({ timeUnixNano: nano, name: string, attributes, 'droppedAttributes?': count })),
    links: list(
      object({
        traceId: string,
        spanId: string,
        traceState: string,
        attributes,
        'flags?': count,
        'droppedAttributes?': count,
      }),
    ),
    'droppedAttributes?': count,
    'droppedEvents?': count,
    'droppedLinks?': count,
    'flags?': count,
  }),
  HistogramAnswer: perStep,
  RedAnswer: perStep,
  AttributeKeysAnswer: object({
    keys: list(object({ key: string, scope: { enum: ['span', 'resource', 'field'] }, count })),
    stats,
  }),
  AttributeValuesAnswer: object({ values: list(object({ value: string, count })), stats }),
  DifferencesAnswer: object({
    differences: list(
      object({
        key: { ...string, description: 'As the filter language writes it.' },
        value: string,
        inside: { type: 'number', minimum: 0, maximum: 1 },
        outside: { type: 'number', minimum: 0, maximum: 1 },
      }),
    ),
    insideSpans: count,
    outsideSpans: count,
    stats,
  }),
  LogsAnswer: object({
    resources,
    scopes,
    records: list(reference('LogRecordDetail')),
    'nextCursor?': { ...string, description: 'Absent on the last page.' },
    stats,
  }),
  LogTailAnswer: object({
    resources,
    scopes,
    records: list(reference('LogRecordDetail')),
    cursor: { ...string, description: 'Of the next question; after a lost answer ask with the one before.' },
    'leftOut?': { ...count, description: 'So many more matched than an answer holds; these are the newest.' },
    stats,
  }),
  LogHistogramAnswer: object({
    stepNano: { type: 'number', exclusiveMinimum: 0, description: 'Bucket i starts at startUnixNano + i * stepNano.' },
    startUnixNano: nano,
    records: count,
    severities: list(
      object({ severity: { enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'none'] }, count: list(count) }),
    ),
    stats,
  }),
  LogPatternsAnswer: object({
    patterns: list(
      object({
        pattern: { ...string, description: 'With marks in place of what changes: <n>, <id>, <uuid>, <time>, <text>.' },
        example: string,
        records: count,
        firstUnixNano: nano,
        lastUnixNano: nano,
        severityNumber: { ...count, description: 'The worst.' },
        services: list(string, { maxItems: 5 }),
      }),
    ),
    records: { ...count, description: 'How many match in all.' },
    'truncated?': { ...boolean, description: 'There are more patterns.' },
    'sampled?': { ...count, description: 'Of so many records the patterns were made; their counts are multiplied.' },
    stats,
  }),
  SqlAnswer: object({
    columns: list(object({ name: string, type: { ...string, description: "ClickHouse's." } })),
    rows: list(list({}), { description: '64-bit integers are strings.' }),
    'truncated?': { ...boolean, description: 'There are more rows than one answer holds.' },
    stats,
  }),
  SqlProgressAnswer: object({
    running: boolean,
    rowsRead: count,
    totalRows: count,
    bytesRead: count,
    memoryBytes: count,
  }),
  SqlSchemaAnswer: object({
    database: string,
    tables: list(object({ name: string, columns: list(object({ name: string, type: string })) })),
    functions: list(string),
    limits: object({ maxExecutionMs: count, maxRows: count, maxMemoryBytes: count }),
    stats,
  }),
  TraceLogsAnswer: object({
    resources,
    scopes,
    records: list(reference('LogRecordDetail')),
    'truncated?': {
      ...boolean,
      description: 'The trace has more records than one answer holds; these are its earliest.',
    },
    stats,
  }),
  LogRecordDetail: object({
    timeUnixNano: nano,
    'observedUnixNano?': nano,
    severityNumber: { ...count, description: '1 to 24; 9 is INFO, 17 ERROR. 0: it says none.' },
    severityText: string,
    body: reference('AttributeValue'),
    'eventName?': string,
    traceId: optionalId(32),
    spanId: optionalId(16),
    resource: { ...count, description: 'Index into resources.' },
    scope: { ...count, description: 'Index into scopes.' },
    attributes,
    'flags?': count,
    'droppedAttributes?': count,
  }),
  MetricsAnswer: object({ metrics: list(reference('MetricSummary')), 'truncated?': boolean, stats }),
  MetricSummary: object({
    name: string,
    kind: metricKind,
    unit: { ...string, description: 'UCUM, as sent.' },
    description: string,
    'monotonic?': { ...boolean, description: 'Of sums.' },
    'temporality?': { enum: ['delta', 'cumulative'] },
    services: list(string, { maxItems: 20 }),
    series: count,
    points: count,
    newest: object({
      timeUnixNano: nano,
      value: nullable({ type: 'number', description: 'With count, the sum of that many measurements.' }),
      'count?': count,
    }),
  }),
  MetricSeriesAnswer: object({
    kind: metricKind,
    stepNano: { type: 'number', exclusiveMinimum: 0, description: 'Step i begins at startUnixNano + i * stepNano.' },
    startUnixNano: nano,
    series: list(
      object({
        service: string,
        values: list(nullable({ type: 'number' })),
        'counts?': list(nullable({ type: 'number' })),
      }),
      { maxItems: 20 },
    ),
    stats,
  }),
  MetricQueryAnswer: object({
    kind: metricKind,
    function: { enum: ['avg', 'min', 'max', 'sum', 'count', 'rate', 'increase', 'quantile'] },
    stepNano: { type: 'number', exclusiveMinimum: 0, description: 'Step i begins at startUnixNano + i * stepNano.' },
    startUnixNano: nano,
    groups: { ...count, description: 'How many lines there are; the answer has those with the greatest values.' },
    series: list(
      object({
        labels: { type: 'object', additionalProperties: string },
        values: list(nullable({ type: 'number' })),
      }),
      { maxItems: 100 },
    ),
    stats,
  }),
  MetricAttributesAnswer: object({
    attributes: list(
      object({
        key: string,
        scope: { enum: ['point', 'resource'] },
        count: { ...count, description: 'How many different values.' },
        values: list(string, { description: 'Some of them, commonest first.' }),
      }),
    ),
    stats,
  }),
  MetricExemplarsAnswer: object({
    exemplars: list(
      object({
        timeUnixNano: nano,
        value: { type: 'number' },
        service: string,
        traceId,
        spanId: optionalId(16),
        attributes: { type: 'object', additionalProperties: string },
      }),
    ),
    stats,
  }),
  SpanMetricsAnswer: object({
    stepNano: { type: 'number', exclusiveMinimum: 0, description: 'Whole minutes.' },
    startUnixNano: nano,
    series: list(
      object({
        'service?': string,
        'operation?': string,
        'kind?': kind,
        'version?': string,
        spans: count,
        errors: count,
        durationSumNano: duration,
        p50: duration,
        p95: duration,
        p99: duration,
        count: list(count),
        errorCount: list(count),
        p95Nano: list(nullable(duration)),
      }),
      { maxItems: 100 },
    ),
    stats,
  }),
  ServiceErrorsAnswer: object({
    errors: list(
      object({
        fingerprint: string,
        type: string,
        message: string,
        frames: list(string, { maxItems: 3 }),
        operation: string,
        count,
        firstUnixNano: nano,
        lastUnixNano: nano,
        traceId: optionalId(32),
        spanId: optionalId(16),
        versions: list(string),
      }),
      { maxItems: 50 },
    ),
    stats,
  }),
  PrometheusResult: prometheus(
    object({
      resultType: { enum: ['vector', 'matrix', 'scalar', 'string'] },
      result: {
        anyOf: [
          list(object({ metric: labels, value: sample })),
          list(object({ metric: labels, values: list(sample) })),
          sample,
        ],
      },
    }),
  ),
  PrometheusTexts: prometheus(list(string)),
  PrometheusSeries: prometheus(list(labels)),
  PrometheusMetadata: prometheus({
    type: 'object',
    additionalProperties: list(object({ type: string, help: string, unit: string })),
  }),
  PrometheusBuildInfo: prometheus(object({ version: string, application: string, revision: string })),
  PrometheusError: object({
    status: { enum: ['error'] },
    errorType: { enum: ['bad_data', 'timeout', 'canceled', 'internal'] },
    error: string,
  }),
  JaegerNames: envelope(string),
  JaegerOperations: envelope(object({ name: string, spanKind: kind })),
  JaegerDependencies: envelope(object({ parent: string, child: string, callCount: count })),
  JaegerTraces: envelope(
    object({
      traceID: traceId,
      spans: list(
        object({
          traceID: traceId,
          spanID: spanId,
          flags: count,
          operationName: string,
          references: list(
            object({ refType: { enum: ['CHILD_OF', 'FOLLOWS_FROM'] }, traceID: string, spanID: string }),
          ),
          startTime: { ...count, description: 'Unix time in microseconds.' },
          duration: { ...count, description: 'Microseconds.' },
          tags: list(jaegerTag),
          logs: list(object({ timestamp: count, fields: list(jaegerTag) })),
          processID: string,
          warnings: { type: 'null' },
        }),
      ),
      processes: { type: 'object', additionalProperties: object({ serviceName: string, tags: list(jaegerTag) }) },
      warnings: nullable(list(string)),
    }),
  ),
  JaegerError: object({
    data: { type: 'null' },
    total: count,
    limit: count,
    offset: count,
    errors: list(object({ code: count, msg: string })),
  }),
};
