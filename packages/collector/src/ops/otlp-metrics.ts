import type { MetricReading } from './metrics.js';

/** Who speaks, and since when it counts. */
export interface OwnResource {
  readonly version: string;
  /** New with every start of the process, as its counters are. */
  readonly instanceId: string;
  readonly startUnixNano: string;
}

const CUMULATIVE = 2;

/** Ends of Prometheus' names that are units in OpenTelemetry; the others say what is counted. */
const UNITS: readonly (readonly [end: string, unit: string])[] = [
  ['_seconds', 's'],
  ['_bytes', 'By'],
];
const COUNTED: Readonly<Record<string, string>> = {
  items: '{item}',
  requests: '{request}',
  batches: '{batch}',
  rows: '{row}',
  inserts: '{insert}',
  failures: '{failure}',
  values: '{value}',
  copies: '{copy}',
};

/**
 * Readings as an export request in OTLP/JSON, by OpenTelemetry's names: `throughline_received_items_total` is `throughline.received_items`. The specification's translation of OTLP into Prometheus
 * ("Prometheus and OpenMetrics compatibility") makes of each the name that it had. What `…_info` says stands in the resource.
 */
export function otlpMetrics(readings: readonly MetricReading[], resource: OwnResource, nowUnixNano: string): unknown {
  const { version, instanceId, startUnixNano } = resource;
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const moment = { startTimeUnixNano: startUnixNano, timeUnixNano: nowUnixNano };
  const attributesOf = (labels: readonly (readonly [string, string])[]) =>
    labels.map(([name, value]) => text(name, value));
  const metrics = readings
    .filter(({ name, points }) => points.length > 0 && !name.endsWith('_info'))
    .map((reading) => {
      const named = { ...nameAndUnit(reading.name), description: reading.help };
      if (reading.type === 'histogram') {
        const dataPoints = reading.points.map(({ labels, counts, sum }) => ({
          ...moment,
          attributes: attributesOf(labels),
          count: counts.reduce((all, each) => all + each, 0),
          sum,
          bucketCounts: counts,
          explicitBounds: reading.bounds,
        }));
        return { ...named, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
      }
      const isCounter = reading.type === 'counter';
      const dataPoints = reading.points.map(({ labels, value }) => ({
        ...(isCounter ? moment : { timeUnixNano: nowUnixNano }),
        attributes: attributesOf(labels),
        asDouble: value,
      }));
      return isCounter
        ? { ...named, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } }
        : { ...named, gauge: { dataPoints } };
    });
  const attributes = [
    text('service.name', 'throughline'),
    text('service.version', version),
    text('service.instance.id', instanceId),
  ];
  return {
    resourceMetrics: [
      { resource: { attributes }, scopeMetrics: [{ scope: { name: 'throughline', version }, metrics }] },
    ],
  };
}

function nameAndUnit(prometheusName: string): { readonly name: string; readonly unit: string } {
  const words = prometheusName.replace(/_total$/, '');
  const found = UNITS.find(([end]) => words.endsWith(end));
  const base = found === undefined ? words : words.slice(0, -found[0].length);
  // What is in front is a namespace; of the rest nobody knows where one word ends and the next begins.
  return { name: base.replace('_', '.'), unit: found?.[1] ?? COUNTED[words.slice(words.lastIndexOf('_') + 1)] ?? '' };
}
