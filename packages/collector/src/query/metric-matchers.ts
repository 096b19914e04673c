import type { Bindings } from './bindings.js';
import { QueryProblem } from './query-problem.js';
import type { TimeRange } from './time-range.js';

/** `key=value`, with `!=`, `=~` (the whole value matches the pattern) or `!~`. */
export interface MetricMatcher {
  readonly key: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export function readMatcher(text: string): MetricMatcher {
  const found = /^([^=!~]+?)\s*(=~|!~|!=|=)\s*(.*)$/s.exec(text);
  if (found === null) {
    throw new QueryProblem('bad-parameter', `${JSON.stringify(text)} is no condition on an attribute.`, {
      hint: 'As in http.route=/cart, http.route!=/health, http.route=~/api/.*, http.route!~.*internal.*',
    });
  }
  return { key: found[1]!, operator: found[2] as MetricMatcher['operator'], value: found[3]! };
}

/** SQL for the value of an attribute of a series: the point's own, else its resource's. Empty where there is none. */
export function attributeSql(key: string, bindings: Bindings): string {
  if (key === 'service.name') return 'ServiceName';
  const bound = bindings.bind('String', key);
  return `if(mapContains(Attributes, ${bound}), Attributes[${bound}], ResourceAttributes[${bound}])`;
}

export function matcherSql(
  value: string,
  { operator, value: wanted }: Omit<MetricMatcher, 'key'>,
  bindings: Bindings,
): string {
  switch (operator) {
    case '=':
      return `${value} = ${bindings.bind('String', wanted)}`;
    case '!=':
      return `${value} != ${bindings.bind('String', wanted)}`;
    case '=~':
      return `match(${value}, ${bindings.bind('String', `^(?s:${wanted})$`)})`;
    case '!~':
      return `NOT match(${value}, ${bindings.bind('String', `^(?s:${wanted})$`)})`;
  }
}

/** A condition on `otel_metrics_series` for those that may have points in the range; the days are its partitions. */
export function seriesWithin({ startNano, endNano }: TimeRange, bindings: Bindings): string {
  const start = bindings.bind('Int64', String(startNano));
  const end = bindings.bind('Int64', String(endNano));
  const time = (nano: string): string => `fromUnixTimestamp64Nano(toInt64(${nano}))`;
  return `Day >= toDate(${time(start)}) AND Day <= toDate(${time(end)}) AND Last >= ${time(start)} AND First < ${time(end)}`;
}
