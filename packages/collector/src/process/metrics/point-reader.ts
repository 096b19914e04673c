import { AttributeTemplate } from '../attribute-template.js';
import { Envelope } from '../envelope.js';
import { MAX_DAYS, type OpenRequest, type Place } from '../open-request.js';
import type { KnownSeries } from './known-series.js';
import type { MetricBlock } from './metric-blocks.js';

/** Where the parts of a metric that all of its points share were found. */
export interface MetricPlaces {
  readonly name: Place;
  readonly description: Place;
  readonly unit: Place;
  /** The whole metric; it may hold metadata. */
  readonly metric: Place;
}

const METADATA = 0x62;
/** All kinds have the time of a point in this field. */
export const TIME = 0x19;

/**
 * Reads the points of one kind of metric into the block of its table. What is shared (resource, scope, the metric's own texts) is read once per
 * metric; the kinds differ in the fields of a point.
 */
export abstract class PointReader<Block extends MetricBlock> {
  protected readonly request: OpenRequest;
  protected block!: Block;
  private readonly envelope: Envelope;
  private readonly metadata = new AttributeTemplate();
  private readonly guesses = new Uint32Array(64);
  private readonly metadataGuesses = new Uint32Array(64);
  private lastTypes = 0;
  private name = 0;
  private description = 0;
  private unit = 0;
  // Of the present point.
  protected startAt = -1;
  protected timeAt = -1;
  protected flags = 0;

  // Where its attributes stand; -1: it has none. Where something stands between them, what series it is of is not known.
  private attributesStart = -1;
  private attributesEnd = -1;
  private areApart = false;
  private readonly known: KnownSeries;
  private readonly kind: number;

  /** `kind`: a number that no other reader of the request has. */
  constructor(request: OpenRequest, known: KnownSeries, kind: number) {
    this.request = request;
    this.envelope = new Envelope(request);
    this.known = known;
    this.kind = kind;
  }

  begin(block: Block): void {
    this.block = block;
    this.envelope.begin(block.envelope);
    this.lastTypes = 0;
  }

  end(): void {
    this.envelope.end();
  }

  /** `start` to `end`: a `Gauge`, `Sum` … */
  read(start: number, end: number, places: MetricPlaces): void {
    const { block } = this;
    const { at } = this.request;
    const before = block.rows;
    this.envelope.prepare();
    this.readShared(places);
    at.position = start;
    this.readKind(end);
    while (at.position < end) {
      const tag = at.tag(end);
      if (tag === 0x0a) {
        const to = at.content(end);
        this.readPoint(to);
        at.position = to;
      } else at.skip(tag, end);
    }
    const rows = block.rows - before;
    if (rows === 0) return;
    block.name.appendTimes(this.name, rows);
    block.description.appendTimes(this.description, rows);
    block.unit.appendTimes(this.unit, rows);
    this.metadata.append(block.metadata, block.metadataTypes, rows);
    this.endKind(rows);
  }

  /** What stands beside the points, often after them. */
  protected abstract readKind(end: number): void;

  /** Appends it, for as many points as were kept. */
  protected abstract endKind(rows: number): void;

  /** Reads the fields of a point from the position to `end` and appends what only this kind has. */
  protected abstract fields(end: number): void;

  protected attribute(end: number): void {
    const { at } = this.request;
    const tagged = at.position - 1;
    const to = at.content(end);
    if (this.attributesStart < 0) this.attributesStart = tagged;
    else if (tagged !== this.attributesEnd) this.areApart = true;
    this.attributesEnd = to;
    at.attribute(this.block.attributes, to, this.guesses);
    at.position = to;
  }

  private readShared({ name, description, unit, metric }: MetricPlaces): void {
    const { block } = this;
    const { at } = this.request;
    const { view } = at;
    this.name = block.name.intern(view, name.start, name.end);
    this.description = block.description.intern(view, description.start, description.end);
    this.unit = block.unit.intern(view, unit.start, unit.end);
    this.metadata.begin(at, block.metadata);
    at.position = metric.start;
    while (at.position < metric.end) {
      const tag = at.tag(metric.end);
      if (tag === METADATA) {
        const to = at.content(metric.end);
        at.attribute(block.metadata, to, this.metadataGuesses);
        at.position = to;
      } else at.skip(tag, metric.end);
    }
    this.metadata.end(at, block.metadata, block.metadataTypes);
    const { known, request } = this;
    known.begin(this.kind);
    known.add(at.view, request.resourceAt.start, request.resourceAt.end);
    known.add(at.view, request.scopeAt.start, request.scopeAt.end);
    known.add(at.view, name.start, name.end);
    known.endShared();
  }

  private readPoint(end: number): void {
    const { block, request } = this;
    const { at } = request;
    // Before anything of the point is appended: it may have to be left out.
    if (request.mayLose && !this.takesDayOf(at.find(TIME, end))) {
      request.reject(`data points of more than ${MAX_DAYS} different days in one request`);
      return;
    }
    this.startAt = -1;
    this.timeAt = -1;
    this.flags = 0;
    this.attributesStart = -1;
    this.areApart = false;
    at.startMap();
    this.fields(end);
    const { timeAt } = this;
    const sentLow = timeAt < 0 ? 0 : at.view.getUint32(timeAt, true);
    const sentHigh = timeAt < 0 ? 0 : at.view.getUint32(timeAt + 4, true);
    const isPossible = request.isPossible(sentLow, sentHigh);
    const low = isPossible ? sentLow : request.receivedLow;
    const high = isPossible ? sentHigh : request.receivedHigh;
    request.takesDay(block, low, high);
    if (!isPossible && (sentLow !== 0 || sentHigh !== 0))
      request.note('times that cannot be were set to the time of arrival; the original stands in OriginalTimeUnix');
    this.lastTypes = at.endMap(block.attributeTypes, this.lastTypes);
    block.attributeTypes.append(this.lastTypes);
    block.attributes.end();
    block.startTime.appendTime(at.view, this.startAt);
    block.time.append64(low, high);
    if (isPossible) block.originalTime.append64(0, 0);
    else block.originalTime.append64(sentLow, sentHigh);
    block.flags.append(this.flags);
    block.seriesKnown.append(this.isKnown(high) ? 1 : 0);
    this.envelope.append();
    block.rows++;
  }

  private takesDayOf(timeAt: number): boolean {
    const { block, request } = this;
    const { view } = request.at;
    const low = timeAt < 0 ? 0 : view.getUint32(timeAt, true);
    const high = timeAt < 0 ? 0 : view.getUint32(timeAt + 4, true);
    return request.isPossible(low, high)
      ? request.takesDay(block, low, high)
      : request.takesDay(block, request.receivedLow, request.receivedHigh);
  }

  private isKnown(timeHigh: number): boolean {
    if (this.areApart) return false;
    const { known } = this;
    known.beginPoint();
    if (this.attributesStart >= 0) known.add(this.request.at.view, this.attributesStart, this.attributesEnd);
    return known.isKnown(timeHigh);
  }
}
