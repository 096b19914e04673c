import type { FetchTransportOptions } from './fetch.js';
import { exportRequestToZipkin } from './zipkin-spans.js';

/** What makes a way out over HTTP one to Zipkin. */
export const zipkinHttp = (
  url = 'http://localhost:9411/api/v2/spans',
): Required<Pick<FetchTransportOptions, 'url' | 'toJson' | 'sendBatchId'>> => ({
  url: { traces: url },
  toJson: (_signal, bytes) => exportRequestToZipkin(bytes),
  sendBatchId: false,
});
