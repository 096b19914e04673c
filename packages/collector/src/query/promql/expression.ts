/** PromQL as it is evaluated: the tree of a query without its punctuation. `at` is the offset of a node in the text. */
export type Expression =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Subquery
  | Call
  | Aggregation
  | Binary
  | Negation;

interface Node {
  readonly at: number;
}
interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
}
interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

export interface LabelMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** `offset` and `@`, of selectors and subqueries. */
export interface Shift {
  readonly offsetMs: number;
  /** Unix milliseconds, or the begin or end of what is asked about. */
  readonly pinned?: number | 'start' | 'end' | undefined;
}

export interface Selector extends Node, Shift {
  readonly kind: 'selector';
  /** The name is a matcher of `__name__`. */
  readonly matchers: readonly LabelMatcher[];
}
export interface RangeSelector extends Node {
  readonly kind: 'range';
  readonly selector: Selector;
  readonly rangeMs: number;
}
export interface Subquery extends Node, Shift {
  readonly kind: 'subquery';
  readonly inner: Expression;
  readonly rangeMs: number;
  readonly stepMs?: number | undefined;
}
export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}
export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}
export interface Aggregation extends Node {
  readonly kind: 'aggregation';
  readonly operator: string;
  readonly grouping: Grouping;
  /** Before the vector: how many, which quantile, which label. */
  readonly parameter?: Expression | undefined;
  readonly inner: Expression;
}
export interface Matching {
  /** `undefined`: on all labels. */
  readonly on?: readonly string[] | undefined;
  readonly ignoring?: readonly string[] | undefined;
  /** The side that may have several partners, and which labels it takes over from the other. */
  readonly many?: { readonly side: 'left' | 'right'; readonly include: readonly string[] } | undefined;
}
export interface Binary extends Node {
  readonly kind: 'binary';
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
  readonly isBool: boolean;
  readonly matching: Matching;
}
interface Negation extends Node {
  readonly kind: 'negation';
  readonly inner: Expression;
}
