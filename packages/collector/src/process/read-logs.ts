import { LETTER } from './attribute-reader.js';
import { Envelope } from './envelope.js';
import type { LogBlock } from './log-block.js';
import { MAX_DAYS, type OpenRequest } from './open-request.js';
import { appendOriginalTime } from './original-time.js';
import { createRequestReader, type ItemReader, type RequestReader } from './read-request.js';
import { appendOptionalId } from './span-ids.js';
import { typeEntry } from './value-types.js';

/** Reads `ExportLogsServiceRequest`s into a `LogBlock`. */
export function createLogReader(): RequestReader<LogBlock> {
  return createRequestReader((request) => new LogRecordReader(request));
}

class LogRecordReader implements ItemReader<LogBlock> {
  private readonly request: OpenRequest;
  private readonly envelope: Envelope;
  private block!: LogBlock;
  private readonly guesses = new Uint32Array(64);
  private lastTypes = 0;

  constructor(request: OpenRequest) {
    this.request = request;
    this.envelope = new Envelope(request);
  }

  blocksOf(block: LogBlock): readonly LogBlock[] {
    return [block];
  }

  begin(block: LogBlock): void {
    this.block = block;
    this.envelope.begin(block.envelope);
    this.lastTypes = 0;
  }

  item(start: number, end: number): void {
    const { block, request } = this;
    const { at } = request;
    const { source, view } = at;
    const { keys, values } = block.attributes;
    this.envelope.prepare();
    const keysBefore = keys.indexes.length;
    const valuesBefore = values.length;

    let severity = 0;
    let severityStart = 0;
    let severityEnd = 0;
    let bodyStart = 0;
    let bodyEnd = -1;
    let dropped = 0;
    let flags = 0;
    let traceStart = 0;
    let traceEnd = 0;
    let spanStart = 0;
    let spanEnd = 0;
    let eventStart = 0;
    let eventEnd = 0;
    let timeAt = -1;
    let observedAt = -1;

    at.position = start;
    at.startMap();
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        case 0x09:
          timeAt = at.fixed(8, end);
          break;
        case 0x59:
          observedAt = at.fixed(8, end);
          break;
        case 0x10:
          severity = at.uint32(end);
          break;
        case 0x1a:
          severityEnd = at.content(end);
          severityStart = at.position;
          at.position = severityEnd;
          break;
        case 0x2a:
          bodyEnd = at.content(end);
          bodyStart = at.position;
          at.position = bodyEnd;
          break;
        case 0x32: {
          const to = at.content(end);
          at.attribute(block.attributes, to, this.guesses);
          at.position = to;
          break;
        }
        case 0x38:
          dropped = at.uint32(end);
          break;
        case 0x45:
          flags = at.view.getUint32(at.fixed(4, end), true);
          break;
        case 0x4a:
          traceEnd = at.content(end);
          traceStart = at.position;
          at.position = traceEnd;
          break;
        case 0x52:
          spanEnd = at.content(end);
          spanStart = at.position;
          at.position = spanEnd;
          break;
        case 0x62:
          eventEnd = at.content(end);
          eventStart = at.position;
          at.position = eventEnd;
          break;
        default:
          at.skip(tag, end);
      }
    }
    if (!this.times(timeAt, observedAt)) {
      keys.indexes.length = keysBefore;
      values.length = valuesBefore;
      return;
    }
    this.lastTypes = at.endMap(block.attributeTypes, this.lastTypes);
    block.attributeTypes.append(this.lastTypes);
    block.attributes.end();
    const hasTrace = appendOptionalId(block.traceId, source, traceStart, traceEnd, 16);
    const hasSpan = appendOptionalId(block.spanId, source, spanStart, spanEnd, 8);
    if (!hasTrace || !hasSpan) request.note('a log record with an impossible id was kept without it');
    const letter = bodyEnd < 0 ? this.noBody() : at.value(block.body, bodyStart, bodyEnd);
    block.bodyType.append(typeEntry(letter, LETTER.string));
    block.severityNumber.append(severity <= 255 ? severity : 0);
    block.severityText.append(block.severityText.intern(view, severityStart, severityEnd));
    block.eventName.append(block.eventName.intern(view, eventStart, eventEnd));
    block.traceFlags.append(flags & 255);
    block.logFlags.append(flags);
    block.droppedAttributes.append(dropped);
    this.envelope.append();
    block.rows++;
  }

  end(): void {
    this.envelope.end();
  }

  private noBody(): number {
    this.block.body.appendEmpty();
    return LETTER.empty;
  }

  /**
   * Appends when the record was written and when it was observed. One that does not say when it was written stands where it was observed, as the data
   * model has it, and one that says neither at its arrival. `false`: it cannot be kept.
   */
  private times(timeAt: number, observedAt: number): boolean {
    const { block, request } = this;
    const { at } = request;
    const { view } = at;
    const timeLow = timeAt < 0 ? 0 : view.getUint32(timeAt, true);
    const timeHigh = timeAt < 0 ? 0 : view.getUint32(timeAt + 4, true);
    const observedLow = observedAt < 0 ? 0 : view.getUint32(observedAt, true);
    const observedHigh = observedAt < 0 ? 0 : view.getUint32(observedAt + 4, true);
    const isWritten = request.isPossible(timeLow, timeHigh);
    const isObserved = !isWritten && request.isPossible(observedLow, observedHigh);
    const low = isWritten ? timeLow : isObserved ? observedLow : request.receivedLow;
    const high = isWritten ? timeHigh : isObserved ? observedHigh : request.receivedHigh;
    if (!request.takesDay(block, low, high)) {
      request.reject(`log records of more than ${MAX_DAYS} different days in one request`);
      return false;
    }
    const saysTime = timeLow !== 0 || timeHigh !== 0;
    const saysObserved = observedLow !== 0 || observedHigh !== 0;
    if (!isWritten && (saysTime || (saysObserved && !isObserved))) {
      request.note(
        'times that cannot be were set to the time of observation or arrival; the original stands in throughline.original_time',
      );
      appendOriginalTime(at, block.attributes, [timeLow, timeHigh], [observedLow, observedHigh]);
    }
    block.timestamp.append64(low, high);
    block.observedTimestamp.appendTime(view, observedAt);
    return true;
  }
}
