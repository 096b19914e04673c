/* What views see of the shapes shared with the collector; only `model` and `client` name the other side's files. */
export type {
  Attributes,
  LogPatternsAnswer,
  MetricSummary,
  RedAnswer,
  ServiceError,
  SpanDetail,
  SqlAnswer,
  SqlProgressAnswer,
  Status,
  TraceSummary,
} from '#shapes/api.js';
export { FILTER_FIELDS, parseDuration } from '#shapes/filter.js';
export { parseLogFilter } from '#shapes/log-filter.js';
export { patternClause } from '#shapes/log-pattern.js';
