import { TRACE_COLUMNS } from '../store/trace-columns.js';
import { EndsColumn, LowCardinalityColumn, StringColumn, Uint32Column, Uint64Column, uint64s } from './columns.js';

/** A map column: how many entries each row has (as running ends), the keys, the values. */
export class MapColumn {
  readonly ends = new EndsColumn();
  readonly keys = new LowCardinalityColumn();
  readonly values = new StringColumn();
  /** For each key, the number of the map it was last seen in. */
  private seen = new Float64Array(256);

  /** Whether map number `map` has this key already; from now on it has. */
  hasKey(key: number, map: number): boolean {
    if (key >= this.seen.length) {
      const seen = new Float64Array(Math.max(this.seen.length * 2, key + 1));
      seen.set(this.seen);
      this.seen = seen;
    }
    if (this.seen[key] === map) return true;
    this.seen[key] = map;
    return false;
  }

  /** Ends a row (or, in nested columns, an element). */
  end(): void {
    this.ends.append64(this.keys.indexes.length, 0);
  }
}

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];

type Part =
  | { readonly kind: 'fixed'; readonly column: Uint32Column }
  | { readonly kind: 'string'; readonly column: StringColumn }
  | { readonly kind: 'low'; readonly column: LowCardinalityColumn }
  | { readonly kind: 'map'; readonly column: MapColumn };

interface Written {
  readonly header: Uint8Array;
  /** For an array: where each row's elements end. */
  readonly arrayEnds: EndsColumn | undefined;
  readonly part: Part;
}

/** A part's lengths; enough to cut every column back to a moment. Dictionary entries that nobody points to do no harm. */
export type Mark = Float64Array;

/**
 * Spans as columns of `otel_traces`, growing row by row, and their form in ClickHouse's `Native` format. One block takes many requests;
 * it belongs to one writer at a time and is used again after `clear`.
 */
export class TraceBlock {
  rows = 0;
  /** Days since 1970 that occur; each becomes a part of its own in the store. */
  readonly days = new Set<number>();

  readonly timestamp = new Uint64Column();
  readonly traceId = new StringColumn();
  readonly spanId = new StringColumn();
  readonly parentSpanId = new StringColumn();
  readonly traceState = new StringColumn();
  readonly spanName = new LowCardinalityColumn();
  readonly spanKind = new LowCardinalityColumn();
  readonly serviceName = new LowCardinalityColumn();
  readonly resourceAttributes = new MapColumn();
  readonly scopeName = new StringColumn();
  readonly scopeVersion = new StringColumn();
  readonly spanAttributes = new MapColumn();
  readonly duration = new Uint64Column();
  readonly statusCode = new LowCardinalityColumn();
  readonly statusMessage = new StringColumn();
  /** Events and links per row as running ends, shared by all of their columns. */
  readonly eventEnds = new EndsColumn();
  readonly eventTimestamp = new Uint64Column();
  readonly eventName = new LowCardinalityColumn();
  readonly eventAttributes = new MapColumn();
  readonly linkEnds = new EndsColumn();
  readonly linkTraceId = new StringColumn();
  readonly linkSpanId = new StringColumn();
  readonly linkTraceState = new StringColumn();
  readonly linkAttributes = new MapColumn();
  readonly spanAttributeTypes = new LowCardinalityColumn();
  readonly resourceAttributeTypes = new LowCardinalityColumn();
  readonly eventAttributeTypes = new LowCardinalityColumn();
  readonly linkAttributeTypes = new LowCardinalityColumn();
  readonly resourceSchemaUrl = new LowCardinalityColumn();
  readonly scopeSchemaUrl = new LowCardinalityColumn();
  readonly scopeAttributes = new MapColumn();
  readonly scopeAttributeTypes = new LowCardinalityColumn();
  readonly spanFlags = new Uint32Column();
  readonly linkFlags = new Uint32Column();
  readonly droppedAttributes = new Uint32Column();
  readonly droppedEvents = new Uint32Column();
  readonly droppedLinks = new Uint32Column();
  readonly resourceDroppedAttributes = new Uint32Column();
  readonly scopeDroppedAttributes = new Uint32Column();
  readonly eventDroppedAttributes = new Uint32Column();
  readonly linkDroppedAttributes = new Uint32Column();

  private readonly written: readonly Written[];
  private readonly growing: readonly { length: number }[];

  constructor() {
    const fixed = (column: Uint32Column): Part => ({ kind: 'fixed', column });
    const string = (column: StringColumn): Part => ({ kind: 'string', column });
    const low = (column: LowCardinalityColumn): Part => ({ kind: 'low', column });
    const map = (column: MapColumn): Part => ({ kind: 'map', column });
    const parts: Readonly<Record<string, Part>> = {
      Timestamp: fixed(this.timestamp),
      TraceId: string(this.traceId),
      SpanId: string(this.spanId),
      ParentSpanId: string(this.parentSpanId),
      TraceState: string(this.traceState),
      SpanName: low(this.spanName),
      SpanKind: low(this.spanKind),
      ServiceName: low(this.serviceName),
      ResourceAttributes: map(this.resourceAttributes),
      ScopeName: string(this.scopeName),
      ScopeVersion: string(this.scopeVersion),
      SpanAttributes: map(this.spanAttributes),
      Duration: fixed(this.duration),
      StatusCode: low(this.statusCode),
      StatusMessage: string(this.statusMessage),
      'Events.Timestamp': fixed(this.eventTimestamp),
      'Events.Name': low(this.eventName),
      'Events.Attributes': map(this.eventAttributes),
      'Links.TraceId': string(this.linkTraceId),
      'Links.SpanId': string(this.linkSpanId),
      'Links.TraceState': string(this.linkTraceState),
      'Links.Attributes': map(this.linkAttributes),
      SpanAttributeTypes: low(this.spanAttributeTypes),
      ResourceAttributeTypes: low(this.resourceAttributeTypes),
      EventAttributeTypes: low(this.eventAttributeTypes),
      LinkAttributeTypes: low(this.linkAttributeTypes),
      ResourceSchemaUrl: low(this.resourceSchemaUrl),
      ScopeSchemaUrl: low(this.scopeSchemaUrl),
      ScopeAttributes: map(this.scopeAttributes),
      ScopeAttributeTypes: low(this.scopeAttributeTypes),
      SpanFlags: fixed(this.spanFlags),
      LinkFlags: fixed(this.linkFlags),
      DroppedAttributes: fixed(this.droppedAttributes),
      DroppedEvents: fixed(this.droppedEvents),
      DroppedLinks: fixed(this.droppedLinks),
      ResourceDroppedAttributes: fixed(this.resourceDroppedAttributes),
      ScopeDroppedAttributes: fixed(this.scopeDroppedAttributes),
      EventDroppedAttributes: fixed(this.eventDroppedAttributes),
      LinkDroppedAttributes: fixed(this.linkDroppedAttributes),
    };
    this.written = TRACE_COLUMNS.map(({ name, type }) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`no column is built for ${name}`);
      const arrayEnds = type.startsWith('Array(') ? (/^Event/.test(name) ? this.eventEnds : this.linkEnds) : undefined;
      return { header: columnHeader(name, type), arrayEnds, part };
    });
    this.growing = [
      this.eventEnds,
      this.linkEnds,
      ...this.written.flatMap(({ part }): { length: number }[] =>
        part.kind === 'low'
          ? [part.column.indexes]
          : part.kind === 'map'
            ? [part.column.ends, part.column.keys.indexes, part.column.values]
            : [part.column],
      ),
    ];
    this.clear();
  }

  /** Bytes that the block would take if it were written now, near enough for deciding when to do it. */
  get byteLength(): number {
    return (
      this.rows * 200 +
      this.spanAttributes.values.length +
      this.resourceAttributes.values.length +
      this.eventAttributes.values.length +
      this.linkAttributes.values.length
    );
  }

  mark(): Mark {
    const mark = new Float64Array(this.growing.length + 1);
    this.growing.forEach((column, index) => {
      mark[index] = column.length;
    });
    mark[this.growing.length] = this.rows;
    return mark;
  }

  /** Forgets everything after `mark`. */
  cutBack(mark: Mark): void {
    this.growing.forEach((column, index) => {
      column.length = mark[index] as number;
    });
    this.rows = mark[this.growing.length] as number;
  }

  /** Rows `from` to `to` in `Native` format. The views are valid until the block changes. */
  toNative(from = 0, to = this.rows): Uint8Array[] {
    const isWhole = from === 0 && to === this.rows;
    const strings = (column: StringColumn, first: number, last: number): Uint8Array =>
      isWhole ? column.view() : column.slice(first, last);
    const chunks: Uint8Array[] = [blockHeader(this.written.length, to - from)];
    for (const { header, arrayEnds, part } of this.written) {
      chunks.push(header);
      if (part.kind === 'low' || part.kind === 'map') chunks.push(LOW_CARDINALITY_VERSION);
      let first = from;
      let last = to;
      if (arrayEnds !== undefined) {
        chunks.push(arrayEnds.slice(from, to));
        first = arrayEnds.before(from);
        last = arrayEnds.before(to);
      }
      if (part.kind === 'low') part.column.chunks(first, last, chunks);
      else if (part.kind === 'map') {
        const { ends, keys, values } = part.column;
        chunks.push(ends.slice(first, last));
        const firstEntry = ends.before(first);
        const lastEntry = ends.before(last);
        keys.chunks(firstEntry, lastEntry, chunks);
        chunks.push(strings(values, firstEntry, lastEntry));
      } else if (part.kind === 'string') chunks.push(strings(part.column, first, last));
      else chunks.push(part.column.slice(first, last));
    }
    return chunks.filter((chunk) => chunk.length > 0);
  }

  clear(): void {
    this.rows = 0;
    this.days.clear();
    this.eventEnds.clear();
    this.linkEnds.clear();
    for (const { part } of this.written) {
      if (part.kind === 'map') {
        part.column.ends.clear();
        part.column.keys.clear();
        part.column.values.clear();
      } else part.column.clear();
    }
    // Entries that the reader refers to by number: kinds and statuses by OTLP's own, 0 for "all strings".
    for (const name of KINDS) this.spanKind.intern(Buffer.from(name), 0, name.length);
    for (const name of STATUSES) this.statusCode.intern(Buffer.from(name), 0, name.length);
    const nothing = new Uint8Array(0);
    for (const types of [
      this.spanAttributeTypes,
      this.resourceAttributeTypes,
      this.eventAttributeTypes,
      this.linkAttributeTypes,
      this.scopeAttributeTypes,
    ]) {
      types.intern(nothing, 0, 0);
    }
  }
}

const LOW_CARDINALITY_VERSION = uint64s(1);

function blockHeader(columns: number, rows: number): Uint8Array {
  const bytes = new StringColumn();
  bytes.writeLength(columns);
  bytes.writeLength(rows);
  return bytes.view();
}

function columnHeader(name: string, type: string): Uint8Array {
  const bytes = new StringColumn();
  bytes.appendRaw(Buffer.from(name));
  bytes.appendRaw(Buffer.from(type));
  return bytes.view().slice();
}
