import { idOf } from './expected-log-rows.js';
import { type KeyValue, map, type Row, text } from './expected-rows.js';

/* What a request must become in the tables of metrics, computed the plain way from objects. */

interface Exemplar {
  timeUnixNano?: bigint;
  asDouble?: number;
  asInt?: bigint;
  spanId?: Uint8Array;
  traceId?: Uint8Array;
  filteredAttributes?: KeyValue[];
}
interface Point {
  startTimeUnixNano?: bigint;
  timeUnixNano: bigint;
  attributes?: KeyValue[];
  flags?: number;
}
export interface NumberPoint extends Point {
  asDouble?: number;
  asInt?: bigint;
  exemplars?: Exemplar[];
}
interface Distribution extends Point {
  count?: bigint;
  sum?: number;
  min?: number;
  max?: number;
  exemplars?: Exemplar[];
}
export interface HistogramPoint extends Distribution {
  bucketCounts?: bigint[];
  explicitBounds?: number[];
}
export interface ExponentialPoint extends Distribution {
  scale?: number;
  zeroCount?: bigint;
  zeroThreshold?: number;
  positive?: { offset?: number; bucketCounts?: bigint[] };
  negative?: { offset?: number; bucketCounts?: bigint[] };
}
export interface SummaryPoint extends Point {
  count?: bigint;
  sum?: number;
  quantileValues?: { quantile?: number; value?: number }[];
}
export interface Metric {
  name?: string;
  description?: string;
  unit?: string;
  metadata?: KeyValue[];
  gauge?: { dataPoints: NumberPoint[] };
  sum?: { dataPoints: NumberPoint[]; aggregationTemporality?: number; isMonotonic?: boolean };
  histogram?: { dataPoints: HistogramPoint[]; aggregationTemporality?: number };
  exponentialHistogram?: { dataPoints: ExponentialPoint[]; aggregationTemporality?: number };
  summary?: { dataPoints: SummaryPoint[] };
}
export interface MetricsRequest {
  resourceMetrics: {
    resource?: { attributes?: KeyValue[]; droppedAttributesCount?: number };
    schemaUrl?: string;
    scopeMetrics: {
      scope?: { name?: string; version?: string; attributes?: KeyValue[]; droppedAttributesCount?: number };
      schemaUrl?: string;
      metrics: Metric[];
    }[];
  }[];
}

/** By table. */
export interface MetricRows {
  gauge: Row[];
  sum: Row[];
  histogram: Row[];
  exponentialHistogram: Row[];
  summary: Row[];
}

export function expectedMetricRows(requests: readonly MetricsRequest[]): MetricRows {
  const rows: MetricRows = { gauge: [], sum: [], histogram: [], exponentialHistogram: [], summary: [] };
  for (const { resource, schemaUrl, scopeMetrics } of requests.flatMap((request) => request.resourceMetrics)) {
    const [resourceAttributes, resourceTypes] = map(resource?.attributes);
    const service = resourceAttributes.find(([key]) => key === 'service.name')?.[1];
    for (const { scope, schemaUrl: scopeUrl, metrics } of scopeMetrics) {
      const [scopeAttributes, scopeTypes] = map(scope?.attributes);
      for (const metric of metrics) {
        const [metadata, metadataTypes] = map(metric.metadata);
        const shared = (point: Point): Row => {
          const [attributes, types] = map(point.attributes);
          return {
            ResourceAttributes: resourceAttributes,
            ResourceSchemaUrl: text(schemaUrl),
            ScopeName: text(scope?.name),
            ScopeVersion: text(scope?.version),
            ScopeAttributes: scopeAttributes,
            ScopeDroppedAttrCount: scope?.droppedAttributesCount ?? 0,
            ScopeSchemaUrl: text(scopeUrl),
            ServiceName: service === undefined || service === '' ? 'unknown_service' : service,
            MetricName: text(metric.name),
            MetricDescription: text(metric.description),
            MetricUnit: text(metric.unit),
            Attributes: attributes,
            StartTimeUnix: point.startTimeUnixNano ?? 0n,
            TimeUnix: point.timeUnixNano,
            Flags: point.flags ?? 0,
            AttributeTypes: types,
            ResourceAttributeTypes: resourceTypes,
            ScopeAttributeTypes: scopeTypes,
            ResourceDroppedAttributes: resource?.droppedAttributesCount ?? 0,
            MetricMetadata: metadata,
            MetricMetadataTypes: metadataTypes,
            OriginalTimeUnix: 0n,
          };
        };
        for (const point of metric.gauge?.dataPoints ?? [])
          rows.gauge.push({ ...shared(point), ...number(point), ...exemplars(point.exemplars) });
        for (const point of metric.sum?.dataPoints ?? [])
          rows.sum.push({
            ...shared(point),
            ...number(point),
            AggregationTemporality: metric.sum?.aggregationTemporality ?? 0,
            IsMonotonic: metric.sum?.isMonotonic ?? false,
            ...exemplars(point.exemplars),
          });
        for (const point of metric.histogram?.dataPoints ?? [])
          rows.histogram.push({
            ...shared(point),
            ...distribution(point, metric.histogram?.aggregationTemporality),
            BucketCounts: point.bucketCounts ?? [],
            ExplicitBounds: point.explicitBounds ?? [],
            ...exemplars(point.exemplars),
          });
        for (const point of metric.exponentialHistogram?.dataPoints ?? [])
          rows.exponentialHistogram.push({
            ...shared(point),
            ...distribution(point, metric.exponentialHistogram?.aggregationTemporality),
            Scale: point.scale ?? 0,
            ZeroCount: point.zeroCount ?? 0n,
            PositiveOffset: point.positive?.offset ?? 0,
            PositiveBucketCounts: point.positive?.bucketCounts ?? [],
            NegativeOffset: point.negative?.offset ?? 0,
            NegativeBucketCounts: point.negative?.bucketCounts ?? [],
            ZeroThreshold: point.zeroThreshold ?? 0,
            ...exemplars(point.exemplars),
          });
        for (const point of metric.summary?.dataPoints ?? [])
          rows.summary.push({
            ...shared(point),
            Count: point.count ?? 0n,
            Sum: point.sum ?? 0,
            'ValueAtQuantiles.Quantile': (point.quantileValues ?? []).map(({ quantile }) => quantile ?? 0),
            'ValueAtQuantiles.Value': (point.quantileValues ?? []).map(({ value }) => value ?? 0),
          });
      }
    }
  }
  return rows;
}

function number({ asDouble, asInt }: { asDouble?: number; asInt?: bigint }): Row {
  return {
    Value: asDouble ?? Number(asInt ?? 0n),
    ValueType: asDouble !== undefined ? '' : asInt !== undefined ? 'i' : 'n',
    IntValue: asInt ?? 0n,
  };
}

function distribution(point: Distribution, temporality = 0): Row {
  return {
    Count: point.count ?? 0n,
    Sum: point.sum ?? 0,
    Min: point.min ?? 0,
    Max: point.max ?? 0,
    AggregationTemporality: temporality,
    NoSum: point.sum === undefined,
    NoMin: point.min === undefined,
    NoMax: point.max === undefined,
  };
}

function exemplars(all: readonly Exemplar[] = []): Row {
  const numbers = all.map(number);
  const maps = all.map((exemplar) => map(exemplar.filteredAttributes));
  return {
    'Exemplars.FilteredAttributes': maps.map(([entries]) => entries),
    'Exemplars.TimeUnix': all.map((exemplar) => exemplar.timeUnixNano ?? 0n),
    'Exemplars.Value': numbers.map((each) => each.Value),
    'Exemplars.SpanId': all.map((exemplar) => idOf(exemplar.spanId, 16)),
    'Exemplars.TraceId': all.map((exemplar) => idOf(exemplar.traceId, 32)),
    ExemplarAttributeTypes: maps.map(([, types]) => types),
    ExemplarValueTypes: numbers.map((each) => each.ValueType),
    ExemplarIntValues: numbers.map((each) => each.IntValue),
  };
}
