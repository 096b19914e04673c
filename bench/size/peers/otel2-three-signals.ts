// OpenTelemetry JS 2.x: traces, metrics and logs, OTLP/protobuf, nothing observed.
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';

const resource = resourceFromAttributes({ 'service.name': 'shop-page' });
const url = (signal: string) => `https://collector.example/v1/${signal}`;

const traces = new WebTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: url('traces') }))],
});
traces.register();
const metrics = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: url('metrics') }) })],
});
const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: url('logs') }) })],
});

traces
  .getTracer('shop-page')
  .startSpan('cart.add', { attributes: { 'cart.items': 3 } })
  .end();
metrics.getMeter('shop-page').createCounter('cart.additions').add(1, { 'cart.kind': 'guest' });
logs.getLogger('shop-page').emit({ severityNumber: 9, body: 'added', attributes: { 'cart.items': 3 } });
