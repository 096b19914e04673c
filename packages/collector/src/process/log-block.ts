import { LOG_COLUMNS } from '../store/log-columns.js';
import { LowCardinalityColumn, StringColumn, Uint8Column, Uint32Column, Uint64Column } from './columns.js';
import { EnvelopeColumns } from './envelope-columns.js';
import { MapColumn } from './map-column.js';
import { fixed, low, map, NativeBlock, string, types } from './native-block.js';
import { valueTypes } from './value-types.js';

/** Log records as rows of `otel_logs`. */
export class LogBlock extends NativeBlock {
  readonly envelope = new EnvelopeColumns();
  readonly timestamp = new Uint64Column();
  readonly observedTimestamp = new Uint64Column();
  readonly traceId = new StringColumn();
  readonly spanId = new StringColumn();
  readonly traceFlags = new Uint8Column();
  readonly logFlags = new Uint32Column();
  readonly severityText = new LowCardinalityColumn();
  readonly severityNumber = new Uint8Column();
  readonly body = new StringColumn();
  readonly bodyType = new LowCardinalityColumn();
  readonly eventName = new LowCardinalityColumn();
  readonly attributes = new MapColumn();
  readonly attributeTypes = new LowCardinalityColumn();
  readonly droppedAttributes = new Uint32Column();

  constructor() {
    super();
    this.define(
      LOG_COLUMNS,
      {
        ...this.envelope.parts(),
        Timestamp: fixed(this.timestamp),
        ObservedTimestamp: fixed(this.observedTimestamp),
        TraceId: string(this.traceId),
        SpanId: string(this.spanId),
        TraceFlags: fixed(this.traceFlags),
        LogFlags: fixed(this.logFlags),
        SeverityText: low(this.severityText),
        SeverityNumber: fixed(this.severityNumber),
        Body: string(this.body),
        BodyType: valueTypes(this.bodyType),
        EventName: low(this.eventName),
        LogAttributes: map(this.attributes),
        LogAttributeTypes: types(this.attributeTypes),
        DroppedAttributes: fixed(this.droppedAttributes),
      },
      () => undefined,
    );
  }
}
