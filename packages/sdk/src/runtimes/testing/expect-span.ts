import { formatValue } from './format-tree.js';
import type { ExpectedValue, TestEvent, TestSpan, TestSpanKind, TestStatusCode, TestValue } from './test-span.js';

/** Where spans come from: a `TestTelemetry`. */
export interface SpanSource {
  spans(): readonly TestSpan[];
  tree(): string;
}

/** What one span is expected to be. Every method throws an `Error` that shows the span where it is not, and returns itself. */
export interface SpanExpectation {
  readonly span: TestSpan;
  /** The attribute is there; with `value`, it is that: equal, matched by a regular expression, or accepted by a function. */
  toHaveAttribute(key: string, value?: ExpectedValue): SpanExpectation;
  toHaveAttributes(attributes: Readonly<Record<string, ExpectedValue>>): SpanExpectation;
  notToHaveAttribute(key: string): SpanExpectation;
  toHaveStatus(code: TestStatusCode, message?: string | RegExp): SpanExpectation;
  /** An event of that name is there, with at least these attributes. */
  toHaveEvent(name: string, attributes?: Readonly<Record<string, ExpectedValue>>): SpanExpectation;
  notToHaveEvent(name: string): SpanExpectation;
  /** An exception was recorded whose message is, contains or matches this. */
  toHaveRecordedException(message?: string | RegExp): SpanExpectation;
  toHaveKind(kind: TestSpanKind): SpanExpectation;
  toBeChildOf(parent: string | TestSpan): SpanExpectation;
  toBeRoot(): SpanExpectation;
  toBeInTraceOf(other: string | TestSpan): SpanExpectation;
  toBeLinkedTo(other: string | TestSpan): SpanExpectation;
  /** Milliseconds; both ends included. */
  toHaveTaken(durationMs: { readonly atLeast?: number; readonly atMost?: number }): SpanExpectation;
  toComeFrom(scopeName: string): SpanExpectation;
}

/** Assertion errors without a test runner: vitest, Jest and node:test show the message, the first two a diff as well. */
class SpanAssertionError extends Error {
  override readonly name = 'SpanAssertionError';
  readonly code = 'ERR_ASSERTION';
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, actual?: unknown, expected?: unknown) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

/**
 * Expectations of the one finished span of that name:
 *
 *     expectSpan(telemetry, 'checkout').toHaveAttribute('cart.items', 3).toHaveStatus('error', /card/).toBeChildOf('POST /checkout');
 *
 * Throws where there is none, or more than one: then narrow it with a function, `(span) => span.attributes['order.id'] === 7`.
 */
export function expectSpan(source: SpanSource, which: string | ((span: TestSpan) => boolean)): SpanExpectation {
  return expectationOf(source, findSpan(source, which));
}

/** The one finished span of that name, or that a function picks; throws where there is none or more than one. */
export function findSpan(source: SpanSource, which: string | ((span: TestSpan) => boolean)): TestSpan {
  const spans = source.spans();
  const found = spans.filter((span) => (typeof which === 'string' ? span.name === which : which(span)));
  if (found.length === 1) return found[0]!;
  const wanted = typeof which === 'string' ? `span named ${JSON.stringify(which)}` : 'such span';
  throw new SpanAssertionError(
    found.length
      ? `Expected one ${wanted}, but ${found.length} have ended:\n${found.map(show).join('\n')}`
      : `Expected a ${wanted}, but ${spans.length ? `only these have ended:\n${indent(source.tree())}` : 'no span has ended.'}`,
    found.length,
    1,
  );
}

function expectationOf(source: SpanSource, span: TestSpan): SpanExpectation {
  const fail = (expected: string, got: string, actual?: unknown, wanted?: unknown): never => {
    throw new SpanAssertionError(
      `Expected span ${JSON.stringify(span.name)} ${expected}, but ${got}.\n${show(span)}`,
      actual,
      wanted,
    );
  };
  const resolve = (other: string | TestSpan): TestSpan => (typeof other === 'string' ? findSpan(source, other) : other);
  const parentText = (): string => {
    const parent = source.spans().find(({ spanId }) => spanId === span.parentSpanId);
    if (parent) return `its parent is ${JSON.stringify(parent.name)}`;
    return span.parentSpanId ? `its parent ${span.parentSpanId} has not ended here` : 'it is a root';
  };

  const expectation: SpanExpectation = {
    span,
    toHaveAttribute(key, value) {
      const actual = span.attributes[key];
      if (!Object.hasOwn(span.attributes, key)) {
        const keys = Object.keys(span.attributes);
        fail(`to have an attribute ${JSON.stringify(key)}`, keys.length ? `it has ${keys.join(', ')}` : 'it has none');
      } else if (value !== undefined && !matches(actual!, value)) {
        fail(`to have ${key} = ${formatValue(value)}`, `it is ${formatValue(actual)}`, actual, value);
      }
      return expectation;
    },
    toHaveAttributes(attributes) {
      for (const [key, value] of Object.entries(attributes)) expectation.toHaveAttribute(key, value);
      return expectation;
    },
    notToHaveAttribute(key) {
      if (Object.hasOwn(span.attributes, key)) {
        fail(`not to have an attribute ${JSON.stringify(key)}`, `it is ${formatValue(span.attributes[key])}`);
      }
      return expectation;
    },
    toHaveStatus(code, message) {
      const { status } = span;
      if (status.code !== code)
        fail(
          `to have the status ${code}`,
          `it is ${status.code}${status.message && `: ${status.message}`}`,
          status.code,
          code,
        );
      if (message !== undefined && !textMatches(status.message, message)) {
        fail(
          `to have the status message ${formatValue(message)}`,
          `it is ${formatValue(status.message)}`,
          status.message,
          message,
        );
      }
      return expectation;
    },
    toHaveEvent(name, attributes = {}) {
      const named = span.events.filter((event) => event.name === name);
      const wanted = Object.entries(attributes);
      const fits = ({ attributes: actual }: TestEvent) =>
        wanted.every(([key, value]) => Object.hasOwn(actual, key) && matches(actual[key]!, value));
      if (!named.some(fits)) {
        fail(
          `to have an event ${JSON.stringify(name)}${wanted.length ? ` with ${formatValue(attributes)}` : ''}`,
          named.length
            ? `it has ${named.map((event) => formatValue(event.attributes)).join(' and ')}`
            : span.events.length
              ? `it has ${span.events.map((event) => JSON.stringify(event.name)).join(', ')}`
              : 'it has none',
        );
      }
      return expectation;
    },
    notToHaveEvent(name) {
      if (span.events.some((event) => event.name === name))
        fail(`not to have an event ${JSON.stringify(name)}`, 'it has');
      return expectation;
    },
    toHaveRecordedException(message) {
      return expectation.toHaveEvent('exception', message === undefined ? {} : { 'exception.message': message });
    },
    toHaveKind(kind) {
      if (span.kind !== kind) fail(`to be of kind ${kind}`, `it is ${span.kind}`, span.kind, kind);
      return expectation;
    },
    toBeChildOf(parent) {
      const { spanId, name, traceId } = resolve(parent);
      if (span.parentSpanId !== spanId || span.traceId !== traceId)
        fail(`to be a child of ${JSON.stringify(name)}`, parentText());
      return expectation;
    },
    toBeRoot() {
      if (span.parentSpanId) fail('to be a root', parentText());
      return expectation;
    },
    toBeInTraceOf(other) {
      const { traceId, name } = resolve(other);
      if (span.traceId !== traceId)
        fail(`to be in the trace of ${JSON.stringify(name)} (${traceId})`, `it is in ${span.traceId}`);
      return expectation;
    },
    toBeLinkedTo(other) {
      const { traceId, spanId, name } = resolve(other);
      if (!span.links.some((link) => link.traceId === traceId && link.spanId === spanId)) {
        fail(`to be linked to ${JSON.stringify(name)}`, `it has ${span.links.length} other links`);
      }
      return expectation;
    },
    toHaveTaken({ atLeast = 0, atMost = Number.POSITIVE_INFINITY }) {
      const { durationMs } = span;
      if (durationMs < atLeast || durationMs > atMost)
        fail(`to have taken ${atLeast} to ${atMost} ms`, `it took ${durationMs} ms`);
      return expectation;
    },
    toComeFrom(scopeName) {
      if (span.scope.name !== scopeName)
        fail(`to come from ${JSON.stringify(scopeName)}`, `it comes from ${JSON.stringify(span.scope.name)}`);
      return expectation;
    },
  };
  return expectation;
}

const textMatches = (actual: string, expected: string | RegExp): boolean =>
  typeof expected === 'string'
    ? actual === expected
    : new RegExp(expected.source, expected.flags.replace(/[gy]/g, '')).test(actual);

function matches(actual: TestValue, expected: ExpectedValue): boolean {
  if (typeof expected === 'function') return expected(actual);
  if (expected instanceof RegExp) return typeof actual === 'string' && textMatches(actual, expected);
  return equal(actual, expected);
}

function equal(actual: unknown, expected: unknown): boolean {
  if (Object.is(actual, expected)) return true;
  if (typeof actual !== 'object' || typeof expected !== 'object' || !actual || !expected) return false;
  const keys = Object.keys(actual);
  return (
    Array.isArray(actual) === Array.isArray(expected) &&
    keys.length === Object.keys(expected).length &&
    keys.every((key) => equal((actual as Record<string, unknown>)[key], (expected as Record<string, unknown>)[key]))
  );
}

const indent = (text: string): string => text.replace(/^/gm, '  ');

/** The whole span, as far as it says something, under a failure. */
function show(span: TestSpan): string {
  const lines = [
    `${span.name} (${span.kind}, ${span.durationMs} ms, trace ${span.traceId}, span ${span.spanId}${span.parentSpanId ? `, parent ${span.parentSpanId}` : ', root'})`,
  ];
  if (span.status.code !== 'unset') lines.push(`  status ${span.status.code} ${span.status.message}`.trimEnd());
  for (const [key, value] of Object.entries(span.attributes)) lines.push(`  ${key} = ${formatValue(value)}`);
  for (const event of span.events) {
    const attributes = Object.entries(event.attributes).filter(([key]) => key !== 'exception.stacktrace');
    lines.push(
      `  event ${event.name} ${attributes.map(([key, value]) => `${key} = ${formatValue(value)}`).join(', ')}`.trimEnd(),
    );
  }
  return indent(lines.join('\n'));
}
