import { bucketQuantile } from '../histogram-quantile.js';
import type { Reader } from '../reader.js';
import { aggregate } from './aggregate.js';
import { combine } from './combine.js';
import type { Call, Expression, RangeSelector, Selector, Shift, Subquery } from './expression.js';
import { labelReplace } from './label-replace.js';
import { problem } from './parse-promql.js';
import { labelName } from './prometheus-names.js';
import { type Budget, createBudget, type Labels, type SelectedSeries, selectSeries } from './select-series.js';
import {
  type Column,
  type Grid,
  keyOf,
  momentOf,
  nameless,
  refuseTooMany,
  type Series,
  type Value,
  withLabel,
  withoutLabels,
} from './values.js';
import { type Samples, WINDOW_FUNCTIONS } from './window-functions.js';

/** So long a sample stands for the moments after it, unless its series said that it ends. */
const LOOKBACK_MS = 300_000;
/** Of a subquery that names none. */
const SUBQUERY_STEP_MS = 60_000;
const MOST_SUBQUERY_STEPS = 20_000;
/** Samples that functions over time look at, those of all windows together: all of it is work of the process that also receives. */
const MOST_LOOKS = 50_000_000;
/** Of a function that sorts its window, for each sample. */
const LOOKS_TO_SORT = 10;
/** So long others wait for their turn. */
const TURN_MS = 50;

/** Evaluates an expression at each moment, as Prometheus does. Throws `QueryProblem`. */
export async function evaluate(reader: Reader, expression: Expression, grid: Grid): Promise<Value> {
  const budget = createBudget();
  const evaluation = new Evaluation(reader, grid, budget);
  return await evaluation.value(expression, grid);
}

/** The samples of a range selector as they are, in the window that ends at one moment. */
export async function rangeAt(reader: Reader, node: RangeSelector, atMs: number): Promise<readonly SelectedSeries[]> {
  const grid: Grid = { startMs: atMs, stepMs: 0, length: 1 };
  const { series, moments } = await new Evaluation(reader, grid, createBudget()).range(node, grid);
  return series
    .map(({ labels, samples: { times, values } }) => {
      const inside = times.map((at) => at > moments.startMs - node.rangeMs && at <= moments.startMs);
      return {
        labels,
        samples: {
          times: times.filter((_, index) => inside[index]),
          values: values.filter((_, index) => inside[index]),
        },
        stale: new Set<number>(),
      };
    })
    .filter(({ samples }) => samples.times.length > 0);
}

class Evaluation {
  readonly #reader: Reader;
  /** Of the question itself: `start()` and `end()`. */
  readonly #asked: Grid;
  readonly #budget: Budget;
  #looksLeft = MOST_LOOKS;
  #turnBeganMs = performance.now();
  constructor(reader: Reader, asked: Grid, budget: Budget) {
    this.#reader = reader;
    this.#asked = asked;
    this.#budget = budget;
  }

  async value(node: Expression, grid: Grid): Promise<Value> {
    switch (node.kind) {
      case 'number':
        return { kind: 'scalar', values: new Array<number>(grid.length).fill(node.value) };
      case 'string':
        return { kind: 'string', text: node.value };
      case 'selector':
        return bounded({ kind: 'vector', series: await this.#instant(node, grid) }, grid);
      case 'negation': {
        const inner = await this.value(node.inner, grid);
        if (inner.kind === 'scalar') return { kind: 'scalar', values: inner.values.map((value) => -value) };
        return vector(mapSeries(seriesOf(inner), (value) => -value));
      }
      case 'binary': {
        const left = await this.value(node.left, grid);
        const right = await this.value(node.right, grid);
        return bounded(combine(node, left, right, grid), grid);
      }
      case 'aggregation': {
        const parameter = node.parameter === undefined ? undefined : await this.value(node.parameter, grid);
        const inner = seriesOf(await this.value(node.inner, grid));
        const given =
          parameter?.kind === 'scalar' ? parameter.values : parameter?.kind === 'string' ? parameter.text : undefined;
        return vector(aggregate(node, inner, given, grid));
      }
      case 'call':
        return bounded(await this.#call(node, grid), grid);
      default:
        throw problem('A range is for a function over time, as in rate(x[5m]).', node.at);
    }
  }

  /** Where the moments of a node lie, its `offset` and `@` counted in. */
  #moments({ offsetMs, pinned }: Shift, grid: Grid): Grid {
    if (pinned === undefined) return { ...grid, startMs: grid.startMs - offsetMs };
    const { startMs, length } = this.#asked;
    const at = pinned === 'start' ? startMs : pinned === 'end' ? momentOf(this.#asked, length - 1) : pinned;
    return { startMs: at - offsetMs, stepMs: 0, length: grid.length };
  }

  async #instant(node: Selector, grid: Grid): Promise<readonly Series[]> {
    const moments = this.#moments(node, grid);
    const { fromMs, toMs } = spanOf(moments, LOOKBACK_MS);
    const selected = await selectSeries(this.#reader, node.matchers, { fromMs, toMs }, this.#budget);
    refuseTooMany(selected.length, grid);
    return present(
      selected.map(({ labels, samples, stale }) => ({
        labels,
        values: overMoments(samples, moments, LOOKBACK_MS, ({ end }) => {
          const at = samples.times[end - 1]!;
          return stale.has(at) ? undefined : samples.values[end - 1]!;
        }),
      })),
    );
  }

  /** For each series of a range, the samples it has, and the moments at which its windows end. */
  async range(
    node: RangeSelector | Subquery,
    grid: Grid,
  ): Promise<{
    readonly series: readonly { readonly labels: Labels; readonly samples: Samples }[];
    readonly moments: Grid;
  }> {
    if (node.kind === 'range') {
      const moments = this.#moments(node.selector, grid);
      const { fromMs, toMs } = spanOf(moments, node.rangeMs);
      const selected = await selectSeries(this.#reader, node.selector.matchers, { fromMs, toMs }, this.#budget);
      return { moments, series: selected.map(withoutStale) };
    }
    const moments = this.#moments(node, grid);
    const stepMs = node.stepMs ?? SUBQUERY_STEP_MS;
    const { fromMs, toMs } = spanOf(moments, node.rangeMs);
    // Its moments are multiples of its step, whenever it is asked.
    const startMs = (Math.floor(fromMs / stepMs) + 1) * stepMs;
    const inner: Grid = { startMs, stepMs, length: Math.max(0, Math.floor((toMs - startMs) / stepMs) + 1) };
    if (inner.length > MOST_SUBQUERY_STEPS) throw problem('The subquery has too many steps.', node.at);
    const value = await this.value(node.inner, inner);
    const series = value.kind === 'scalar' ? [{ labels: {}, values: value.values }] : seriesOf(value);
    return {
      moments,
      series: series.map(({ labels, values }) => {
        const times: number[] = [];
        const kept: number[] = [];
        values.forEach((one, index) => {
          if (one === undefined) return;
          times.push(momentOf(inner, index));
          kept.push(one);
        });
        return { labels, samples: { times, values: kept } };
      }),
    };
  }

  async #call(node: Call, grid: Grid): Promise<Value> {
    const { name, args } = node;
    const range = args.find(
      (argument): argument is RangeSelector | Subquery => argument.kind === 'range' || argument.kind === 'subquery',
    );
    if (range !== undefined) return await this.#overTime(node, range, grid);
    const values: Value[] = [];
    for (const argument of args) values.push(await this.value(argument, grid));
    const first = values[0];
    const scalar = (index: number): readonly number[] => {
      const value = values[index];
      if (value?.kind !== 'scalar') throw problem(`${name} takes a number here.`, args[index]?.at ?? node.at);
      return value.values;
    };
    const text = (index: number): string => {
      const value = values[index];
      if (value?.kind !== 'string') throw problem(`${name} takes a string here.`, args[index]?.at ?? node.at);
      return value.text;
    };
    const each = (of: (value: number, index: number) => number | undefined): Value =>
      vector(mapSeries(seriesOf(first!), of));
    const math = MATH[name];
    if (math !== undefined) return each(math);
    const ofTime = TIMES[name];
    if (ofTime !== undefined) {
      if (first === undefined) {
        return vector([{ labels: {}, values: columnOf(grid, (index) => ofTime(new Date(momentOf(grid, index)))) }]);
      }
      return each((value) => (Number.isFinite(value) ? ofTime(new Date(value * 1_000)) : Number.NaN));
    }
    switch (name) {
      case 'time':
        return { kind: 'scalar', values: columnOf(grid, (index) => momentOf(grid, index) / 1_000) };
      case 'pi':
        return { kind: 'scalar', values: columnOf(grid, () => Math.PI) };
      case 'vector':
        return vector([{ labels: {}, values: scalar(0) }]);
      case 'scalar':
        return {
          kind: 'scalar',
          values: columnOf(grid, (index) => {
            const there = seriesOf(first!).filter(({ values }) => values[index] !== undefined);
            return there.length === 1 ? there[0]!.values[index]! : Number.NaN;
          }),
        };
      case 'timestamp':
        return await this.#timestamps(node, grid, first!);
      case 'round': {
        const to = args.length > 1 ? scalar(1) : undefined;
        return each((value, index) => {
          const inverse = 1 / (to?.[index] ?? 1);
          return Math.floor(value * inverse + 0.5) / inverse;
        });
      }
      case 'clamp': {
        const [least, most] = [scalar(1), scalar(2)];
        return each((value, index) =>
          least[index]! > most[index]! ? undefined : Math.max(least[index]!, Math.min(most[index]!, value)),
        );
      }
      case 'clamp_min':
        return each((value, index) => Math.max(scalar(1)[index]!, value));
      case 'clamp_max':
        return each((value, index) => Math.min(scalar(1)[index]!, value));
      case 'sort':
      case 'sort_desc': {
        const sign = name === 'sort' ? 1 : -1;
        const sorted = [...seriesOf(first!)];
        if (grid.length === 1)
          sorted.sort((a, b) => sign * ((a.values[0] ?? Number.NaN) - (b.values[0] ?? Number.NaN)));
        return { kind: 'vector', series: sorted };
      }
      case 'absent': {
        const series = seriesOf(first!);
        return vector([
          {
            labels: absentLabels(args[0]!),
            values: columnOf(grid, (index) =>
              series.some(({ values }) => values[index] !== undefined) ? undefined : 1,
            ),
          },
        ]);
      }
      case 'histogram_quantile':
        return vector(histogramQuantile(scalar(0), seriesOf(values[1]!), grid));
      case 'label_replace':
        return unique(
          await labelReplace(this.#reader, seriesOf(first!), {
            to: text(1),
            replacement: text(2),
            from: text(3),
            pattern: text(4),
          }),
          node,
          grid,
        );
      case 'label_join': {
        const [to, separator] = [labelName(text(1)), text(2)];
        const from = values.slice(3).map((_, index) => labelName(text(index + 3)));
        return unique(
          seriesOf(first!).map(({ labels, values: column }) => ({
            labels: withLabel(labels, to, from.map((label) => labels[label] ?? '').join(separator)),
            values: column,
          })),
          node,
          grid,
        );
      }
      default:
        throw problem(`The function ${name} is not supported.`, node.at);
    }
  }

  async #overTime(node: Call, range: RangeSelector | Subquery, grid: Grid): Promise<Value> {
    const { name, args } = node;
    const { series, moments } = await this.range(range, grid);
    const rangeMs = range.rangeMs;
    if (name === 'absent_over_time') {
      const there = new Array<boolean>(grid.length).fill(false);
      for (const { samples } of series) {
        overMoments(samples, moments, rangeMs, (_, index) => {
          there[index] = true;
          return 1;
        });
      }
      const labels = range.kind === 'range' ? absentLabels(range.selector) : {};
      return vector([{ labels, values: there.map((is) => (is ? undefined : 1)) }]);
    }
    const other = args.find((argument) => argument !== range);
    const given = other === undefined ? undefined : await this.value(other, grid);
    const parameters = given?.kind === 'scalar' ? given.values : undefined;
    const of = WINDOW_FUNCTIONS[name];
    if (of === undefined) throw problem(`The function ${name} is not supported.`, node.at);
    const keepsName = name === 'last_over_time' || name === 'first_over_time';
    const looksEach = name === 'quantile_over_time' ? LOOKS_TO_SORT : 1;
    refuseTooMany(series.length, grid);
    const results: Series[] = [];
    for (const { labels, samples } of series) {
      await this.#turn();
      results.push({
        labels: keepsName ? labels : nameless(labels),
        values: overMoments(samples, moments, rangeMs, ({ first, end }, index) => {
          this.#looksLeft -= (end - first) * looksEach;
          if (this.#looksLeft < 0)
            throw problem(`${name} would look at too many samples. Ask for a shorter range, or a wider step.`, node.at);
          const endMs = momentOf(moments, index);
          return of({ samples, first, end, startMs: endMs - rangeMs, endMs }, parameters?.[index] ?? 0);
        }),
      });
    }
    return unique(results, node, grid);
  }

  /** Lets others do theirs once this has worked for long enough. */
  async #turn(): Promise<void> {
    if (performance.now() - this.#turnBeganMs < TURN_MS) return;
    await new Promise((done) => setImmediate(done));
    this.#turnBeganMs = performance.now();
  }

  /** Of a selector, when its samples were; of anything else, the moment itself. */
  async #timestamps({ args }: Call, grid: Grid, value: Value): Promise<Value> {
    const [argument] = args;
    if (argument?.kind !== 'selector')
      return vector(mapSeries(seriesOf(value), (_, index) => momentOf(grid, index) / 1_000));
    const moments = this.#moments(argument, grid);
    const selected = await selectSeries(this.#reader, argument.matchers, spanOf(moments, LOOKBACK_MS), this.#budget);
    refuseTooMany(selected.length, grid);
    return vector(
      selected.map(({ labels, samples, stale }) => ({
        labels: nameless(labels),
        values: overMoments(samples, moments, LOOKBACK_MS, ({ end }) => {
          const at = samples.times[end - 1]!;
          return stale.has(at) ? undefined : at / 1_000;
        }),
      })),
    );
  }
}

/** From before the first window to the last moment: what is after `fromMs` is in it. */
function spanOf(moments: Grid, windowMs: number): { readonly fromMs: number; readonly toMs: number } {
  return {
    fromMs: Math.floor(moments.startMs - windowMs),
    toMs: Math.ceil(momentOf(moments, Math.max(0, moments.length - 1))),
  };
}

/** Calls `of` for each moment whose window (open at its begin, closed at its end) has samples. */
function overMoments(
  { times }: Samples,
  moments: Grid,
  windowMs: number,
  of: (part: { readonly first: number; readonly end: number }, index: number) => number | undefined,
): (number | undefined)[] {
  let first = 0;
  let end = 0;
  return columnOf(moments, (index) => {
    const endMs = momentOf(moments, index);
    while (end < times.length && times[end]! <= endMs) end++;
    while (first < end && times[first]! <= endMs - windowMs) first++;
    return first === end ? undefined : of({ first, end }, index);
  });
}

function withoutStale({ labels, samples, stale }: SelectedSeries): {
  readonly labels: Labels;
  readonly samples: Samples;
} {
  if (stale.size === 0) return { labels, samples };
  const times = samples.times.filter((at) => !stale.has(at));
  const values = samples.values.filter((_, index) => !stale.has(samples.times[index]!));
  return { labels, samples: { times, values, isDelta: samples.isDelta } };
}

const columnOf = <Item>({ length }: Grid, of: (index: number) => Item): Item[] =>
  Array.from({ length }, (_, index) => of(index));

function seriesOf(value: Value): readonly Series[] {
  return value.kind === 'vector' ? value.series : [];
}

const present = (series: readonly Series[]): readonly Series[] =>
  series.filter(({ values }) => values.some((value) => value !== undefined));
const vector = (series: readonly Series[]): Value => ({ kind: 'vector', series: present(series) });

function mapSeries(
  series: readonly Series[],
  of: (value: number, index: number) => number | undefined,
): readonly Series[] {
  return series.map(({ labels, values }) => ({
    labels: nameless(labels),
    values: values.map((value, index) => (value === undefined ? undefined : of(value, index))),
  }));
}

function bounded(value: Value, grid: Grid): Value {
  if (value.kind === 'vector') refuseTooMany(value.series.length, grid);
  return value;
}

/** Without their names two series may have the same labels: that is an error where both have a value at one moment. */
function unique(series: readonly Series[], node: Call, grid: Grid): Value {
  const byKey = new Map<string, { readonly labels: Labels; values: Column }>();
  for (const { labels, values } of series) {
    const key = keyOf(labels);
    const found = byKey.get(key);
    if (found === undefined) {
      byKey.set(key, { labels, values });
      continue;
    }
    found.values = columnOf(grid, (index) => {
      if (found.values[index] !== undefined && values[index] !== undefined)
        throw problem(`Several results of ${node.name} would have the same labels.`, node.at);
      return found.values[index] ?? values[index];
    });
  }
  return vector([...byKey.values()]);
}

function absentLabels(node: Expression): Labels {
  if (node.kind !== 'selector') return {};
  const equal = node.matchers.filter(({ operator, label }) => operator === '=' && label !== '__name__');
  const names = equal.map(({ label }) => label);
  return Object.fromEntries(
    equal
      .filter(({ label }) => names.indexOf(label) === names.lastIndexOf(label))
      .map(({ label, value }) => [labelName(label), value]),
  );
}

function histogramQuantile(share: readonly number[], series: readonly Series[], grid: Grid): readonly Series[] {
  const groups = new Map<
    string,
    { readonly labels: Labels; readonly members: { readonly bound: number; readonly values: Column }[] }
  >();
  for (const { labels, values } of series) {
    const le = labels.le;
    const bound = le === '+Inf' || le === 'Inf' ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN);
    if (Number.isNaN(bound)) continue;
    const rest = withoutLabels(labels, ['le', '__name__']);
    const key = keyOf(rest);
    const group = groups.get(key) ?? { labels: rest, members: [] };
    groups.set(key, group);
    group.members.push({ bound, values });
  }
  return [...groups.values()].map(({ labels, members }) => ({
    labels,
    values: columnOf(grid, (index) => {
      const buckets = members.flatMap(({ bound, values }) =>
        values[index] === undefined ? [] : [{ bound, count: values[index] }],
      );
      return buckets.length === 0 ? undefined : bucketQuantile(share[index]!, buckets);
    }),
  }));
}

const MATH: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  sgn: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  deg: (value) => (value * 180) / Math.PI,
  rad: (value) => (value * Math.PI) / 180,
};

const DAY_MS = 86_400_000;
const TIMES: Readonly<Record<string, (at: Date) => number>> = {
  minute: (at) => at.getUTCMinutes(),
  hour: (at) => at.getUTCHours(),
  day_of_month: (at) => at.getUTCDate(),
  day_of_week: (at) => at.getUTCDay(),
  day_of_year: (at) => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / DAY_MS) + 1,
  days_in_month: (at) => new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate(),
  month: (at) => at.getUTCMonth() + 1,
  year: (at) => at.getUTCFullYear(),
};
