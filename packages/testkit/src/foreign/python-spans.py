"""Records spans with OpenTelemetry's Python SDK, sends them over OTLP and prints what was recorded as JSON lines.

usage: python-spans.py http|grpc ENDPOINT COUNT
"""
import json
import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

protocol, endpoint, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if protocol == "http":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import Compression, OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=endpoint + "/v1/traces", compression=Compression.Gzip)
else:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)

provider = TracerProvider(resource=Resource.create({"service.name": "python-" + protocol, "deployment.environment.name": "test"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("python-spans", "1.2.3", schema_url="https://opentelemetry.io/schemas/1.36.0")

recorded = []
for number in range(count):
    with tracer.start_as_current_span("parent %d" % number, kind=SpanKind.SERVER) as parent:
        parent.set_attribute("text", "größer 🌍 %d" % number)
        parent.set_attribute("number", 9007199254740993 + number)
        parent.set_attribute("share", 0.5)
        parent.set_attribute("yes", True)
        parent.set_attribute("list", ["a", "b"])
        link = Link(parent.get_span_context(), {"why": "test"})
        with tracer.start_as_current_span("child", kind=SpanKind.CLIENT, links=[link]) as child:
            child.add_event("tick", {"n": number})
            if number % 10 == 0:
                child.set_status(Status(StatusCode.ERROR, "every tenth"))
        for span in (parent, child):
            context = span.get_span_context()
            recorded.append((span, format(context.trace_id, "032x"), format(context.span_id, "016x")))

delivered = provider.force_flush()
provider.shutdown()
for span, trace_id, span_id in recorded:
    print(json.dumps({
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": format(span.parent.span_id, "016x") if span.parent else "",
        "name": span.name,
        "startUnixNano": str(span.start_time),
        "durationNano": span.end_time - span.start_time,
        "status": span.status.status_code.name.lower(),
    }))
sys.exit(0 if delivered else 1)
