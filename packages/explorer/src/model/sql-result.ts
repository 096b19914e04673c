import type { SqlAnswer } from '#shapes/api.js';

type Table = Pick<SqlAnswer, 'columns' | 'rows'>;

/** A value as a cell shows it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** RFC 4180, with the names of the columns first. */
export function toCsv({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
  return [line(columns.map(({ name }) => name)), ...rows.map((row) => line(row.map(cellText)))].join('\r\n');
}

/** A list of objects. */
export function toJson({ columns, rows }: Table): string {
  return JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]))),
    null,
    2,
  );
}

const bare = (type: string): string =>
  type.replace(/^(?:LowCardinality|Nullable)\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');

export const isNumeric = (type: string): boolean => /^(?:U?Int|Float|BFloat|Decimal)\d*/.test(bare(type));
const isTime = (type: string): boolean => /^Date/.test(bare(type));

/** What can be drawn of a result: along the first column of times or, without one, along the rows, each column of numbers a line. */
export interface SqlChart {
  /** Of times milliseconds, else the place in the result. */
  readonly along: readonly number[];
  readonly isTime: boolean;
  /** What stands below each place where it is no time. */
  readonly names: readonly string[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

const MOST_LINES = 12;

/**
 * `undefined`: there is nothing to draw. With a time, one column of words and one of numbers, each word has a line of its own (the first twelve by their largest value).
 */
export function chartOf({ columns, rows }: Table): SqlChart | undefined {
  const time = columns.findIndex(({ type }) => isTime(type));
  const numbers = columns.flatMap(({ type }, index) => (isNumeric(type) ? [index] : []));
  const words = columns.flatMap(({ type }, index) => (!isNumeric(type) && index !== time ? [index] : []));
  if (numbers.length === 0 || rows.length === 0) return undefined;
  const number = (value: unknown): number | null => (value === null || value === '' ? null : finite(Number(value)));
  if (time < 0) {
    return {
      along: rows.map((_, index) => index),
      isTime: false,
      names: rows.map((row, index) =>
        words.length === 0 ? String(index + 1) : words.map((word) => cellText(row[word])).join(' '),
      ),
      lines: numbers
        .slice(0, MOST_LINES)
        .map((index) => ({ name: columns[index]!.name, values: rows.map((row) => number(row[index])) })),
    };
  }
  const along = [...new Set(rows.map((row) => timeMs(row[time])))].filter(Number.isFinite).sort((a, b) => a - b);
  const place = new Map(along.map((ms, index) => [ms, index]));
  // Only those that are drawn get a place for each time: with a word for each row all of them together would be the square of the rows.
  const lines = new Map<string, { readonly points: [at: number, value: number | null][]; largest: number }>();
  for (const row of rows) {
    const at = place.get(timeMs(row[time]));
    if (at === undefined) continue;
    const prefix = words.map((word) => cellText(row[word])).join(' ');
    for (const index of numbers) {
      const name = [prefix, numbers.length > 1 || prefix === '' ? columns[index]!.name : ''].filter(Boolean).join(' ');
      const line = lines.get(name) ?? { points: [], largest: 0 };
      lines.set(name, line);
      const value = number(row[index]);
      line.points.push([at, value]);
      line.largest = Math.max(line.largest, value ?? 0);
    }
  }
  const shown = [...lines]
    .sort(([, a], [, b]) => b.largest - a.largest)
    .slice(0, MOST_LINES)
    .map(([name, { points }]) => {
      const values = new Array<number | null>(along.length).fill(null);
      for (const [at, value] of points) values[at] = value;
      return { name, values };
    });
  return { along, isTime: true, names: [], lines: shown };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** ClickHouse writes times without their zone; the collector's are UTC. */
function timeMs(value: unknown): number {
  const text = String(value)
    .replace(' ', 'T')
    .replace(/(\.\d{3})\d+$/, '$1');
  return Date.parse(text.includes('T') ? `${text}Z` : text);
}
