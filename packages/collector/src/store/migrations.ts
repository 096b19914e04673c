import { KNOWN_SERIES } from './known-series.js';
import { LOG_TABLE } from './log-table.js';
import { LOG_WORDS } from './log-words.js';
import { METRIC_NAMES } from './metric-names.js';
import { METRIC_SERIES } from './metric-series-table.js';
import { METRIC_STEPS } from './metric-steps-table.js';
import { METRIC_TABLES } from './metric-tables.js';
import type { Migration } from './migration.js';
import { SPAN_METRICS } from './span-metrics-table.js';
import { TRACE_SUMMARIES } from './trace-summaries.js';
import { TRACE_TABLES, TRACE_TABLES_OF_THE_EXPORTER } from './trace-tables.js';

/** In the order of their numbers. */
export const MIGRATIONS: readonly Migration[] = [
  TRACE_TABLES,
  TRACE_TABLES_OF_THE_EXPORTER,
  LOG_TABLE,
  METRIC_TABLES,
  TRACE_SUMMARIES,
  LOG_WORDS,
  METRIC_SERIES,
  SPAN_METRICS,
  METRIC_NAMES,
  KNOWN_SERIES,
  METRIC_STEPS,
];
