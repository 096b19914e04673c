import { joined } from '../../../testkit/src/metrics-rig.js';
import {
  type DecodedExemplar,
  type DecodedExponentialPoint,
  type DecodedHistogramPoint,
  type DecodedMetric,
  type DecodedNumberPoint,
  decodeMetrics,
} from '../../../testkit/src/otlp-proto.js';
import { type WireAttributes, type WireScope, wireAttributes, wireScope } from './wire-scope.js';

/** A metric as a receiver reads it, with what stands around it. */
export interface WireMetric extends Omit<DecodedMetric, 'name'> {
  readonly name: string;
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram';
  readonly points: readonly (Omit<
    DecodedNumberPoint & Partial<DecodedHistogramPoint> & Partial<DecodedExponentialPoint>,
    'attributes' | 'exemplars'
  > & {
    readonly attributes: WireAttributes;
    readonly exemplars: readonly (Omit<DecodedExemplar, 'filteredAttributes' | 'traceId' | 'spanId'> & {
      readonly filteredAttributes: WireAttributes;
      /** In hex. */
      readonly traceId: string | undefined;
      readonly spanId: string | undefined;
    })[];
  })[];
  readonly scope: WireScope;
  readonly resource: WireAttributes;
}

/** Every metric of these protobuf export requests, in their order; what is in several pieces of one request is joined. */
export function decodeMetricRequests(requests: readonly Uint8Array[]): WireMetric[] {
  return requests.flatMap((bytes) =>
    decodeMetrics(bytes).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ scope, metrics, schemaUrl = '' }) =>
        joined(metrics).map((metric): WireMetric => {
          const kind = (['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const).find((each) => metric[each])!;
          const points = metric[kind]!.dataPoints as DecodedNumberPoint[];
          return {
            ...metric,
            name: metric.name ?? '',
            kind,
            points: points.map((point) => ({
              ...point,
              attributes: wireAttributes(point.attributes),
              exemplars: (point.exemplars ?? []).map((exemplar) => ({
                ...exemplar,
                filteredAttributes: wireAttributes(exemplar.filteredAttributes),
                traceId: exemplar.traceId && Buffer.from(exemplar.traceId).toString('hex'),
                spanId: exemplar.spanId && Buffer.from(exemplar.spanId).toString('hex'),
              })),
            })),
            scope: wireScope(scope, schemaUrl),
            resource: wireAttributes(resource?.attributes),
          };
        }),
      ),
    ),
  );
}
