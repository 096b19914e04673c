export type { TranslationStrategy } from './prometheus-names.js';
export { type PrometheusReader, type PrometheusReaderOptions, prometheusReader } from './prometheus-reader.js';
