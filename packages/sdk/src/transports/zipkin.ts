import type { Transport } from '../core/ports.js';
import { type FetchTransportOptions, fetchTransport } from './fetch.js';
import { zipkinHttp } from './zipkin-http.js';

export interface ZipkinTransportOptions extends Pick<FetchTransportOptions, 'headers' | 'compressor' | 'fetch'> {
  /** Where Zipkin takes spans. Default `http://localhost:9411/api/v2/spans`. */
  readonly url?: string | undefined;
}

/**
 * Spans to Zipkin, as JSON of its v2 API. Batches, retries and bounds are those of any destination; metrics and logs do not go this way. Zipkin knows
 * nothing of batch ids, so a batch whose answer was lost arrives twice, and Zipkin shows its spans once.
 */
export const zipkinTransport = ({ url, ...options }: ZipkinTransportOptions = {}): Transport => ({
  ...fetchTransport({ ...options, ...zipkinHttp(url) }),
  signals: ['traces'],
});
