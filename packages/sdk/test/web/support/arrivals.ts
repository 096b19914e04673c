import { gunzipSync } from 'node:zlib';
import { decodeSpans } from '../../../../testkit/src/decode-spans.js';
import { type FaultSignal, signalOfPath } from '../../../../testkit/src/faults/serials-on-the-wire.js';
import { decodeLogs, decodeMetrics } from '../../../../testkit/src/otlp-proto.js';
import type { OtlpSink } from './otlp-sink.js';

/**
 * What `read` finds in the requests that a sink has taken, by signal. A batch that comes again under its id is taken once, as Throughline's collector does it; with another
 * content it is another. Each request is read once, however often it is asked.
 */
export function arrivalsAt<T>(
  { requests }: Pick<OtlpSink, 'requests'>,
  read: (signal: FaultSignal, body: Uint8Array) => readonly T[],
): (signal: FaultSignal) => readonly T[] {
  const found: Record<FaultSignal, T[]> = { traces: [], logs: [], metrics: [] };
  const known = new Set<string>();
  let next = 0;
  return (signal) => {
    for (; next < requests.length; next++) {
      const { method, url, headers, bytes } = requests[next]!;
      if (method !== 'POST') continue;
      const batch = `${new URL(url, 'http://collector').searchParams.get('tl-batch') ?? next} ${bytes.toString('latin1')}`;
      if (known.has(batch)) continue;
      known.add(batch);
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      found[signalOfPath(url)].push(...read(signalOfPath(url), body));
    }
    return found[signal];
  };
}

/** The names of spans, the bodies of log records, and what the attribute `name` says of points of sums. */
export function namesOnTheWire(signal: FaultSignal, body: Uint8Array): string[] {
  if (signal === 'traces') return decodeSpans(Buffer.from(body)).map(({ name }) => name);
  if (signal === 'logs')
    return decodeLogs(body).resourceLogs.flatMap(({ scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords.map((record) => record.body?.stringValue ?? '')),
    );
  return decodeMetrics(body).resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ sum }) =>
        (sum?.dataPoints ?? []).map(
          ({ attributes }) => attributes.find(({ key }) => key === 'name')?.value?.stringValue ?? '',
        ),
      ),
    ),
  );
}
