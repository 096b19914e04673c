import type { SpanKindName } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { kindName, storedKinds } from './stored-names.js';
import { type TimeRange, withinRange } from './time-range.js';

const MOST_NAMES = 10_000;

/** Names of all services seen in the range, in alphabetical order: the first column of the primary key alone. */
export async function serviceNames(reader: Reader, range: TimeRange): Promise<string[]> {
  const bindings = createBindings();
  const rows = await reader.rows<{ readonly name: string }>(
    `SELECT DISTINCT ServiceName AS name FROM otel_traces WHERE ${withinRange(range, bindings)} ORDER BY name LIMIT ${MOST_NAMES}`,
    bindings,
  );
  return rows.map((row) => row.name);
}

export interface OperationName {
  readonly name: string;
  readonly kind: SpanKindName;
}

/** Span names of a service with their kinds, in alphabetical order. */
export async function operationNames(
  reader: Reader,
  question: { readonly service: string; readonly kind?: SpanKindName | undefined; readonly range: TimeRange },
): Promise<OperationName[]> {
  const bindings = createBindings();
  const ofKind =
    question.kind === undefined ? '' : `AND SpanKind IN ${bindings.bind('Array(String)', storedKinds(question.kind))}`;
  const rows = await reader.rows<{ readonly name: string; readonly kind: string }>(
    `SELECT DISTINCT SpanName AS name, SpanKind AS kind FROM otel_traces
     WHERE ServiceName = ${bindings.bind('String', question.service)} AND ${withinRange(question.range, bindings)} ${ofKind}
     ORDER BY name, kind LIMIT ${MOST_NAMES}`,
    bindings,
  );
  return rows.map((row) => ({ name: row.name, kind: kindName(row.kind) }));
}
