import { EndsColumn, Float64Column, LowCardinalityColumn, StringColumn, Uint64Column } from '../columns.js';
import { MapColumn } from '../map-column.js';
import { fixed, map, type Part, string, types } from '../native-block.js';
import { valueTypes } from '../value-types.js';

/** The exemplars of points, in four of the five metric tables. */
export class ExemplarColumns {
  readonly ends = new EndsColumn();
  readonly attributes = new MapColumn();
  readonly attributeTypes = new LowCardinalityColumn();
  readonly time = new Uint64Column();
  readonly value = new Float64Column();
  readonly valueType = new LowCardinalityColumn();
  readonly intValue = new Uint64Column();
  readonly spanId = new StringColumn();
  readonly traceId = new StringColumn();

  parts(): Readonly<Record<string, Part>> {
    return {
      'Exemplars.FilteredAttributes': map(this.attributes),
      'Exemplars.TimeUnix': fixed(this.time),
      'Exemplars.Value': fixed(this.value),
      'Exemplars.SpanId': string(this.spanId),
      'Exemplars.TraceId': string(this.traceId),
      ExemplarAttributeTypes: types(this.attributeTypes),
      ExemplarValueTypes: valueTypes(this.valueType),
      ExemplarIntValues: fixed(this.intValue),
    };
  }
}
