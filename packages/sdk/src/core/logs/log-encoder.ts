import type { Attributes, Context } from '@opentelemetry/api';
import type { Anchor } from '../clock/anchor.js';
import type { TimeSource } from '../clock/time-source.js';
import { getSpan } from '../context/span-in-context.js';
import type { LogRecord } from '../telemetry-handle.js';
import { cutText } from '../trace/attribute-value.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import { redacted } from '../trace/redact.js';
import { identityOf, type SpanIdentity } from '../trace/span-identity.js';
import { anyValueBound } from '../wire/any-value.js';
import { attributeOverhead } from '../wire/attributes.js';
import { KeyCache } from '../wire/encoded-key.js';
import { type LogRecordFields, writeLogRecord } from '../wire/log-record.js';
import { NameCache } from '../wire/name-cache.js';
import { createOpenBuffer, type FragmentBuffer } from '../wire/open-buffer.js';
import type { LogRecordLimits } from './log-limits.js';
import type { LoggerScope } from './logger-scope.js';
import { plainValue, type ValueRules } from './plain-value.js';
import type { ReadableLogRecord } from './readable-log-record.js';
import { errorSeverity, lastSeverity } from './severities.js';

export interface LogEncoderOptions {
  readonly time: TimeSource;
  readonly limits: LogRecordLimits;
  readonly isSecret: ((key: string) => boolean) | undefined;
  /** Told after each record that was written. */
  readonly onFragment: (buffer: FragmentBuffer) => void;
}

/** Spans of this SDK, full and small, say how they count time; what is logged in one lies between its start and its end. */
interface Timed {
  readonly anchor?: Anchor;
  readonly originMs?: number;
}

/** Makes bytes of log records; nothing of a record is kept. What a record is made of may throw when it is read: so do these. */
export class LogEncoder {
  readonly #time: TimeSource;
  readonly #limits: LogRecordLimits;
  readonly #isSecret: ((key: string) => boolean) | undefined;
  readonly #onFragment: (buffer: FragmentBuffer) => void;
  readonly #keys = new KeyCache();
  readonly #names = new NameCache();
  /** Takes records up to WARN. */
  readonly #normal = createOpenBuffer('logs', 'normal');
  /** Takes errors: what is kept longest. */
  readonly #high = createOpenBuffer('logs', 'high');
  readonly #attributeRules: ValueRules;
  readonly #bodyRules: ValueRules;
  /** Filled anew for each record. Not here while one is being filled: what it holds may log itself when it is read. */
  #fields: LogRecordFields | undefined = undefined;

  constructor({ time, limits, isSecret, onFragment }: LogEncoderOptions) {
    this.#time = time;
    this.#limits = limits;
    this.#isSecret = isSecret;
    this.#onFragment = onFragment;
    this.#attributeRules = { lengthLimit: limits.attributeValueLengthLimit, isSecret };
    this.#bodyRules = { lengthLimit: Number.POSITIVE_INFINITY, isSecret };
  }

  /** A record as the program gave it, now. */
  encode(record: LogRecord, context: Context, scope: LoggerScope): void {
    const fields = this.#take();
    try {
      const active = getSpan(context);
      fields.span = active && identity(active as Partial<SpanIdentity> & typeof active);
      readTimes(this.#time, record, active as Timed | undefined, fields);
      const { severityNumber = 0, severityText, eventName, body, exception } = record;
      this.#fill(fields, severityNumber, severityText, eventName, body);
      let attributes = record.attributes as Attributes | undefined;
      if (exception !== undefined && exception !== null) {
        attributes = { ...exceptionAttributes(exception as Error), ...attributes };
      }
      if (attributes) this.#fillAttributes(fields, attributes, scope);
      this.#write(fields, scope);
    } finally {
      this.#giveBack(fields);
    }
  }

  /** A record as processors left it. */
  encodeProcessed(record: ReadableLogRecord, scope: LoggerScope): void {
    const fields = this.#take();
    try {
      const { hrTime, hrTimeObserved, severityNumber = 0, severityText, eventName, body, attributes } = record;
      const time = this.#time;
      const anchor = time.rootAnchor(time.monotonicMs());
      time.read(hrTime, anchor);
      fields.timeHi = time.hi;
      fields.timeLo = time.lo;
      time.read(hrTimeObserved, anchor);
      fields.observedHi = time.hi;
      fields.observedLo = time.lo;
      fields.span = record.spanContext && identityOf(record.spanContext);
      this.#fill(fields, severityNumber, severityText, eventName, body);
      this.#fillAttributes(fields, attributes, scope);
      fields.droppedAttributes += record.droppedAttributesCount;
      this.#write(fields, scope);
    } finally {
      this.#giveBack(fields);
    }
  }

  #take(): LogRecordFields {
    const fields = this.#fields ?? createFields();
    this.#fields = undefined;
    return fields;
  }

  #giveBack(fields: LogRecordFields): void {
    // What was logged is the program's to let go. The list keeps its length: one that is emptied grows anew with each record, a tenth of its time.
    const { attributes, attributesLength } = fields;
    for (let i = 1; i < attributesLength; i += 2) attributes[i] = undefined;
    fields.body = undefined;
    this.#fields = fields;
  }

  #write(fields: LogRecordFields, scope: LoggerScope): void {
    const buffer = fields.severityNumber >= errorSeverity ? this.#high : this.#normal;
    if (writeLogRecord(buffer, scope.encoded, fields, this.#keys, this.#names)) this.#onFragment(buffer);
  }

  #fill(
    fields: LogRecordFields,
    severityNumber: number,
    severityText: string | undefined,
    eventName: string | undefined,
    body: unknown,
  ): void {
    fields.severityNumber = severityNumber > 0 && severityNumber <= lastSeverity ? Math.floor(severityNumber) : 0;
    fields.severityText = severityText === undefined ? '' : String(severityText);
    fields.eventName = eventName === undefined ? '' : String(eventName);
    fields.body = typeof body === 'string' ? body : body === undefined ? undefined : plainValue(body, this.#bodyRules);
    fields.attributesLength = fields.attributesBound = fields.droppedAttributes = 0;
  }

  #fillAttributes(
    fields: LogRecordFields,
    attributes: Readonly<Record<string, unknown>>,
    { first }: LoggerScope,
  ): void {
    const { attributeCountLimit, attributeValueLengthLimit: lengthLimit } = this.#limits;
    const isSecret = this.#isSecret;
    const list = fields.attributes;
    let last = first;
    let length = 0;
    let bound = 0;
    for (const key in attributes) {
      let value = attributes[key];
      let entry = last.next;
      if (entry.key !== key) {
        // As with spans: what is inherited is asked for only where the key was not foreseen.
        if (!Object.hasOwn(attributes, key)) continue;
        entry = this.#keys.find(key, last);
      }
      if (value === undefined || key === '') continue;
      if (length >= attributeCountLimit * 2) {
        fields.droppedAttributes++;
        continue;
      }
      last = entry;
      if (isSecret?.(key)) value = redacted;
      if (typeof value === 'string') {
        value = cutText(value, lengthLimit);
        bound += (value as string).length * 3;
      } else if (typeof value !== 'number' && typeof value !== 'boolean') {
        value = plainValue(value, this.#attributeRules);
        bound += anyValueBound(value);
      }
      bound += entry.size + attributeOverhead;
      list[length] = entry;
      list[length + 1] = value;
      length += 2;
      fields.attributesLength = length;
    }
    fields.attributesBound = bound;
  }
}

interface RecordTimes {
  timeHi: number;
  timeLo: number;
  observedHi: number;
  observedLo: number;
}

/** When a record happened and when it was seen: now, as the active span counts time, unless it says otherwise. */
export function readTimes(
  time: TimeSource,
  { timestamp, observedTimestamp }: Pick<LogRecord, 'timestamp' | 'observedTimestamp'>,
  active: object | undefined,
  times: RecordTimes,
): void {
  const now = time.monotonicMs();
  const timed = active as Timed | undefined;
  const anchor = timed?.anchor ?? time.rootAnchor(now);
  if (timed?.originMs === undefined) time.at(anchor, now);
  else {
    // To the nanosecond as small spans do it.
    const ms = timed.originMs + now;
    const seconds = Math.floor(ms / 1_000);
    time.read([seconds, Math.floor((ms - seconds * 1_000) * 1e6)], anchor);
  }
  times.timeHi = times.observedHi = time.hi;
  times.timeLo = times.observedLo = time.lo;
  if (timestamp !== undefined) {
    time.read(timestamp, anchor);
    times.timeHi = time.hi;
    times.timeLo = time.lo;
  }
  if (observedTimestamp !== undefined) {
    time.read(observedTimestamp, anchor);
    times.observedHi = time.hi;
    times.observedLo = time.lo;
  }
}

/** Spans of this SDK have their ids as words already. */
const identity = (span: Partial<SpanIdentity> & { spanContext(): Parameters<typeof identityOf>[0] }) =>
  span.t0 !== undefined && span.s1 !== undefined ? (span as SpanIdentity) : identityOf(span.spanContext());

const createFields = (): LogRecordFields => ({
  timeHi: 0,
  timeLo: 0,
  observedHi: 0,
  observedLo: 0,
  severityNumber: 0,
  severityText: '',
  eventName: '',
  body: undefined,
  attributes: [],
  attributesLength: 0,
  attributesBound: 0,
  droppedAttributes: 0,
  span: undefined,
});
