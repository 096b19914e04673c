/* What views see of the shapes shared with the collector; only `model` and `client` name the other side's files. */
export type {
  Attributes,
  LogRecordDetail,
  MetricSummary,
  ResourceDetail,
  SpanDetail,
  Status,
  TraceSummary,
} from '#shapes/api.js';
export { FILTER_FIELDS, parseDuration } from '#shapes/filter.js';
