import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { QueryProblem } from '../query-problem.js';
import type {
  Aggregation,
  Binary,
  Expression,
  Grouping,
  LabelMatcher,
  Matching,
  Selector,
  Shift,
} from './expression.js';
import { AGGREGATIONS, FUNCTIONS } from './signatures.js';

/** The deepest nesting that is followed. */
const MOST_DEPTH = 100;
const MOST_CHARACTERS = 20_000;

/** Reads a PromQL expression. Throws `QueryProblem` with what is wrong, or not supported, and where. */
export function parsePromql(text: string): Expression {
  if (text.length > MOST_CHARACTERS) throw problem(`A query has at most ${MOST_CHARACTERS} characters.`, 0);
  const tree = parser.parse(text);
  refuseErrors(text, tree.topNode);
  const first = tree.topNode.firstChild;
  if (first === null) throw problem('There is no expression.', 0);
  return new Reader(text).expression(first, 0);
}

export function problem(message: string, at: number): QueryProblem {
  return new QueryProblem('bad-promql', message, { position: at });
}

/** The grammar goes on past what it cannot read; the first such place is what is wrong. */
function refuseErrors(text: string, top: SyntaxNode): void {
  const cursor = top.cursor();
  do {
    if (!cursor.type.isError) continue;
    const at = cursor.from;
    const rest = text.slice(at).trimStart();
    if (rest === '') throw problem('The expression ends before it is complete.', text.length);
    const called = rest.startsWith('(') ? /[a-zA-Z_]\w*\s*$/.exec(text.slice(0, text.length - rest.length)) : null;
    if (called !== null) throw problem(`The function ${called[0].trim()} is not known.`, called.index);
    const word = /^(?:[\w:.]+|"[^"]*"|'[^']*'|.)/s.exec(rest)?.[0] ?? rest[0]!;
    throw problem(`${JSON.stringify(word)} is not expected here.`, text.length - rest.length);
  } while (cursor.next());
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** `1h30m`, or seconds as a number. `undefined` when it is neither. */
export function parsePromqlDuration(text: string): number | undefined {
  if (/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) {
    let sum = 0;
    for (const [, number, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) sum += Number(number) * UNITS_MS[unit!]!;
    return sum;
  }
  const seconds = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(seconds) ? Math.round(seconds * 1_000) : undefined;
}

class Reader {
  readonly #text: string;
  /** What stood in parentheses: a modifier behind it does not reach inside. */
  readonly #enclosed = new WeakSet<Expression>();
  constructor(text: string) {
    this.#text = text;
  }

  #of(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }

  expression(node: SyntaxNode, depth: number): Expression {
    if (depth > MOST_DEPTH) throw problem('The expression is nested too deep.', node.from);
    const inner = (child: SyntaxNode): Expression => this.expression(child, depth + 1);
    const at = node.from;
    switch (node.name) {
      case 'ParenExpr': {
        const enclosed = { ...inner(node.firstChild!) };
        this.#enclosed.add(enclosed);
        return enclosed;
      }
      case 'NumberDurationLiteral':
        return { kind: 'number', at, value: this.#number(node) };
      case 'StringLiteral':
        return { kind: 'string', at, value: unquote(this.#of(node), at) };
      case 'VectorSelector':
        return this.#selector(node);
      case 'MatrixSelector': {
        const rangeMs = this.#duration(node.lastChild!);
        return this.#descend(inner(node.firstChild!), (selected) => {
          if (selected.kind === 'selector') return { kind: 'range', at, selector: selected, rangeMs };
          throw problem(
            'A range in brackets belongs to a selector; of other expressions it is a subquery, as in [5m:1m].',
            at,
          );
        });
      }
      case 'SubqueryExpr': {
        const [first, range, step] = children(node);
        const rangeMs = this.#duration(range!);
        const stepMs = step === undefined ? undefined : this.#duration(step);
        const subquery = (of: Expression): Expression => ({
          kind: 'subquery',
          at,
          inner: of,
          rangeMs,
          stepMs,
          offsetMs: 0,
        });
        const of = inner(first!);
        return this.#enclosed.has(of) ? subquery(of) : this.#descend(of, subquery);
      }
      case 'OffsetExpr': {
        const offsetMs = this.#offset(node.lastChild!);
        return this.#descend(inner(node.firstChild!), (shifted) => shift(shifted, { offsetMs }, at));
      }
      case 'StepInvariantExpr': {
        const last = node.lastChild!;
        const pinned =
          last.name === 'NumberDurationLiteral'
            ? Math.round(this.#number(last) * 1_000)
            : this.#of(last).startsWith('start')
              ? ('start' as const)
              : ('end' as const);
        if (typeof pinned === 'number' && !Number.isFinite(pinned)) throw problem('This is no moment.', last.from);
        return this.#descend(inner(node.firstChild!), (shifted) => shift(shifted, { pinned }, at));
      }
      case 'UnaryExpr': {
        const operand = inner(node.lastChild!);
        if (this.#of(node.firstChild!) === '+') return operand;
        return operand.kind === 'number'
          ? { ...operand, value: -operand.value }
          : { kind: 'negation', at, inner: operand };
      }
      case 'BinaryExpr':
        return this.#binary(node, inner);
      case 'FunctionCall':
        return this.#call(node, inner);
      case 'AggregateExpr':
        return this.#aggregation(node, inner);
      default:
        throw problem(`${JSON.stringify(this.#of(node))} is not supported.`, at);
    }
  }

  /** The grammar lets a modifier hold a whole sum; in PromQL it belongs to what stands right before it. */
  #descend(expression: Expression, change: (last: Expression) => Expression): Expression {
    if (this.#enclosed.has(expression))
      throw problem('offset, @ and ranges belong to a selector or a subquery, not to parentheses.', expression.at);
    if (expression.kind === 'binary') return { ...expression, right: this.#descend(expression.right, change) };
    if (expression.kind === 'negation') return { ...expression, inner: this.#descend(expression.inner, change) };
    return change(expression);
  }

  #number(node: SyntaxNode): number {
    const text = this.#of(node).replace(/\s/g, '');
    const sign = text.startsWith('-') ? -1 : 1;
    const bare = text.replace(/^[+-]/, '').toLowerCase();
    if (bare === 'inf') return sign * Number.POSITIVE_INFINITY;
    if (bare === 'nan') return Number.NaN;
    if (/^0x[0-9a-f]+$/.test(bare)) return sign * Number.parseInt(bare, 16);
    const number = Number(bare.replaceAll('_', ''));
    if (!Number.isNaN(number)) return sign * number;
    const duration = parsePromqlDuration(bare);
    if (duration === undefined) throw problem(`${JSON.stringify(text)} is no number.`, node.from);
    return (sign * duration) / 1_000;
  }

  #duration(node: SyntaxNode): number {
    const text = this.#of(node);
    const ms = parsePromqlDuration(text);
    if (ms === undefined) throw problem(`${JSON.stringify(text)} is no duration; as in 5m, 1h30m.`, node.from);
    if (ms <= 0) throw problem('A duration must be longer than nothing.', node.from);
    return ms;
  }

  #offset(node: SyntaxNode): number {
    const text = this.#of(node).replace(/\s/g, '');
    const ms = parsePromqlDuration(text.replace(/^[+-]/, ''));
    if (ms === undefined) throw problem(`${JSON.stringify(text)} is no duration; as in 5m, -1h.`, node.from);
    return text.startsWith('-') ? -ms : ms;
  }

  #selector(node: SyntaxNode): Selector {
    const matchers: LabelMatcher[] = [];
    for (const child of children(node)) {
      if (child.name === 'Identifier') matchers.push({ label: '__name__', operator: '=', value: this.#of(child) });
      else for (const matcher of children(child)) matchers.push(this.#matcher(matcher));
    }
    const names = matchers.filter(({ label, operator }) => label === '__name__' && operator === '=');
    if (names.length > 1) throw problem('A selector has one name.', node.from);
    if (matchers.every(matchesEmpty)) {
      throw problem('A selector needs a name, or a condition that not every series meets.', node.from);
    }
    return { kind: 'selector', at: node.from, matchers, offsetMs: 0 };
  }

  #matcher(node: SyntaxNode): LabelMatcher {
    if (node.name === 'QuotedLabelName') return { label: '__name__', operator: '=', value: this.#label(node) };
    const [label, operator, value] = children(node);
    return {
      label: this.#label(label!),
      operator: this.#of(operator!) as LabelMatcher['operator'],
      value: unquote(this.#of(value!), value!.from),
    };
  }

  #label(node: SyntaxNode): string {
    return node.name === 'QuotedLabelName' ? unquote(this.#of(node), node.from) : this.#of(node);
  }

  #labels(node: SyntaxNode | undefined): readonly string[] {
    return node === undefined ? [] : children(node).map((label) => this.#label(label));
  }

  #binary(node: SyntaxNode, inner: (child: SyntaxNode) => Expression): Binary {
    const all = children(node);
    const operator = all[1]!;
    let isBool = false;
    let matching: Matching = {};
    for (const modifier of all.slice(2, -1)) {
      if (modifier.name === 'BoolModifier') isBool = true;
      else if (modifier.name === 'MatchingModifierClause') matching = this.#matching(modifier);
      else throw problem(`${JSON.stringify(this.#of(modifier))} is not supported.`, modifier.from);
    }
    const symbol = this.#of(operator).toLowerCase();
    if (!SYMBOLS.has(symbol)) throw problem(`The operator ${symbol} is not supported.`, operator.from);
    const [left, right] = [inner(all[0]!), inner(all.at(-1)!)];
    for (const side of [left, right]) {
      const type = typeOf(side);
      if (type !== 'scalar' && type !== 'vector')
        throw problem(`${symbol} takes numbers and instant vectors, not ${TYPE_WORDS[type]}.`, side.at);
    }
    const isSet = symbol === 'and' || symbol === 'or' || symbol === 'unless';
    if (isSet && (typeOf(left) === 'scalar' || typeOf(right) === 'scalar'))
      throw problem(`${symbol} takes instant vectors on both sides.`, operator.from);
    if (isSet && matching.many !== undefined) throw problem(`${symbol} takes no grouping.`, operator.from);
    const isComparison = COMPARISONS.has(symbol);
    if (isBool && !isComparison) throw problem('bool belongs to a comparison.', operator.from);
    if (isComparison && !isBool && typeOf(left) === 'scalar' && typeOf(right) === 'scalar')
      throw problem('A comparison of two numbers needs bool.', operator.from);
    return { kind: 'binary', at: node.from, operator: symbol, left, right, isBool, matching };
  }

  #matching(node: SyntaxNode): Matching {
    const all = children(node);
    const labels = this.#labels(all[1]);
    const keyed: Matching = all[0]!.name === 'On' ? { on: labels } : { ignoring: labels };
    const group = all[2];
    if (group === undefined) return keyed;
    const side = group.name === 'GroupLeft' ? 'left' : 'right';
    return { ...keyed, many: { side, include: this.#labels(all[3]) } };
  }

  #arguments(body: SyntaxNode, inner: (child: SyntaxNode) => Expression): readonly Expression[] {
    return children(body).map(inner);
  }

  #call(node: SyntaxNode, inner: (child: SyntaxNode) => Expression): Expression {
    const name = this.#of(node.firstChild!);
    const signature = FUNCTIONS[name];
    if (signature === undefined) {
      throw problem(`The function ${name} is not supported.`, node.from);
    }
    const args = this.#arguments(node.lastChild!, inner);
    const [least, most] = [
      signature.optional === undefined ? signature.takes.length : signature.takes.length - signature.optional,
      signature.variadic ? Number.POSITIVE_INFINITY : signature.takes.length,
    ];
    if (args.length < least || args.length > most) {
      throw problem(
        `${name} takes ${least === most ? least : `${least} or more`} arguments, not ${args.length}.`,
        node.from,
      );
    }
    args.forEach((argument, index) => {
      const wanted = signature.takes[Math.min(index, signature.takes.length - 1)]!;
      const got = typeOf(argument);
      if (got !== wanted) {
        const hint = wanted === 'range' ? ', as in x[5m]' : '';
        throw problem(`${name} takes ${TYPE_WORDS[wanted]}${hint} here, not ${TYPE_WORDS[got]}.`, argument.at);
      }
    });
    return { kind: 'call', at: node.from, name, args };
  }

  #aggregation(node: SyntaxNode, inner: (child: SyntaxNode) => Expression): Aggregation {
    const all = children(node);
    const operator = this.#of(all[0]!).toLowerCase();
    const takes = AGGREGATIONS[operator];
    if (takes === undefined) throw problem(`The aggregation ${operator} is not supported.`, node.from);
    const modifier = all.find(({ name }) => name === 'AggregateModifier');
    const grouping: Grouping =
      modifier === undefined
        ? { without: false, labels: [] }
        : { without: modifier.firstChild!.name === 'Without', labels: this.#labels(modifier.lastChild!) };
    const args = this.#arguments(all.find(({ name }) => name === 'FunctionCallBody')!, inner);
    if (args.length !== takes.length)
      throw problem(
        `${operator} takes ${takes.length} argument${takes.length === 1 ? '' : 's'}, not ${args.length}.`,
        node.from,
      );
    args.forEach((argument, index) => {
      const got = typeOf(argument);
      if (got !== takes[index])
        throw problem(`${operator} takes ${TYPE_WORDS[takes[index]!]} here, not ${TYPE_WORDS[got]}.`, argument.at);
    });
    return {
      kind: 'aggregation',
      at: node.from,
      operator,
      grouping,
      parameter: args.length > 1 ? args[0] : undefined,
      inner: args.at(-1)!,
    };
  }
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const SYMBOLS: ReadonlySet<string> = new Set([
  ...COMPARISONS,
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  'atan2',
  'and',
  'or',
  'unless',
]);

export type Type = 'scalar' | 'string' | 'vector' | 'range';
const TYPE_WORDS: Readonly<Record<Type, string>> = {
  scalar: 'a number',
  string: 'a string',
  vector: 'an instant vector',
  range: 'a range',
};

export function typeOf(expression: Expression): Type {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'range':
    case 'subquery':
      return 'range';
    case 'call':
      return FUNCTIONS[expression.name]!.gives;
    case 'binary':
      return typeOf(expression.left) === 'scalar' && typeOf(expression.right) === 'scalar' ? 'scalar' : 'vector';
    case 'negation':
      return typeOf(expression.inner);
    default:
      return 'vector';
  }
}

/** A series without the label matches. */
function matchesEmpty({ operator, value }: LabelMatcher): boolean {
  switch (operator) {
    case '=':
      return value === '';
    case '!=':
      return value !== '';
    case '=~':
      return /^(?:\.\*|\(\)|)$/.test(value);
    case '!~':
      return !/^(?:\.\*|\(\)|)$/.test(value);
  }
}

function shift(expression: Expression, by: Partial<Shift>, at: number): Expression {
  if (expression.kind === 'range') return { ...expression, selector: { ...expression.selector, ...by } };
  if (expression.kind === 'selector' || expression.kind === 'subquery') return { ...expression, ...by };
  throw problem('offset and @ belong to a selector or a subquery.', at);
}

function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) all.push(child);
  return all;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

function unquote(text: string, at: number): string {
  const body = text.slice(1, -1);
  if (text.startsWith('`')) return body;
  return body.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3})|(.))/gis,
    (_, x, u, U, octal, one) => {
      const code = x ?? u ?? U;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (ESCAPES[one] !== undefined) return ESCAPES[one];
      if (one === '\\' || one === '"' || one === "'") return one;
      throw problem(`The escape \\${one} is not known.`, at);
    },
  );
}
