import type { Metric } from './expected-metric-rows.js';

/*
 * Metrics that random walks would give, with a restart, for stores that are asked the same.
 */

/** An hour ago, at a full minute. */
export const START = Math.floor(Date.now() / 60_000 - 60) * 60;
export const nano = (seconds: number): bigint => BigInt(Math.round((START + seconds) * 1_000)) * 1_000_000n;
const labels = (all: Record<string, string>) => ({
  attributes: Object.entries(all).map(([key, value]) => ({ key, value: { stringValue: value } })),
});
/** Samples at 15 s, 5 s after the quarter, for twenty minutes. */
const places = Array.from({ length: 80 }, (_, index) => index);
const at = (index: number) => ({ timeUnixNano: nano(index * 15 + 5), startTimeUnixNano: nano(-600) });
/** Repeatable, and looks random. */
function noise(index: number, seed: number): number {
  let mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
}

function counter(all: Record<string, string>, seed: number, resetAt = 1_000) {
  let total = seed * 100;
  return places.map((index) => {
    total = index === resetAt ? 3 : total + Math.floor(noise(index, seed) * 20);
    return { ...at(index), ...labels(all), asDouble: total };
  });
}

export const METRICS: readonly Metric[] = [
  {
    name: 'shop.orders',
    unit: '{order}',
    sum: {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [
        ...counter({ 'http.route': '/a', code: '200' }, 1),
        ...counter({ 'http.route': '/a', code: '500' }, 2),
        ...counter({ 'http.route': '/b', code: '200' }, 3, 40),
        ...counter({ 'http.route': '/c', code: '404' }, 4),
      ],
    },
  },
  {
    name: 'room.temperature',
    unit: 'Cel',
    gauge: {
      dataPoints: places.flatMap((index) =>
        ['a', 'b', 'c'].map((room, seed) => ({
          ...at(index),
          ...labels({ room }),
          asDouble: 15 + 10 * noise(index, seed + 9),
        })),
      ),
    },
  },
  {
    name: 'request.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: ['/a', '/b'].flatMap((route, seed) => {
        const counts = [0, 0, 0, 0];
        return places.map((index) => {
          counts.forEach((_, place) => {
            counts[place]! += Math.floor(noise(index * 4 + place, seed + 20) * 6);
          });
          const count = counts.reduce((sum, each) => sum + each, 0);
          return {
            ...at(index),
            ...labels({ 'http.route': route }),
            count: BigInt(count),
            sum: count / 4,
            bucketCounts: counts.map(BigInt),
            explicitBounds: [0.05, 0.25, 1],
          };
        });
      }),
    },
  },
];

type Result = readonly {
  readonly metric: Record<string, string>;
  readonly values?: readonly (readonly [number, string])[];
}[];

/** By the labels that the query left, with numbers to eight digits. */
export async function rangeOf(url: string, query: string): Promise<Record<string, Record<string, number>>> {
  const search = new URLSearchParams({ query, start: String(START + 360), end: String(START + 1_140), step: '60' });
  const response = await fetch(`${url}/api/v1/query_range?${search}`);
  const body = (await response.json()) as { data?: { result: Result }; error?: string };
  if (body.data === undefined) throw new Error(`${query}: ${body.error}`);
  return Object.fromEntries(
    body.data.result.map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
      Object.fromEntries(values!.map(([seconds, value]) => [seconds - START, Number(Number(value).toPrecision(8))])),
    ]),
  );
}

/** The same as Prometheus would have scraped it: an exposition in OpenMetrics, with times. */
export function asOpenMetrics(job: string): string {
  const lines: string[] = [];
  const line = (name: string, attributes: Point['attributes'], value: number | bigint, nano: unknown, le?: string) => {
    const all = (attributes ?? []).map(({ key, value: { stringValue } }) => [key.replaceAll('.', '_'), stringValue]);
    const inner = [['job', job], ['service_name', job], ...all, ...(le === undefined ? [] : [['le', le]])].map(
      ([key, text]) => `${key}="${text}"`,
    );
    lines.push(`${name}{${inner.join(',')}} ${value} ${Number(BigInt(String(nano)) / 1_000_000n) / 1_000}`);
  };
  for (const { name: dotted, unit, sum, gauge, histogram } of METRICS) {
    const ending = unit === 's' ? '_seconds' : unit === 'Cel' ? '_celsius' : '';
    const name = `${dotted!.replaceAll('.', '_')}${ending}`;
    lines.push(`# TYPE ${name} ${sum ? 'counter' : gauge ? 'gauge' : 'histogram'}`);
    for (const point of (sum ?? gauge)?.dataPoints ?? [])
      line(sum ? `${name}_total` : name, point.attributes as Point['attributes'], point.asDouble!, point.timeUnixNano);
    for (const point of histogram?.dataPoints ?? []) {
      const attributes = point.attributes as Point['attributes'];
      let total = 0n;
      point.bucketCounts!.forEach((count, index) => {
        total += BigInt(String(count));
        line(`${name}_bucket`, attributes, total, point.timeUnixNano, String(point.explicitBounds![index] ?? '+Inf'));
      });
      line(`${name}_sum`, attributes, point.sum!, point.timeUnixNano);
      line(`${name}_count`, attributes, total, point.timeUnixNano);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

interface Point {
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
}
