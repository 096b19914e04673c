// OpenTelemetry JS 3.x as its readme sets it up: traces, batches, OTLP/protobuf, context and W3C propagation, nothing observed.
import { context, propagation, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from 'otel3-core';
import { OTLPTraceExporter } from 'otel3-exporter-trace-otlp-proto';
import { resourceFromAttributes } from 'otel3-resources';
import { BatchSpanProcessor, StackContextManager, TracerProvider } from 'otel3-sdk-trace';

const exporter = new OTLPTraceExporter({ url: 'https://collector.example/v1/traces' });
const provider = new TracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'shop-page' }),
  spanProcessors: [new BatchSpanProcessor({ exporter })],
});
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new StackContextManager());
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
);

provider
  .getTracer('shop-page')
  .startSpan('cart.add', { attributes: { 'cart.items': 3 } })
  .end();
