/** A number that only grows. Labels come in the order in which they were named. */
interface Counter {
  add(amount: number, ...labels: string[]): void;
}

interface Histogram {
  /** In the unit of the bounds. */
  observe(value: number, ...labels: string[]): void;
}

/** Names and values, in the order in which the names were given. */
type Labels = readonly (readonly [name: string, value: string])[];

interface NumberPoint {
  readonly labels: Labels;
  readonly value: number;
}

interface HistogramPoint {
  readonly labels: Labels;
  /** One more than bounds: how many were up to each, and how many above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** One metric as it is now, whatever it is written as. */
export type MetricReading = { readonly name: string; readonly help: string } & (
  | { readonly type: 'counter' | 'gauge'; readonly points: readonly NumberPoint[] }
  | { readonly type: 'histogram'; readonly bounds: readonly number[]; readonly points: readonly HistogramPoint[] }
);

/**
 * The collector's own numbers, under Prometheus' names. A name is given out once; label values must come from a bounded set, because each combination stays
 * for ever.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  histogram(name: string, help: string, bounds: readonly number[], labels?: readonly string[]): Histogram;
  /** Read when somebody asks. `undefined`: not known now, and left out. */
  gauge(name: string, help: string, read: () => number | undefined): void;
  /** A total that somebody else counts. */
  total(name: string, help: string, read: () => number | undefined): void;
  read(): readonly MetricReading[];
}

export function createMetrics(): Metrics {
  const families = new Map<string, () => MetricReading>();
  const add = (name: string, read: () => MetricReading): void => {
    if (families.has(name)) throw new Error(`the metric ${name} is there already`);
    families.set(name, read);
  };
  const asked = (name: string, help: string, type: 'counter' | 'gauge', value: () => number | undefined): void =>
    add(name, () => {
      const number = value();
      return { name, help, type, points: number === undefined ? [] : [{ labels: [], value: number }] };
    });
  return {
    counter(name, help, names = []) {
      const series = createSeries(names, (labels) => ({ labels, value: 0 }));
      // One without labels is there from the start: a rate over something that appears later would miss its first count.
      if (names.length === 0) series.of([]);
      add(name, () => ({ name, help, type: 'counter', points: series.all() }));
      return {
        add(amount, ...values) {
          series.of(values).value += amount;
        },
      };
    },
    histogram(name, help, bounds, names = []) {
      const series = createSeries(names, (labels) => ({
        labels,
        counts: new Array<number>(bounds.length + 1).fill(0),
        sum: 0,
      }));
      add(name, () => ({ name, help, type: 'histogram', bounds, points: series.all() }));
      return {
        observe(value, ...values) {
          const found = series.of(values);
          let at = 0;
          while (at < bounds.length && value > bounds[at]!) at++;
          found.counts[at]!++;
          found.sum += value;
        },
      };
    },
    gauge: (name, help, value) => asked(name, help, 'gauge', value),
    total: (name, help, value) => asked(name, help, 'counter', value),
    read: () => Array.from(families.values(), (read) => read()),
  };
}

/** What is kept for each combination of label values, made when it is first seen. */
function createSeries<Kept>(names: readonly string[], make: (labels: Labels) => Kept) {
  const known = new Map<string, Kept>();
  return {
    of(values: readonly string[]): Kept {
      const joined = values.join('\0');
      let kept = known.get(joined);
      if (kept === undefined) {
        kept = make(names.map((name, at) => [name, values[at] ?? '']));
        known.set(joined, kept);
      }
      return kept;
    },
    all: (): readonly Kept[] => [...known.values()],
  };
}
