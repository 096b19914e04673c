import type { AttributeKeysAnswer, AttributeValuesAnswer } from '../shapes/api.js';
import { FILTER_FIELDS } from '../shapes/filter.js';
import { type Bindings, createBindings } from './bindings.js';
import { everyBlock } from './every-block.js';
import type { Reader } from './reader.js';
import { kindName, statusName } from './stored-names.js';
import { type TimeRange, withinRange } from './time-range.js';

export interface AttributeQuestion {
  readonly range: TimeRange;
  readonly service?: string | undefined;
  /** Only what begins with this; case matters. */
  readonly prefix?: string | undefined;
  readonly limit: number;
}

export type AttributeScope = 'span' | 'resource' | 'field';

/** Spans looked at for completion; a larger range is sampled by blocks of rows, evenly over services and time. */
const MOST_LOOKED_AT = 1_000_000;

/** Attribute keys that are really there, commonest first, after the filter language's own fields. */
export async function attributeKeys(reader: Reader, question: AttributeQuestion): Promise<AttributeKeysAnswer> {
  const { total, every } = await sampleOf(reader, question);
  const keysOf = async (scope: 'span' | 'resource') => {
    const bindings = createBindings();
    const where = whereSample(question, every, bindings);
    const prefix = question.prefix ? `WHERE startsWith(key, ${bindings.bind('String', question.prefix)})` : '';
    const map = scope === 'span' ? 'SpanAttributes' : 'ResourceAttributes';
    const rows = await reader.rows<{ readonly key: string; readonly count: string }>(
      `SELECT key, count() AS count FROM (SELECT arrayJoin(mapKeys(${map})) AS key FROM otel_traces ${where})
       ${prefix} GROUP BY key ORDER BY count DESC, key LIMIT ${question.limit}`,
      bindings,
    );
    return rows.map((row) => ({ key: row.key, scope, count: Number(row.count) * every }));
  };
  const [span, resource] = await Promise.all([keysOf('span'), keysOf('resource')]);
  const fields = FILTER_FIELDS.filter((field) => field.startsWith(question.prefix ?? '')).map((key) => ({
    key,
    scope: 'field' as const,
    count: total,
  }));
  const attributes = [...span, ...resource].sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  return { keys: [...fields, ...attributes].slice(0, question.limit), stats: reader.stats() };
}

const COLUMN_OF_FIELD: Readonly<Record<string, string>> = {
  service: 'ServiceName',
  name: 'SpanName',
  kind: 'SpanKind',
  status: 'StatusCode',
  scope: 'ScopeName',
};

/**
 * The commonest values of a key, with counts. A key that is called like a field (`service`, `name` …) means the field unless `scope`
 * says otherwise; without `scope` an attribute is looked for on the span and, where that has none, on the resource.
 */
export async function attributeValues(
  reader: Reader,
  question: AttributeQuestion & { readonly key: string; readonly scope?: AttributeScope | undefined },
): Promise<AttributeValuesAnswer> {
  const isField =
    question.scope === 'field' ||
    (question.scope === undefined && (FILTER_FIELDS as readonly string[]).includes(question.key));
  const column = isField ? COLUMN_OF_FIELD[question.key] : undefined;
  // Ids and durations are never the same twice: there is nothing to complete.
  if (isField && column === undefined) return { values: [], stats: reader.stats() };
  const { every } = await sampleOf(reader, question);
  const bindings = createBindings();
  const { value, present } =
    column === undefined
      ? attributeSql(bindings.bind('String', question.key), question.scope)
      : { value: column, present: '1' };
  const where = whereSample(question, every, bindings);
  const rename = question.key === 'kind' ? kindName : question.key === 'status' ? statusName : undefined;
  const prefix =
    question.prefix && rename === undefined ? `AND startsWith(value, ${bindings.bind('String', question.prefix)})` : '';
  const rows = await reader.rows<{ readonly value: string; readonly count: string }>(
    `SELECT ${value} AS value, count() AS count FROM otel_traces ${where} AND (${present}) ${prefix}
     GROUP BY value ORDER BY count DESC, value LIMIT ${question.limit}`,
    bindings,
  );
  const values = rows.map((row) => ({
    value: isField && rename !== undefined ? rename(row.value) : row.value,
    count: Number(row.count) * every,
  }));
  const wanted = rename === undefined ? values : values.filter((row) => row.value.startsWith(question.prefix ?? ''));
  return { values: wanted, stats: reader.stats() };
}

function attributeSql(
  key: string,
  scope: AttributeScope | undefined,
): { readonly value: string; readonly present: string } {
  const on = (map: string) => ({ value: `${map}[${key}]`, present: `mapContains(${map}, ${key})` });
  const span = on('SpanAttributes');
  const resource = on('ResourceAttributes');
  if (scope === 'span') return span;
  if (scope === 'resource') return resource;
  return {
    value: `if(${span.present}, ${span.value}, ${resource.value})`,
    present: `${span.present} OR ${resource.present}`,
  };
}

/** Every how many-th block has to be looked at, so that at most `MOST_LOOKED_AT` spans are. */
async function sampleOf(
  reader: Reader,
  question: AttributeQuestion,
): Promise<{ readonly total: number; readonly every: number }> {
  const bindings = createBindings();
  const [row] = await reader.rows<{ readonly total: string }>(
    `SELECT count() AS total FROM otel_traces ${whereSample(question, 1, bindings)}`,
    bindings,
  );
  const total = Number(row?.total ?? 0);
  return { total, every: Math.max(1, Math.ceil(total / MOST_LOOKED_AT)) };
}

function whereSample(question: AttributeQuestion, every: number, bindings: Bindings): string {
  const conditions = [withinRange(question.range, bindings)];
  if (question.service) conditions.push(`ServiceName = ${bindings.bind('String', question.service)}`);
  return `${everyBlock(every)} WHERE ${conditions.join(' AND ')}`;
}
