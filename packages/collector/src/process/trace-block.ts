import { TRACE_COLUMNS } from '../store/trace-columns.js';
import { EndsColumn, LowCardinalityColumn, StringColumn, Uint32Column, Uint64Column } from './columns.js';
import { EnvelopeColumns } from './envelope-columns.js';
import { MapColumn } from './map-column.js';
import { fixed, low, map, NativeBlock, string, types } from './native-block.js';

/** By the numbers that OTLP has for them. */
const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];

/** Spans as rows of `otel_traces`. */
export class TraceBlock extends NativeBlock {
  readonly envelope = new EnvelopeColumns();
  readonly timestamp = new Uint64Column();
  readonly traceId = new StringColumn();
  readonly spanId = new StringColumn();
  readonly parentSpanId = new StringColumn();
  readonly traceState = new StringColumn();
  readonly spanName = new LowCardinalityColumn();
  readonly spanKind = new LowCardinalityColumn();
  readonly spanAttributes = new MapColumn();
  readonly spanAttributeTypes = new LowCardinalityColumn();
  readonly duration = new Uint64Column();
  readonly statusCode = new LowCardinalityColumn();
  readonly statusMessage = new StringColumn();
  readonly spanFlags = new Uint32Column();
  readonly droppedAttributes = new Uint32Column();
  readonly droppedEvents = new Uint32Column();
  readonly droppedLinks = new Uint32Column();
  /** Events and links per row as running ends, shared by all of their columns. */
  readonly eventEnds = new EndsColumn();
  readonly eventTimestamp = new Uint64Column();
  readonly eventName = new LowCardinalityColumn();
  readonly eventAttributes = new MapColumn();
  readonly eventAttributeTypes = new LowCardinalityColumn();
  readonly eventDroppedAttributes = new Uint32Column();
  readonly linkEnds = new EndsColumn();
  readonly linkTraceId = new StringColumn();
  readonly linkSpanId = new StringColumn();
  readonly linkTraceState = new StringColumn();
  readonly linkAttributes = new MapColumn();
  readonly linkAttributeTypes = new LowCardinalityColumn();
  readonly linkFlags = new Uint32Column();
  readonly linkDroppedAttributes = new Uint32Column();

  constructor() {
    super();
    this.define(
      TRACE_COLUMNS,
      {
        ...this.envelope.parts(),
        Timestamp: fixed(this.timestamp),
        TraceId: string(this.traceId),
        SpanId: string(this.spanId),
        ParentSpanId: string(this.parentSpanId),
        TraceState: string(this.traceState),
        SpanName: low(this.spanName),
        SpanKind: low(this.spanKind, KINDS),
        SpanAttributes: map(this.spanAttributes),
        Duration: fixed(this.duration),
        StatusCode: low(this.statusCode, STATUSES),
        StatusMessage: string(this.statusMessage),
        'Events.Timestamp': fixed(this.eventTimestamp),
        'Events.Name': low(this.eventName),
        'Events.Attributes': map(this.eventAttributes),
        'Links.TraceId': string(this.linkTraceId),
        'Links.SpanId': string(this.linkSpanId),
        'Links.TraceState': string(this.linkTraceState),
        'Links.Attributes': map(this.linkAttributes),
        SpanAttributeTypes: types(this.spanAttributeTypes),
        EventAttributeTypes: types(this.eventAttributeTypes),
        LinkAttributeTypes: types(this.linkAttributeTypes),
        SpanFlags: fixed(this.spanFlags),
        LinkFlags: fixed(this.linkFlags),
        DroppedAttributes: fixed(this.droppedAttributes),
        DroppedEvents: fixed(this.droppedEvents),
        DroppedLinks: fixed(this.droppedLinks),
        EventDroppedAttributes: fixed(this.eventDroppedAttributes),
        LinkDroppedAttributes: fixed(this.linkDroppedAttributes),
      },
      (name) => (name.startsWith('Event') ? this.eventEnds : this.linkEnds),
    );
  }
}
