// OpenTelemetry JS 2.x: traces, batches, OTLP/protobuf, nothing observed.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';

const provider = new WebTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'shop-page' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: 'https://collector.example/v1/traces' }))],
});
provider.register();

provider
  .getTracer('shop-page')
  .startSpan('cart.add', { attributes: { 'cart.items': 3 } })
  .end();
