/** A number that only grows. Labels come in the order in which they were named. */
interface Counter {
  add(amount: number, ...labels: string[]): void;
}

interface Histogram {
  /** In the unit of the bounds. */
  observe(value: number, ...labels: string[]): void;
}

/**
 * The collector's own numbers, in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). A name is given out once; label
 * values must come from a bounded set, because each combination stays for ever.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  histogram(name: string, help: string, bounds: readonly number[], labels?: readonly string[]): Histogram;
  /** Read when somebody asks. `undefined`: not known now, and left out. */
  gauge(name: string, help: string, read: () => number | undefined): void;
  /** A total that somebody else counts. */
  total(name: string, help: string, read: () => number | undefined): void;
  text(): string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): string[];
}

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const add = (family: Family): void => {
    if (families.has(family.name)) throw new Error(`the metric ${family.name} is there already`);
    families.set(family.name, family);
  };
  const read = (name: string, help: string, type: 'counter' | 'gauge', value: () => number | undefined): void =>
    add({
      name,
      help,
      type,
      lines() {
        const number = value();
        return number === undefined ? [] : [`${name} ${number}`];
      },
    });
  return {
    counter(name, help, labels = []) {
      const series = new Map<string, number>();
      // One without labels is there from the start: a rate over something that appears later would miss its first count.
      if (labels.length === 0) series.set('', 0);
      add({ name, help, type: 'counter', lines: () => Array.from(series, ([key, value]) => `${name}${key} ${value}`) });
      const keyOf = keyed(labels);
      return {
        add(amount, ...values) {
          const key = keyOf(values);
          series.set(key, (series.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, bounds, labels = []) {
      const series = new Map<string, { readonly counts: number[]; sum: number }>();
      const keyOf = keyed(labels);
      add({
        name,
        help,
        type: 'histogram',
        lines: () =>
          Array.from(series, ([key, { counts, sum }]) => {
            const inner = key.slice(1, -1);
            const withBound = (bound: string): string => `{${inner === '' ? '' : `${inner},`}le="${bound}"}`;
            let total = 0;
            const buckets = counts.map((count, index) => {
              total += count;
              return `${name}_bucket${withBound(index < bounds.length ? String(bounds[index]) : '+Inf')} ${total}`;
            });
            return [...buckets, `${name}_sum${key} ${sum}`, `${name}_count${key} ${total}`];
          }).flat(),
      });
      return {
        observe(value, ...values) {
          const key = keyOf(values);
          let found = series.get(key);
          if (found === undefined) {
            found = { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
            series.set(key, found);
          }
          let at = 0;
          while (at < bounds.length && value > bounds[at]!) at++;
          found.counts[at]!++;
          found.sum += value;
        },
      };
    },
    gauge: (name, help, value) => read(name, help, 'gauge', value),
    total: (name, help, value) => read(name, help, 'counter', value),
    text() {
      let text = '';
      for (const { name, help, type, lines } of families.values()) {
        text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
        for (const line of lines()) text += `${line}\n`;
      }
      return text;
    },
  };
}

/** Label values as they stand behind a name. The text is made once for each combination. */
function keyed(labels: readonly string[]): (values: readonly string[]) => string {
  const known = new Map<string, string>();
  return (values) => {
    const joined = values.join('\0');
    let key = known.get(joined);
    if (key === undefined) {
      key =
        labels.length === 0
          ? ''
          : `{${labels.map((label, at) => `${label}="${escaped(values[at] ?? '')}"`).join(',')}}`;
      known.set(joined, key);
    }
    return key;
  };
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
