import type { Attributes, Context } from '@opentelemetry/api';
import type { Anchor } from '../clock/anchor.js';
import type { TimeSource } from '../clock/time-source.js';
import { getSpan } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { ContextStore } from '../ports.js';
import type { Logger, LogRecord } from '../telemetry-handle.js';
import { cutText } from '../trace/attribute-value.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import { redacted } from '../trace/redact.js';
import { identityOf, type SpanIdentity } from '../trace/span-identity.js';
import { anyValueBound } from '../wire/any-value.js';
import { attributeOverhead } from '../wire/attributes.js';
import { EncodedKey, type KeyCache } from '../wire/encoded-key.js';
import { type LogRecordFields, writeLogRecord } from '../wire/log-record.js';
import type { NameCache } from '../wire/name-cache.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import type { EncodedScope } from '../wire/scope.js';
import type { LogRecordLimits } from './log-limits.js';
import { plainValue, type ValueRules } from './plain-value.js';

/** `SeverityNumber` of the API: the first of the errors, and the last there is. */
const errorSeverity = 17;
const lastSeverity = 24;

/** What all loggers of a provider share. */
export interface LoggerState {
  readonly contextStore: ContextStore;
  readonly time: TimeSource;
  readonly limits: LogRecordLimits;
  readonly isSecret: ((key: string) => boolean) | undefined;
  readonly keys: KeyCache;
  readonly names: NameCache;
  /** Filled anew for each record. Not here while one is being filled: what it holds may log itself when it is read. */
  fields: LogRecordFields | undefined;
  /** Takes records up to WARN. */
  readonly normal: FragmentBuffer;
  /** Takes errors: what is kept longest. */
  readonly high: FragmentBuffer;
  /** Absent where there is nowhere to send. */
  readonly onFragment: ((buffer: FragmentBuffer) => void) | undefined;
  readonly onError: (error: unknown) => void;
  stopped: boolean;
}

/** Spans of this SDK, full and small, say how they count time; what is logged in one lies between its start and its end. */
interface Timed {
  readonly anchor?: Anchor;
  readonly originMs?: number;
}

/** A log record is bytes when `emit` returns; nothing of it is kept. */
export class SdkLogger implements Logger {
  readonly #state: LoggerState;
  readonly #scope: EncodedScope;
  /** Predicts the first key. */
  readonly #first = new EncodedKey('', false);
  readonly #attributeRules: ValueRules;
  readonly #bodyRules: ValueRules;

  constructor(state: LoggerState, scope: EncodedScope) {
    this.#state = state;
    this.#scope = scope;
    const { isSecret, limits } = state;
    this.#attributeRules = { lengthLimit: limits.attributeValueLengthLimit, isSecret };
    this.#bodyRules = { lengthLimit: Number.POSITIVE_INFINITY, isSecret };
  }

  enabled(options?: { readonly context?: Context | undefined }): boolean {
    const { stopped, onFragment, contextStore } = this.#state;
    return !stopped && onFragment !== undefined && !isTracingSuppressed(options?.context ?? contextStore.active());
  }

  emit(record: LogRecord): void {
    const state = this.#state;
    const { onFragment, contextStore } = state;
    if (state.stopped || !onFragment) return;
    const fields = state.fields ?? createFields();
    state.fields = undefined;
    try {
      const context = record.context ?? contextStore.active();
      // What telemetry's own requests are logged as would be sent by requests that are logged.
      if (isTracingSuppressed(context)) return;
      this.#fill(fields, record, context);
      const buffer = fields.severityNumber >= errorSeverity ? state.high : state.normal;
      if (writeLogRecord(buffer, this.#scope, fields, state.keys, state.names)) onFragment(buffer);
    } catch (error) {
      // A getter of the program's, or no record at all.
      state.onError(error);
    } finally {
      // What was logged is the program's to let go.
      fields.attributes.length = 0;
      fields.body = undefined;
      state.fields = fields;
    }
  }

  #fill(fields: LogRecordFields, record: LogRecord, context: Context): void {
    const { time } = this.#state;
    const { timestamp, observedTimestamp, severityNumber = 0, severityText, eventName, body, exception } = record;
    const active = getSpan(context);
    fields.span = active && identity(active as Partial<SpanIdentity> & typeof active);
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
    fields.timeHi = fields.observedHi = time.hi;
    fields.timeLo = fields.observedLo = time.lo;
    if (timestamp !== undefined) {
      time.read(timestamp, anchor);
      fields.timeHi = time.hi;
      fields.timeLo = time.lo;
    }
    if (observedTimestamp !== undefined) {
      time.read(observedTimestamp, anchor);
      fields.observedHi = time.hi;
      fields.observedLo = time.lo;
    }
    fields.severityNumber = severityNumber > 0 && severityNumber <= lastSeverity ? Math.floor(severityNumber) : 0;
    fields.severityText = severityText === undefined ? '' : String(severityText);
    fields.eventName = eventName === undefined ? '' : String(eventName);
    fields.body = typeof body === 'string' ? body : body === undefined ? undefined : plainValue(body, this.#bodyRules);
    fields.attributesLength = fields.attributesBound = fields.droppedAttributes = 0;
    let attributes = record.attributes as Attributes | undefined;
    if (exception !== undefined && exception !== null) {
      attributes = { ...exceptionAttributes(exception as Error), ...attributes };
    }
    if (attributes) this.#fillAttributes(fields, attributes);
  }

  #fillAttributes(fields: LogRecordFields, attributes: Readonly<Record<string, unknown>>): void {
    const { limits, keys, isSecret } = this.#state;
    const { attributeCountLimit, attributeValueLengthLimit: lengthLimit } = limits;
    const list = fields.attributes;
    let last = this.#first;
    let length = 0;
    for (const key in attributes) {
      let value = attributes[key];
      let entry = last.next;
      if (entry.key !== key) {
        // As with spans: what is inherited is asked for only where the key was not foreseen.
        if (!Object.hasOwn(attributes, key)) continue;
        entry = keys.find(key, last);
      }
      if (value === undefined || key === '') continue;
      if (length >= attributeCountLimit * 2) {
        fields.droppedAttributes++;
        continue;
      }
      last = entry;
      if (isSecret?.(key)) value = redacted;
      if (typeof value === 'string') value = cutText(value, lengthLimit);
      else if (typeof value !== 'number' && typeof value !== 'boolean') value = plainValue(value, this.#attributeRules);
      list[length] = entry;
      list[length + 1] = value;
      length += 2;
      fields.attributesBound += entry.size + attributeOverhead + anyValueBound(value);
    }
    fields.attributesLength = length;
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
