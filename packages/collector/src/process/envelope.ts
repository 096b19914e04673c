import { AttributeTemplate } from './attribute-template.js';
import { type StringColumn, viewOf } from './columns.js';
import type { EnvelopeColumns } from './envelope-columns.js';
import { TooManyCopies } from './malformed.js';
import type { OpenRequest, Place } from './open-request.js';

/**
 * Of resources and scopes, repeated for each row of one request. 20,000 spans of a container with its twenty attributes come to four fifths of it; a resource of a megabyte above as many empty spans would
 * come to twenty gigabytes.
 */
const MOST_COPIED_BYTES = 15 * 1024 * 1024;
const TOO_MANY_COPIES = `The attributes of its resource and scope, which every row has, come to more than ${MOST_COPIED_BYTES / 1024 / 1024} MiB.`;
const UNKNOWN_SERVICE = viewOf(Buffer.from('unknown_service'));
const SERVICE_NAME = viewOf(Buffer.from('service.name'));

/**
 * The resource and the scope of the rows of one block: read once where they change, then copied for every row, for all rows between two changes together. `prepare` comes before anything
 * of a row is read, `append` when the row is kept, `end` after the last one of a request.
 */
export class Envelope {
  private readonly request: OpenRequest;
  private columns!: EnvelopeColumns;
  /** Numbers of the resource and the scope that the templates hold. */
  private resourceNumber = 0;
  private scopeNumber = 0;
  private readonly resource = new AttributeTemplate();
  private readonly scope = new AttributeTemplate();
  private resourceUrl = 0;
  private resourceDropped = 0;
  private scopeUrl = 0;
  private scopeDropped = 0;
  private service = 0;
  private readonly name: Place = { start: 0, end: 0 };
  private readonly version: Place = { start: 0, end: 0 };
  private readonly guesses = new Uint32Array(64);
  /** What one row takes of both, and what the rows of the request may still take. */
  private copyBytes = 0;
  private room = MOST_COPIED_BYTES;
  /** Rows that were kept since the last change. */
  private rows = 0;

  constructor(request: OpenRequest) {
    this.request = request;
  }

  /** For a new request: entries of another block's dictionaries mean nothing in this one's. */
  begin(columns: EnvelopeColumns): void {
    this.columns = columns;
    this.resourceNumber = this.scopeNumber = 0;
    this.room = MOST_COPIED_BYTES;
    this.rows = 0;
  }

  prepare(): void {
    const { request } = this;
    if (this.resourceNumber === request.resource && this.scopeNumber === request.scope) return;
    this.end();
    const { at } = request;
    const { position } = at;
    if (this.resourceNumber !== request.resource) this.readResource();
    this.readScope();
    at.position = position;
  }

  append(): void {
    this.room -= this.copyBytes;
    if (this.room < 0) throw new TooManyCopies(TOO_MANY_COPIES);
    this.rows++;
  }

  end(): void {
    const { columns, rows } = this;
    if (rows === 0) return;
    this.rows = 0;
    columns.serviceName.appendTimes(this.service, rows);
    this.appendText(columns.scopeName, this.name, rows);
    this.appendText(columns.scopeVersion, this.version, rows);
    this.resource.append(columns.resourceAttributes, columns.resourceAttributeTypes, rows);
    columns.resourceSchemaUrl.appendTimes(this.resourceUrl, rows);
    columns.resourceDroppedAttributes.appendTimes(this.resourceDropped, rows);
    this.scope.append(columns.scopeAttributes, columns.scopeAttributeTypes, rows);
    columns.scopeSchemaUrl.appendTimes(this.scopeUrl, rows);
    columns.scopeDroppedAttributes.appendTimes(this.scopeDropped, rows);
  }

  private appendText(column: StringColumn, { start, end }: Place, rows: number): void {
    const from = column.length;
    column.append(this.request.at.view, start, end);
    column.repeat(from, rows - 1);
  }

  private readResource(): void {
    const { columns, request } = this;
    const { at, resourceAt, resourceUrlAt } = request;
    const { keys, values } = columns.resourceAttributes;
    this.service = -1;
    this.resourceDropped = 0;
    this.resource.begin(at, columns.resourceAttributes);
    at.position = resourceAt.start;
    while (at.position < resourceAt.end) {
      const tag = at.tag(resourceAt.end);
      if (tag === 0x0a) {
        const to = at.content(resourceAt.end);
        const valueAt = values.length;
        const key = at.attribute(columns.resourceAttributes, to, this.guesses);
        if (key >= 0 && keys.is(key, SERVICE_NAME, 0, SERVICE_NAME.byteLength))
          this.internService(values.view, valueAt);
        at.position = to;
      } else if (tag === 0x10) this.resourceDropped = at.uint32(resourceAt.end);
      else at.skip(tag, resourceAt.end);
    }
    this.resource.end(at, columns.resourceAttributes, columns.resourceAttributeTypes);
    this.resourceUrl = columns.resourceSchemaUrl.intern(at.view, resourceUrlAt.start, resourceUrlAt.end);
    if (this.service < 0) this.service = columns.serviceName.intern(UNKNOWN_SERVICE, 0, UNKNOWN_SERVICE.byteLength);
    this.resourceNumber = request.resource;
  }

  private readScope(): void {
    const { columns, name, request, version } = this;
    const { at, scopeAt, scopeUrlAt } = request;
    name.start = name.end = version.start = version.end = 0;
    this.scopeDropped = 0;
    this.scope.begin(at, columns.scopeAttributes);
    at.position = scopeAt.start;
    while (at.position < scopeAt.end) {
      const tag = at.tag(scopeAt.end);
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a) {
        const to = at.content(scopeAt.end);
        if (tag === 0x1a) at.attribute(columns.scopeAttributes, to, this.guesses);
        else {
          const place = tag === 0x0a ? name : version;
          place.start = at.position;
          place.end = to;
        }
        at.position = to;
      } else if (tag === 0x20) this.scopeDropped = at.uint32(scopeAt.end);
      else at.skip(tag, scopeAt.end);
    }
    this.scope.end(at, columns.scopeAttributes, columns.scopeAttributeTypes);
    this.scopeUrl = columns.scopeSchemaUrl.intern(at.view, scopeUrlAt.start, scopeUrlAt.end);
    this.scopeNumber = request.scope;
    this.copyBytes = this.resource.bytes + this.scope.bytes + name.end - name.start + (version.end - version.start);
  }

  /** The service's name is the value just written: its text stands in the column with its length in front. */
  private internService(view: DataView, at: number): void {
    let count = 0;
    let position = at;
    for (let shift = 0; ; shift += 7) {
      const byte = view.getUint8(position++);
      count += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if (count > 0) this.service = this.columns.serviceName.intern(view, position, position + count);
  }
}
