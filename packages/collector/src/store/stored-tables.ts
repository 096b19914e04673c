import { LOG_COLUMNS } from './log-columns.js';
import {
  EXPONENTIAL_HISTOGRAM_COLUMNS,
  GAUGE_COLUMNS,
  HISTOGRAM_COLUMNS,
  SUM_COLUMNS,
  SUMMARY_COLUMNS,
} from './metric-columns.js';
import type { TableColumn } from './table-columns.js';
import { TRACE_COLUMNS } from './trace-columns.js';

/** The tables that prepared inserts go to, each with the columns of its blocks. */
const STORED_TABLES = {
  otel_traces: TRACE_COLUMNS,
  otel_logs: LOG_COLUMNS,
  otel_metrics_gauge: GAUGE_COLUMNS,
  otel_metrics_sum: SUM_COLUMNS,
  otel_metrics_histogram: HISTOGRAM_COLUMNS,
  otel_metrics_exp_histogram: EXPONENTIAL_HISTOGRAM_COLUMNS,
  otel_metrics_summary: SUMMARY_COLUMNS,
} as const satisfies Readonly<Record<string, readonly TableColumn[]>>;

export type TableName = keyof typeof STORED_TABLES;

/** In an order that stays: what is known of a table may be kept by its place here. */
export const TABLE_NAMES = Object.keys(STORED_TABLES) as readonly TableName[];

export function isTableName(name: string): name is TableName {
  return Object.hasOwn(STORED_TABLES, name);
}

/** Structure for `file(…, 'Native', structure)`. */
export function structureOf(table: TableName): string {
  return STORED_TABLES[table].map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
}

/** The column list of an INSERT. */
export function columnNamesOf(table: TableName): string {
  return STORED_TABLES[table].map(({ name }) => `\`${name}\``).join(', ');
}
