import { QueryProblem } from '../query/query-problem.js';
import { LAST_NANO, type TimeRange } from '../query/time-range.js';
import { normalTraceId } from '../query/trace.js';
import { parseDuration } from '../shapes/filter.js';

/** A parameter of a route: how it is described, and by its name how it is taken. One list serves the check and the OpenAPI document. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: boolean;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: string | number;
}

const HOUR_NANO = 3_600_000_000_000n;
const DAY_NANO = 24n * HOUR_NANO;

/** Reads the parameters of one request. Every reading throws `QueryProblem` with what would have been right. */
export class Parameters {
  readonly #search: URLSearchParams;
  readonly #path: Readonly<Record<string, string>>;
  constructor(search: URLSearchParams, path: Readonly<Record<string, string>>) {
    this.#search = search;
    this.#path = path;
  }

  /** Refuses names that the route does not know: a misspelt filter would otherwise silently find too much. */
  allowOnly(known: readonly Parameter[]): void {
    const names = known.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name);
    for (const name of this.#search.keys()) {
      if (names.includes(name)) continue;
      throw new QueryProblem('bad-parameter', `There is no parameter ${JSON.stringify(name)} here.`, {
        hint: names.length === 0 ? 'This question takes no parameters.' : `Parameters: ${names.join(', ')}.`,
      });
    }
  }

  /** A part of the path; the router has made sure that it is there. */
  path(name: string): string {
    return this.#path[name] ?? '';
  }

  /** `{traceId}` of the path, or another text, as a trace id in its normal form. */
  traceId(text = this.path('traceId')): string {
    const traceId = normalTraceId(text);
    if (traceId !== undefined) return traceId;
    throw new QueryProblem('bad-parameter', 'A trace id has 32 hexadecimal digits (16 for older senders).');
  }

  /** Absent and empty are the same. */
  text(name: string): string | undefined {
    return this.#search.get(name) || undefined;
  }

  all(name: string): string[] {
    return this.#search.getAll(name).filter((text) => text !== '');
  }

  integer(
    name: string,
    { least, most, otherwise }: { readonly least: number; readonly most: number; readonly otherwise: number },
  ): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
    throw new QueryProblem('bad-parameter', `${name} must be a whole number from ${least} to ${most}.`);
  }

  oneOf<Word extends string>(name: string, words: readonly Word[], otherwise: Word): Word {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new QueryProblem('bad-parameter', `${name} must be one of ${words.join(', ')}.`);
  }

  /** Of a parameter that may be repeated: each must be one of the words. */
  eachOf<Word extends string>(name: string, words: readonly Word[]): readonly Word[] {
    return this.all(name).map((text) => {
      const found = words.find((word) => word === text);
      if (found !== undefined) return found;
      throw new QueryProblem('bad-parameter', `${name} must be one of ${words.join(', ')}.`);
    });
  }

  /** `250ms`, `1.5s` … or a whole number of nanoseconds. */
  duration(name: string): bigint | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const nano = /^\d{1,18}$/.test(text) ? BigInt(text) : parseDuration(text);
    if (nano !== undefined) return BigInt(nano);
    throw new QueryProblem('bad-parameter', `${name} must be a duration.`, {
      hint: 'As in 250ms, 1.5s, 2m, or a whole number of nanoseconds.',
    });
  }

  time(name: string, nowNano: bigint): bigint | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : readTime(name, text, nowNano);
  }

  /** `start` and `end`; without them the last hour. `wholePast`: without `start` everything up to `end`. */
  range(nowNano: bigint, { wholePast = false } = {}): TimeRange {
    const endNano = this.time('end', nowNano) ?? nowNano;
    const startNano = this.time('start', nowNano) ?? (wholePast || endNano < HOUR_NANO ? 0n : endNano - HOUR_NANO);
    if (startNano < endNano) return { startNano, endNano };
    throw new QueryProblem('bad-parameter', 'start must be before end.');
  }
}

function readTime(name: string, text: string, nowNano: bigint): bigint {
  const hint =
    'Unix time in nanoseconds (1795149538000000000), RFC 3339 (2026-11-20T04:00:00Z), or relative to now (-15m).';
  const bad = (message: string) => new QueryProblem('bad-parameter', message, { hint });
  const beyond = () => bad(`${name} lies beyond the year 2262.`);
  if (/^\d{1,19}$/.test(text)) {
    const nano = BigInt(text);
    if (nano > LAST_NANO) throw beyond();
    // Milliseconds of our time as nanoseconds are half an hour after midnight, 1 January 1970: nobody means that.
    if (nano > 0n && nano < 10n ** 15n)
      throw bad(`${name} must be in nanoseconds; this looks like seconds or milliseconds.`);
    return nano;
  }
  if (text === 'now') return nowNano;
  if (text.startsWith('-')) {
    const ago = /^-\d{1,9}d$/.test(text) ? BigInt(text.slice(1, -1)) * DAY_NANO : parseDuration(text.slice(1));
    if (ago === undefined) throw bad(`${name} is not a time.`);
    const nano = nowNano - BigInt(ago);
    return nano < 0n ? 0n : nano;
  }
  const date = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(text);
  const seconds = date === null ? Number.NaN : Date.parse(`${date[1]}${date[3]}`);
  if (!(seconds >= 0)) throw bad(`${name} is not a time.`);
  const nano = BigInt(seconds) * 1_000_000n + BigInt((date?.[2] ?? '').padEnd(9, '0'));
  if (nano > LAST_NANO) throw beyond();
  return nano;
}
