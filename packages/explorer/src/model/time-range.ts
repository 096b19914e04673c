/* The stretch of time a view looks at. As it stands in the address: `last=1h`, or `from` and `to` as ISO times. */

export type TimeRange =
  | { readonly kind: 'last'; readonly last: string }
  | { readonly kind: 'between'; readonly fromMs: number; readonly toMs: number };

export interface TimeSearch {
  readonly last?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export const timeOf = ({ last, from, to }: TimeSearch): TimeSearch => ({ last, from, to });

export const RELATIVE_RANGES: readonly { readonly last: string; readonly label: string }[] = [
  { last: '5m', label: 'Last 5 minutes' },
  { last: '15m', label: 'Last 15 minutes' },
  { last: '30m', label: 'Last 30 minutes' },
  { last: '1h', label: 'Last hour' },
  { last: '3h', label: 'Last 3 hours' },
  { last: '6h', label: 'Last 6 hours' },
  { last: '24h', label: 'Last 24 hours' },
  { last: '2d', label: 'Last 2 days' },
  { last: '7d', label: 'Last 7 days' },
  { last: '30d', label: 'Last 30 days' },
];
const DEFAULT_LAST = '1h';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90s`, `15m`, `6h`, `2d`, `1w` in milliseconds; undefined for anything else. */
export function lastMs(last: string): number | undefined {
  const match = /^(\d{1,6})([smhdw])$/.exec(last.trim());
  const ms = match === null ? 0 : Number(match[1]) * UNIT_MS[match[2]!]!;
  return ms > 0 ? ms : undefined;
}

const UNIT_WORDS: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' };

/** `2m` as `Last 2 minutes`. */
export function lastLabel(last: string): string {
  const count = Number.parseInt(last, 10);
  const word = UNIT_WORDS[last.slice(-1)] ?? '';
  return count === 1 ? `Last ${word}` : `Last ${count} ${word}s`;
}

export function parseTimeSearch({ last, from, to }: TimeSearch): TimeRange {
  const fromMs = from === undefined ? Number.NaN : parseMoment(from);
  const toMs = to === undefined ? Number.NaN : parseMoment(to);
  if (toMs > fromMs) return { kind: 'between', fromMs, toMs };
  return { kind: 'last', last: last !== undefined && lastMs(last) !== undefined ? last : DEFAULT_LAST };
}

export function formatTimeSearch(range: TimeRange): TimeSearch {
  if (range.kind === 'last') {
    return { last: range.last === DEFAULT_LAST ? undefined : range.last, from: undefined, to: undefined };
  }
  return { last: undefined, from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() };
}

/** What a person types: an ISO time, `2026-11-20 04:25`, or `04:25` for today. NaN when it is none of these. */
export function parseMoment(text: string, now = new Date()): number {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (clock !== null) {
    const date = new Date(now);
    date.setHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), 0);
    return date.getTime();
  }
  return Date.parse(text.trim().replace(/^(\d{4}-\d{2}-\d{2}) (\d)/, '$1T$2'));
}

export interface AbsoluteRange {
  readonly startMs: number;
  readonly endMs: number;
}

export function absoluteRange(range: TimeRange, nowMs: number): AbsoluteRange {
  if (range.kind === 'between') return { startMs: range.fromMs, endMs: range.toMs };
  return { startMs: nowMs - (lastMs(range.last) ?? 3_600_000), endMs: nowMs };
}

/** Epoch milliseconds (with a fraction) as the API's nanoseconds. */
export function toUnixNano(ms: number): string {
  const whole = Math.floor(ms);
  return `${BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))}`;
}

export function fromUnixNano(unixNano: string): number {
  const nano = BigInt(unixNano);
  return Number(nano / 1_000_000n) + Number(nano % 1_000_000n) / 1e6;
}
