"""Logs and measures with OpenTelemetry's Python SDK, sends both over OTLP and prints what it sent, each as a line of JSON.

usage: python-signals.py http|grpc ENDPOINT
"""
import json
import logging
import sys

from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    Gauge,
    Histogram,
    PeriodicExportingMetricReader,
    Sum,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry._logs import SeverityNumber
from opentelemetry.metrics import Observation

protocol, endpoint = sys.argv[1], sys.argv[2]
if protocol == "http":
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    log_exporter = OTLPLogExporter(endpoint=endpoint + "/v1/logs", compression=Compression.Gzip)
    metric_exporter = OTLPMetricExporter(endpoint=endpoint + "/v1/metrics", compression=Compression.Gzip)
else:
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter

    log_exporter = OTLPLogExporter(endpoint=endpoint, insecure=True)
    metric_exporter = OTLPMetricExporter(endpoint=endpoint, insecure=True)

resource = Resource.create({"service.name": "python-signals-" + protocol, "cores": 8})

kept = InMemoryLogRecordExporter()
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(SimpleLogRecordProcessor(kept))
logs.add_log_record_processor(BatchLogRecordProcessor(log_exporter))
tracer = TracerProvider().get_tracer("python")
logger = logs.get_logger("python-signals", "1.2.3")
bodies = ["größer 🌍", "", 42, 2**60, -0.25, True, b"\x00\xff", ["a", 1, [2.5]], {"text": "t", "nested": {"list": [False]}}, None]
for number, body in enumerate(bodies):
    with tracer.start_as_current_span("work"):
        logger.emit(
            timestamp=1_700_000_000_000_000_001 + number,
            severity_number=SeverityNumber.WARN2,
            severity_text="warning",
            body=body,
            attributes={"number": number, "text": "x", "list": ["p", "q"], "share": 0.5},
            event_name="order.placed" if number == 0 else None,
        )
# As programs in Python do it.
standard = logging.getLogger("shop")
standard.addHandler(LoggingHandler(logger_provider=logs))
try:
    raise ValueError("no such order")
except ValueError:
    standard.exception("order %d failed", 7)

sent = []


class Kept:
    """Keeps what an exporter is handed."""

    def __init__(self, exporter):
        self.__dict__["exporter"] = exporter

    def __getattr__(self, name):
        return getattr(self.exporter, name)

    def __setattr__(self, name, value):
        setattr(self.exporter, name, value)

    def export(self, data, *rest, **more):
        sent.append(data)
        return self.exporter.export(data, *rest, **more)


reader = PeriodicExportingMetricReader(Kept(metric_exporter), export_interval_millis=3_600_000)
wide_view = View(instrument_name="wide", aggregation=ExponentialBucketHistogramAggregation(max_size=20))
metrics = MeterProvider(resource=resource, metric_readers=[reader], views=[wide_view], shutdown_on_exit=False)
meter = metrics.get_meter("python-signals", "1.2.3")
requests = meter.create_counter("requests", unit="{request}", description="größer")
requests.add(2, {"route": "/a", "ok": True})
requests.add(3, {"route": "/a", "ok": True})
requests.add(2**60, {"route": "/b", "ok": False})
meter.create_counter("seconds", unit="s").add(0.25)
meter.create_up_down_counter("open").add(-7)
meter.create_gauge("temperature", unit="Cel").set(-3.5, {"room": "attic"})
meter.create_observable_gauge("heap", [lambda _: [Observation(123, {"kind": "used"})]], unit="By")
latency = meter.create_histogram("latency", unit="ms", explicit_bucket_boundaries_advisory=[1, 10, 100])
for value in [0.5, 5, 5, 50, 5_000]:
    latency.record(value, {"route": "/a"})
wide = meter.create_histogram("wide")
for value in [0, 1, 2, 4, 1e6]:
    wide.record(value)
delivered = logs.force_flush() and metrics.force_flush()
logs.shutdown()
metrics.shutdown()


def value(given):
    """A value as the collector's API writes it: integers that no double holds stand as text."""
    if isinstance(given, (list, tuple)):
        return [value(each) for each in given]
    if hasattr(given, "items"):
        return {key: value(each) for key, each in given.items()}
    if isinstance(given, bytes):
        import base64

        return {"$bytes": base64.b64encode(given).decode()}
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) > 2**53:
        return {"$int": str(given)}
    return given


for each in kept.get_finished_logs():
    record = each.log_record
    print(json.dumps({"log": {
        "timeUnixNano": str(record.timestamp or record.observed_timestamp),
        "observedUnixNano": str(record.observed_timestamp),
        "severityNumber": record.severity_number.value,
        "severityText": record.severity_text,
        "body": value(record.body),
        **({"eventName": record.event_name} if record.event_name else {}),
        "traceId": format(record.trace_id, "032x") if record.trace_id else "",
        "spanId": format(record.span_id, "016x") if record.span_id else "",
        "attributes": value(record.attributes or {}),
        "scope": {"name": each.instrumentation_scope.name, "version": each.instrumentation_scope.version or ""},
        "resource": value(each.resource.attributes),
    }}))

kinds = {Sum: "sum", Gauge: "gauge", Histogram: "histogram", ExponentialHistogram: "exp_histogram"}
seen = set()
for data in sent:
    for resource_metrics in data.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                kind = kinds[type(metric.data)]
                for point in metric.data.data_points:
                    # The last collection, at shutdown, says the same again.
                    row = {
                        "name": metric.name,
                        "unit": metric.unit or "",
                        "description": metric.description or "",
                        "attributes": value(point.attributes or {}),
                        "time": str(point.time_unix_nano),
                    }
                    if kind in ("sum", "gauge"):
                        row["value"] = str(point.value)
                    else:
                        row.update(count=str(point.count), sum=point.sum, min=point.min, max=point.max)
                    if kind == "histogram":
                        row.update(buckets=[str(n) for n in point.bucket_counts], bounds=list(point.explicit_bounds))
                    if kind == "exp_histogram":
                        row.update(
                            scale=point.scale,
                            zeros=str(point.zero_count),
                            offset=point.positive.offset,
                            counts=[str(n) for n in point.positive.bucket_counts],
                        )
                    if kind != "gauge":
                        row["temporality"] = metric.data.aggregation_temporality.value
                    if kind == "sum":
                        row["monotonic"] = metric.data.is_monotonic
                    print(json.dumps({"metric": kind, "row": row}))
sys.exit(0 if delivered else 1)
