import type { MetricReading } from './metrics.js';

/** Readings in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
export function prometheusText(readings: readonly MetricReading[]): string {
  let text = '';
  for (const reading of readings) {
    const { name, help, type } = reading;
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    for (const line of linesOf(reading)) text += `${line}\n`;
  }
  return text;
}

function linesOf(reading: MetricReading): readonly string[] {
  const { name } = reading;
  if (reading.type !== 'histogram')
    return reading.points.map(({ labels, value }) => `${name}${inBraces(labels)} ${value}`);
  return reading.points.flatMap(({ labels, counts, sum }) => {
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      const bound = index < reading.bounds.length ? String(reading.bounds[index]) : '+Inf';
      return `${name}_bucket${inBraces([...labels, ['le', bound]])} ${total}`;
    });
    return [...buckets, `${name}_sum${inBraces(labels)} ${sum}`, `${name}_count${inBraces(labels)} ${total}`];
  });
}

const inBraces = (labels: readonly (readonly [string, string])[]): string =>
  labels.length === 0 ? '' : `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
