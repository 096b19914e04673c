import type { QueryParameter } from './store.js';

/**
 * Replaces every `{name:Type}` of `sql` by a literal of that type, outside of strings, quoted names and comments.
 *
 * The engine can bind parameters itself, but the embedded one does so for one statement at a time in the whole process, and a server wants them
 * in the address, which has a length limit that a list of trace ids passes. A literal of a checked form says the same in both.
 *
 * Throws `TypeError` when a parameter is missing or its value does not fit its type.
 */
export function bindParameters(sql: string, params: Readonly<Record<string, QueryParameter>> | undefined): string {
  let result = '';
  let position = 0;
  let start = 0;
  while (position < sql.length) {
    const character = sql[position];
    if (character === "'" || character === '`' || character === '"') {
      position = endOfQuoted(sql, position);
    } else if (character === '-' && sql[position + 1] === '-') {
      const end = sql.indexOf('\n', position);
      position = end < 0 ? sql.length : end;
    } else if (character === '/' && sql[position + 1] === '*') {
      const end = sql.indexOf('*/', position + 2);
      position = end < 0 ? sql.length : end + 2;
    } else if (character === '{') {
      const end = sql.indexOf('}', position);
      const found = end < 0 ? null : /^\{\s*(\w+)\s*:\s*(\w[\w(), ]*?)\s*\}$/.exec(sql.slice(position, end + 1));
      if (found === null) {
        position++;
        continue;
      }
      const [, name = '', type = ''] = found;
      const value = params?.[name];
      if (value === undefined) throw new TypeError(`parameter ${name} has no value`);
      result += sql.slice(start, position) + literal(name, type, value);
      position = end + 1;
      start = position;
    } else {
      position++;
    }
  }
  return result + sql.slice(start);
}

function endOfQuoted(sql: string, open: number): number {
  const quote = sql[open];
  let position = open + 1;
  while (position < sql.length && sql[position] !== quote) position += sql[position] === '\\' ? 2 : 1;
  return position + 1;
}

function literal(name: string, type: string, value: QueryParameter | string | number | boolean): string {
  const array = /^Array\((.*)\)$/.exec(type);
  if (array !== null) {
    if (!Array.isArray(value)) throw new TypeError(`parameter ${name} must be an array`);
    const inner = array[1] ?? 'String';
    // The cast gives an empty list its type.
    return `CAST([${value.map((item: string | number) => literal(name, inner, item)).join(',')}], 'Array(${inner})')`;
  }
  if (typeof value === 'object') throw new TypeError(`parameter ${name} must be one value of type ${type}`);
  if (type === 'String') return quoted(String(value));
  if (type === 'Identifier') return `\`${String(value).replace(/[\\`]/g, '\\$&')}\``;
  if (type === 'Bool') {
    if (typeof value !== 'boolean') throw new TypeError(`parameter ${name} must be a boolean`);
    return value ? 'true' : 'false';
  }
  if (/^U?Int\d+$/.test(type)) {
    const text = typeof value === 'boolean' ? String(Number(value)) : String(value);
    if (!/^-?\d{1,78}$/.test(text)) throw new TypeError(`parameter ${name} must be an integer`);
    return text;
  }
  if (/^Float(32|64)$/.test(type)) {
    const number = Number(value);
    if (!Number.isFinite(number)) throw new TypeError(`parameter ${name} must be a finite number`);
    return String(number);
  }
  return `CAST(${quoted(String(value))}, ${quoted(type)})`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
