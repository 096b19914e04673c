// OpenTelemetry JS 2.x: the same with fetch, XHR, page load, clicks and errors observed.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { DocumentLoadInstrumentation } from '@opentelemetry/instrumentation-document-load';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { UserInteractionInstrumentation } from '@opentelemetry/instrumentation-user-interaction';
import { XMLHttpRequestInstrumentation } from '@opentelemetry/instrumentation-xml-http-request';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';

const provider = new WebTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'shop-page' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: 'https://collector.example/v1/traces' }))],
});
provider.register();
registerInstrumentations({
  instrumentations: [
    new DocumentLoadInstrumentation(),
    new FetchInstrumentation({ propagateTraceHeaderCorsUrls: ['https://api.example'] }),
    new XMLHttpRequestInstrumentation({ propagateTraceHeaderCorsUrls: ['https://api.example'] }),
    new UserInteractionInstrumentation(),
  ],
});
// There is no instrumentation of uncaught errors that makes spans; this is what its users write.
addEventListener('error', (event) => {
  const span = trace.getTracer('errors').startSpan('error');
  span.recordException(event.error);
  span.setStatus({ code: 2 });
  span.end();
});

provider
  .getTracer('shop-page')
  .startSpan('cart.add', { attributes: { 'cart.items': 3 } })
  .end();
