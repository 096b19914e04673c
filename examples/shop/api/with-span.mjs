import { SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('shop-api');

/** Runs `run` in a span of this name; what it throws is recorded and thrown on. */
export function withSpan(name, attributes, run) {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await run(span);
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}
