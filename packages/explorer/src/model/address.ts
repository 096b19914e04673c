import { SEVERITIES, type Severity } from './log-record.js';
import {
  type AbsoluteRange,
  absoluteRange,
  formatTimeSearch,
  lastMs,
  parseMoment,
  parseTimeSearch,
  type TimeSearch,
} from './time-range.js';

/*
 * What stands in the address, per view. Reading never fails: what does not read is left out, so that an old or hand-made link
 * shows as much as it can.
 */

export interface SearchAddress extends TimeSearch {
  readonly q?: string | undefined;
  readonly sort?: 'slowest' | undefined;
  /** The brushed part of the chart, `fromMs-toMs`. */
  readonly sel?: string | undefined;
  /** Compare only spans longer than this with the rest, `250ms`. */
  readonly than?: string | undefined;
  /** The trace the list stands at. */
  readonly at?: string | undefined;
}

export interface TraceAddress extends TimeSearch {
  readonly span?: string | undefined;
  /** `1`: `span` stands for the folded row that it is the first of. */
  readonly fold?: '1' | undefined;
  /** `from-to` in nanoseconds since the start of the trace. */
  readonly zoom?: string | undefined;
  readonly find?: string | undefined;
  /** `1`: only matches of `find` and the way to them. */
  readonly only?: '1' | undefined;
  /** `0`: the critical path is not drawn. */
  readonly path?: '0' | undefined;
  /** Span ids whose children are hidden, by comma; after a `*`, those of all that are not. */
  readonly closed?: string | undefined;
  /** Folds (by their first span id) that are opened, in the same way. */
  readonly open?: string | undefined;
  /** `fromNano-toNano-firstRow-lastRow`. */
  readonly area?: string | undefined;
}

export interface LogsAddress extends TimeSearch {
  /** A filter of log records. */
  readonly q?: string | undefined;
  /** Instead of the records. */
  readonly show?: 'patterns' | 'tail' | undefined;
  /** The brushed part of the chart, `fromMs-toMs`. */
  readonly sel?: string | undefined;
  /** Only records of at least this severity. */
  readonly severity?: Severity | undefined;
  readonly service?: string | undefined;
  readonly trace?: string | undefined;
  readonly span?: string | undefined;
  /** The record that is unfolded: its time, and which one of that time in the list, `1700000000000000000-0`. */
  readonly open?: string | undefined;
}

export interface MetricsAddress extends TimeSearch {
  /** A part of the name. */
  readonly q?: string | undefined;
  readonly service?: string | undefined;
  /** The metric whose chart is open, `gauge:http.server.active_requests`. */
  readonly open?: string | undefined;
  /** Of the open one: by which function, grouped by which attributes (with commas), beside the period before. */
  readonly fn?: string | undefined;
  readonly by?: string | undefined;
  readonly compare?: '1' | undefined;
}

export interface ServiceAddress extends TimeSearch {
  readonly compare?: '1' | undefined;
}

export type RawSearch = Readonly<Record<string, unknown>>;

const text = (raw: RawSearch, name: string): string | undefined => {
  const value = raw[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const when = (value: string | undefined, form: RegExp): string | undefined =>
  value !== undefined && form.test(value) ? value : undefined;

export function readTimeSearch(raw: RawSearch): TimeSearch {
  const last = text(raw, 'last');
  const from = text(raw, 'from');
  const to = text(raw, 'to');
  if (from !== undefined && to !== undefined && parseMoment(to) > parseMoment(from)) return { from, to };
  return last !== undefined && lastMs(last) !== undefined ? { last } : {};
}

export function readSearchAddress(raw: RawSearch): SearchAddress {
  return defined({
    ...readTimeSearch(raw),
    q: text(raw, 'q'),
    sort: raw.sort === 'slowest' ? ('slowest' as const) : undefined,
    sel: when(text(raw, 'sel'), /^\d{1,15}-\d{1,15}$/),
    than: text(raw, 'than'),
    at: when(text(raw, 'at'), /^[0-9a-f]{32}$/),
  });
}

export function readLogsAddress(raw: RawSearch): LogsAddress {
  return defined({
    ...readTimeSearch(raw),
    q: text(raw, 'q'),
    show: raw.show === 'patterns' || raw.show === 'tail' ? (raw.show as 'patterns' | 'tail') : undefined,
    sel: when(text(raw, 'sel'), /^\d{1,15}-\d{1,15}$/),
    severity: SEVERITIES.find((severity) => severity === raw.severity),
    service: text(raw, 'service'),
    trace: when(text(raw, 'trace'), /^[0-9a-f]{32}$/),
    span: when(text(raw, 'span'), /^[0-9a-f]{16}$/),
    open: when(text(raw, 'open'), /^\d{1,20}-\d{1,6}$/),
  });
}

export interface SqlAddress extends TimeSearch {
  /** The statement that was run. */
  readonly q?: string | undefined;
  readonly show?: 'chart' | undefined;
}

export function readSqlAddress(raw: RawSearch): SqlAddress {
  return defined({
    ...readTimeSearch(raw),
    q: text(raw, 'q'),
    show: raw.show === 'chart' ? ('chart' as const) : undefined,
  });
}

export function readMetricsAddress(raw: RawSearch): MetricsAddress {
  return defined({
    ...readTimeSearch(raw),
    q: text(raw, 'q'),
    service: text(raw, 'service'),
    open: when(text(raw, 'open'), /^[a-z-]{3,24}:/),
    fn: when(text(raw, 'fn'), /^[a-z0-9]{2,12}$/),
    by: text(raw, 'by'),
    compare: raw.compare === '1' ? ('1' as const) : undefined,
  });
}

export function readServiceAddress(raw: RawSearch): ServiceAddress {
  return defined({ ...readTimeSearch(raw), compare: raw.compare === '1' ? ('1' as const) : undefined });
}

const IDS = /^(\*|[0-9a-f]{16})(,[0-9a-f]{16})*$/;

export function readTraceAddress(raw: RawSearch): TraceAddress {
  return defined({
    ...readTimeSearch(raw),
    span: when(text(raw, 'span'), /^[0-9a-f]{16}$/),
    fold: raw.fold === '1' ? ('1' as const) : undefined,
    zoom: when(text(raw, 'zoom'), /^\d{1,18}-\d{1,18}$/),
    find: text(raw, 'find'),
    only: raw.only === '1' ? ('1' as const) : undefined,
    path: raw.path === '0' ? ('0' as const) : undefined,
    closed: when(text(raw, 'closed'), IDS),
    open: when(text(raw, 'open'), IDS),
    area: when(text(raw, 'area'), /^\d{1,18}-\d{1,18}-\d{1,9}-\d{1,9}$/),
  });
}

function defined<T extends object>(address: T): T {
  return Object.fromEntries(Object.entries(address).filter(([, value]) => value !== undefined)) as T;
}

/** Plain `name=value` pairs, readable and typable; nothing is quoted as JSON. */
export function formatSearch(search: RawSearch): string {
  const pairs = Object.entries(search)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${readable(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Percent-encodes what would break an address, and leaves what people read: `=`, `:`, `/`, `,`, `*`, `>`. */
function readable(value: string): string {
  return encodeURIComponent(value)
    .replace(/%20/g, '+')
    .replace(/%(3D|3A|2F|2C|3E|3C|3F|40|7E|21)/g, (code) => decodeURIComponent(code));
}

export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

/** The address of a search with a relative time as one that shows the same next week: its time as it stands at `nowMs`. */
export function fixedTime(href: string, nowMs: number): string {
  const url = new URL(href);
  const search = parseSearch(url.search);
  const { startMs, endMs } = absoluteRange(parseTimeSearch(readTimeSearch(search)), nowMs);
  url.search = formatSearch({ ...search, ...formatTimeSearch({ kind: 'between', fromMs: startMs, toMs: endMs }) });
  return url.href;
}

export function readSelection(sel: string | undefined): AbsoluteRange | undefined {
  if (sel === undefined) return undefined;
  const [startMs, endMs] = sel.split('-').map(Number) as [number, number];
  return endMs > startMs ? { startMs, endMs } : undefined;
}

export const formatSelection = ({ startMs, endMs }: AbsoluteRange): string =>
  `${Math.round(startMs)}-${Math.round(endMs)}`;

export function readPair(pair: string | undefined): { from: number; to: number } | undefined {
  if (pair === undefined) return undefined;
  const [from, to] = pair.split('-').map(Number) as [number, number];
  return to > from ? { from, to } : undefined;
}

/** The members of `all` that a list of ids stands for. */
export function readIds(list: string | undefined, all: readonly string[]): Set<number> {
  if (list === undefined) return new Set();
  const named = new Set(list.split(','));
  const inverted = named.has('*');
  const chosen = new Set<number>();
  for (let index = 0; index < all.length; index++) if (named.has(all[index]!) !== inverted) chosen.add(index);
  return chosen;
}

/** A link does not hold thousands of ids: past this many only the last ones are written. */
const IDS_AT_MOST = 40;

/** The shorter of the two ways to write which of `all` (only those `possible`) are chosen. */
export function formatIds(
  chosen: ReadonlySet<number>,
  all: readonly string[],
  possible: readonly number[],
): string | undefined {
  if (chosen.size === 0) return undefined;
  const others = chosen.size * 2 > possible.length ? possible.filter((index) => !chosen.has(index)) : undefined;
  const named = others ?? [...chosen];
  return [...(others === undefined ? [] : ['*']), ...named.slice(-IDS_AT_MOST).map((index) => all[index]!)].join(',');
}
