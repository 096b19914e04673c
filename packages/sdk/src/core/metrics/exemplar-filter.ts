/**
 * Which measurements may become exemplars (`OTEL_METRICS_EXEMPLAR_FILTER`). `trace_based`, the default: those within a sampled span. `always_off` costs
 * nothing.
 */
export type ExemplarFilter = 'trace_based' | 'always_on' | 'always_off';
