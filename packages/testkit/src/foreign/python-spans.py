"""Records spans with OpenTelemetry's Python SDK, sends them over OTLP and prints each one, as recorded, as a line of JSON.

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

resource = Resource.create({"service.name": "python-" + protocol, "deployment.environment.name": "test", "cores": 8})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("python-spans", "1.2.3", schema_url="https://opentelemetry.io/schemas/1.36.0")

recorded = []
for number in range(count):
    with tracer.start_as_current_span("parent %d" % number, kind=SpanKind.SERVER) as parent:
        parent.set_attribute("text", "größer 🌍 %d" % number)
        parent.set_attribute("number", 9007199254740993 + number)
        parent.set_attribute("least", -(2**63))
        parent.set_attribute("share", 0.1 + number)
        parent.set_attribute("yes", True)
        parent.set_attribute("list", ["a", "b"])
        parent.set_attribute("numbers", [1, 2**62])
        parent.set_attribute("empty", "")
        link = Link(parent.get_span_context(), {"why": "test"})
        with tracer.start_as_current_span("child", kind=SpanKind.CLIENT, links=[link]) as child:
            child.add_event("tick", {"n": number})
            child.add_event("tock")
            if number % 10 == 0:
                child.set_status(Status(StatusCode.ERROR, "every tenth"))
        if number % 10 == 1:
            parent.set_status(Status(StatusCode.OK))
        with tracer.start_as_current_span("", kind=SpanKind.PRODUCER) as nameless:
            pass
        recorded += [parent, child, nameless]

delivered = provider.force_flush()
provider.shutdown()


def value(given):
    """A value as the collector's API writes it: integers that no double holds stand as text."""
    if isinstance(given, (list, tuple)):
        return [value(each) for each in given]
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) > 2**53:
        return {"$int": str(given)}
    return given


def values(attributes):
    return {key: value(given) for key, given in (attributes or {}).items()}


for span in recorded:
    scope = span.instrumentation_scope
    print(json.dumps({
        "traceId": format(span.context.trace_id, "032x"),
        "spanId": format(span.context.span_id, "016x"),
        "parentSpanId": format(span.parent.span_id, "016x") if span.parent else "",
        "name": span.name,
        "kind": span.kind.name.lower(),
        "startUnixNano": str(span.start_time),
        "durationNano": span.end_time - span.start_time,
        "status": span.status.status_code.name.lower(),
        "statusMessage": span.status.description or "",
        "traceState": "",
        "attributes": values(span.attributes),
        "events": [
            {"timeUnixNano": str(event.timestamp), "name": event.name, "attributes": values(event.attributes)}
            for event in span.events
        ],
        "links": [
            {
                "traceId": format(link.context.trace_id, "032x"),
                "spanId": format(link.context.span_id, "016x"),
                "traceState": "",
                "attributes": values(link.attributes),
            }
            for link in span.links
        ],
        "resource": values(resource.attributes),
        "scope": {"name": scope.name, "version": scope.version, "schemaUrl": scope.schema_url},
    }))
sys.exit(0 if delivered else 1)
