import { LowCardinalityColumn, StringColumn, Uint32Column } from './columns.js';
import { MapColumn } from './map-column.js';
import { fixed, low, map, type Part, string, types } from './native-block.js';

/** The columns that every table has: who sent a row, from which scope. */
export class EnvelopeColumns {
  readonly serviceName = new LowCardinalityColumn();
  readonly resourceAttributes = new MapColumn();
  readonly resourceAttributeTypes = new LowCardinalityColumn();
  readonly resourceSchemaUrl = new LowCardinalityColumn();
  readonly resourceDroppedAttributes = new Uint32Column();
  readonly scopeName = new StringColumn();
  readonly scopeVersion = new StringColumn();
  readonly scopeAttributes = new MapColumn();
  readonly scopeAttributeTypes = new LowCardinalityColumn();
  readonly scopeSchemaUrl = new LowCardinalityColumn();
  readonly scopeDroppedAttributes = new Uint32Column();

  parts(): Readonly<Record<string, Part>> {
    const scopeDropped = fixed(this.scopeDroppedAttributes);
    return {
      ServiceName: low(this.serviceName),
      ResourceAttributes: map(this.resourceAttributes),
      ResourceAttributeTypes: types(this.resourceAttributeTypes),
      ResourceSchemaUrl: low(this.resourceSchemaUrl),
      ResourceDroppedAttributes: fixed(this.resourceDroppedAttributes),
      ScopeName: string(this.scopeName),
      ScopeVersion: string(this.scopeVersion),
      ScopeAttributes: map(this.scopeAttributes),
      ScopeAttributeTypes: types(this.scopeAttributeTypes),
      ScopeSchemaUrl: low(this.scopeSchemaUrl),
      ScopeDroppedAttributes: scopeDropped,
      // The exporter's own name for it, where its tables have it.
      ScopeDroppedAttrCount: scopeDropped,
    };
  }
}
