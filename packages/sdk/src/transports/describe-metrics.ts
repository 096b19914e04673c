import { attributesText, clock, type JsonKeyValue, type JsonResource, nanosOf, serviceOf } from './otlp-text.js';

interface JsonMetrics {
  readonly resourceMetrics?: readonly {
    readonly resource?: JsonResource;
    readonly scopeMetrics?: readonly { readonly metrics?: readonly JsonMetric[] }[];
  }[];
}

interface JsonMetric {
  readonly name?: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints?: readonly JsonPoint[] };
  readonly sum?: { readonly dataPoints?: readonly JsonPoint[] };
  readonly histogram?: { readonly dataPoints?: readonly JsonPoint[] };
}

interface JsonPoint {
  readonly timeUnixNano?: string;
  readonly attributes?: readonly JsonKeyValue[];
  readonly asDouble?: number | string;
  readonly asInt?: string;
  readonly count?: string;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
}

/** A line for each data point: when, who, which metric with which attributes, and its value. */
export function describeMetrics({ resourceMetrics = [] }: JsonMetrics): string[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) =>
    scopeMetrics
      .flatMap(({ metrics = [] }) => metrics)
      .flatMap(({ name, unit, ...data }) =>
        ((data.gauge ?? data.sum ?? data.histogram)?.dataPoints ?? []).map((point) => {
          const attributes = attributesText(point.attributes);
          const series = attributes ? `${name}{${attributes}}` : name;
          const value = data.histogram ? histogramText(point) : `${point.asInt ?? point.asDouble ?? 0}`;
          return `${clock(nanosOf(point.timeUnixNano))}  ${serviceOf(resource)}  ${series} ${value} ${unit ?? ''}`.trimEnd();
        }),
      ),
  );
}

const histogramText = ({ count = '0', sum = 0, min, max }: JsonPoint): string =>
  `${count} values, mean ${Number((sum / Math.max(Number(count), 1)).toPrecision(6))}, ${min} to ${max}`;
