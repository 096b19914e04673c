import { type DecodedKeyValue, decodeLogs, decodeMetrics, decodeTraces } from '../otlp-proto.js';
import { SERIAL } from './serials.js';

export type FaultSignal = 'traces' | 'metrics' | 'logs';

/** What a case is run with, beside spans. */
export const furtherSignals: readonly FaultSignal[] = ['logs', 'metrics'];
export const everySignal: readonly FaultSignal[] = ['traces', ...furtherSignals];

const serialOf = (attributes: readonly DecodedKeyValue[] | undefined): number[] => {
  const value = attributes?.find(({ key }) => key === SERIAL)?.value?.intValue;
  return value === undefined ? [] : [Number(value)];
};

/** The serials in an export request, of its spans, its log records, or its points of any kind. */
export function serialsOnTheWire(signal: FaultSignal, body: Uint8Array): number[] {
  if (signal === 'logs')
    return decodeLogs(body).resourceLogs.flatMap(({ scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords.flatMap(({ attributes }) => serialOf(attributes))),
    );
  if (signal === 'metrics')
    return decodeMetrics(body).resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ gauge, sum, histogram, exponentialHistogram, summary }) =>
          [gauge, sum, histogram, exponentialHistogram, summary].flatMap((data) =>
            (data?.dataPoints ?? []).flatMap(({ attributes }) => serialOf(attributes)),
          ),
        ),
      ),
    );
  return decodeTraces(body).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.flatMap(({ attributes }) => serialOf(attributes))),
  );
}

/** Of which signal a request to this path is. */
export const signalOfPath = (path: string): FaultSignal =>
  path.startsWith('/v1/logs') ? 'logs' : path.startsWith('/v1/metrics') ? 'metrics' : 'traces';
