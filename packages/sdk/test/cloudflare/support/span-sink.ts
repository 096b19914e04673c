import { type OtlpSink, otlpSink } from '../../../../testkit/src/otlp-sink.js';
import { decodeTraces, type SeenSpan } from '../../web/support/decode-traces.js';

export interface SpanSink extends OtlpSink {
  spans(): SeenSpan[];
  /** Resolves with all spans as soon as `enough` of them have arrived. The test's own time-out is the limit. */
  until(enough: (spans: readonly SeenSpan[]) => boolean): Promise<SeenSpan[]>;
  /** The spans of the trace of the first span of that name, when `count` of that trace have arrived. */
  trace(name: string, count: number): Promise<SeenSpan[]>;
}

/** A receiver that speaks real OTLP/HTTP and tells what arrived. */
export async function spanSink(port = 0): Promise<SpanSink> {
  const sink = await otlpSink({ protocol: 'http1', port });
  const spans = () =>
    sink.received.flatMap(({ body, headers }) =>
      decodeTraces(Buffer.from(body), { 'content-type': String(headers['content-type']) }),
    );
  const until: SpanSink['until'] = async (enough) => {
    for (;;) {
      const seen = spans();
      if (enough(seen)) return seen;
      await sink.arrived(sink.received.length + 1);
    }
  };
  const traceOf = (seen: readonly SeenSpan[], name: string) => {
    const found = seen.find((span) => span.name === name);
    return seen.filter((span) => span.traceId === found?.traceId);
  };
  // Its `connections` is a getter: a copy would keep the first value.
  return Object.assign(Object.create(sink) as OtlpSink, {
    spans,
    until,
    trace: async (name: string, count: number) =>
      traceOf(await until((seen) => traceOf(seen, name).length >= count), name),
  });
}
