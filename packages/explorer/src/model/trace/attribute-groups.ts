import type { Attributes, AttributeValue } from '#shapes/api.js';
import { plainValue } from './match-span.js';

interface AttributeRow {
  readonly key: string;
  /** What of the key stands below the group's name. */
  readonly rest: string;
  readonly value: string;
  readonly kind: 'text' | 'number' | 'flag' | 'list' | 'bytes';
}
export interface AttributeGroup {
  readonly name: string;
  readonly rows: readonly AttributeRow[];
}

/** By the first part of the key (`http`, `db`, `shop`); a part with one key only goes with the others. Filtered by key and value. */
export function groupAttributes(attributes: Attributes, wanted = ''): readonly AttributeGroup[] {
  const word = wanted.trim().toLowerCase();
  const groups = new Map<string, AttributeRow[]>();
  for (const key of Object.keys(attributes).sort()) {
    const value = plainValue(attributes[key]!);
    if (word !== '' && !key.toLowerCase().includes(word) && !value.toLowerCase().includes(word)) continue;
    const dot = key.indexOf('.');
    const name = dot > 0 ? key.slice(0, dot) : '';
    const row = { key, rest: dot > 0 ? key.slice(dot + 1) : key, value, kind: kindOf(attributes[key]!) };
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  const several: AttributeGroup[] = [];
  const others: AttributeRow[] = [];
  for (const [name, rows] of groups) {
    if (name !== '' && rows.length > 1) several.push({ name, rows });
    else others.push(...rows.map((row) => ({ ...row, rest: row.key })));
  }
  return others.length > 0 ? [...several, { name: '', rows: others }] : several;
}

function kindOf(value: AttributeValue): AttributeRow['kind'] {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'flag';
  if (Array.isArray(value)) return 'list';
  if (value !== null && typeof value === 'object') {
    if ('$int' in value || '$double' in value) return 'number';
    return '$bytes' in value ? 'bytes' : 'list';
  }
  return 'text';
}
