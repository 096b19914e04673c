import type { TestSpan, TestValue } from './test-span.js';

/** A value on one line, as a person would write it in a test. */
export function formatValue(value: unknown): string {
  if (value instanceof RegExp || typeof value === 'function') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(formatValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value as { [key: string]: TestValue })
      .map(([key, inner]) => `${key}: ${formatValue(inner)}`)
      .join(', ')} }`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

const describe = ({ name, status: { code, message } }: TestSpan): string =>
  code === 'unset' ? name : `${name} [${code}${message ? `: ${message}` : ''}]`;

/**
 * Every trace as an indented list of span names, children under their parents in order of start, an error with its message:
 *
 *     POST /checkout
 *       validate_cart
 *       process_payment [error: card declined]
 *
 * A span whose parent is not among `spans` (it is remote, or has not ended) stands at the left.
 */
export function formatTree(spans: readonly TestSpan[]): string {
  const byStart = [...spans].sort((a, b) => Number(a.startUnixNano - b.startUnixNano));
  const known = new Set(spans.map(({ spanId }) => spanId));
  const lines: string[] = [];
  const add = (span: TestSpan, depth: number): void => {
    lines.push('  '.repeat(depth) + describe(span));
    for (const child of byStart) if (child.parentSpanId === span.spanId) add(child, depth + 1);
  };
  for (const span of byStart) if (!span.parentSpanId || !known.has(span.parentSpanId)) add(span, 0);
  return lines.join('\n');
}
