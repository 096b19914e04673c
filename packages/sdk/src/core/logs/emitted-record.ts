import type { Context, HrTime, SpanContext } from '@opentelemetry/api';
import { type TimeSource, toHrTime } from '../clock/time-source.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpan } from '../context/span-in-context.js';
import type { LogRecord } from '../telemetry-handle.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import type { InstrumentationScope, ReadableResource } from '../trace/readable-span.js';
import { redacted } from '../trace/redact.js';
import { readTimes } from './log-encoder.js';
import type { LogRecordLimits } from './log-limits.js';
import { plainValue } from './plain-value.js';
import type { SdkLogRecord } from './readable-log-record.js';

export interface EmittedRecordRules {
  readonly time: TimeSource;
  readonly limits: LogRecordLimits;
  readonly isSecret: ((key: string) => boolean) | undefined;
  readonly resource: ReadableResource;
}

const unlimited = Number.POSITIVE_INFINITY;

/** What a processor may set. */
interface Settable {
  hrTime: HrTime;
  hrTimeObserved: HrTime;
  spanContext?: SpanContext | undefined;
  severityNumber?: number | undefined;
  severityText?: string | undefined;
  body?: unknown;
  eventName?: string | undefined;
}

/**
 * A log record as an object, where processors want one. It holds plain copies: what the program does with its own values afterwards does not
 * reach it, and secrets are not in it.
 */
export function emittedRecord(
  given: LogRecord,
  context: Context,
  instrumentationScope: InstrumentationScope,
  { time, limits, isSecret, resource }: EmittedRecordRules,
): SdkLogRecord & { seal(): void } {
  const active = getSpan(context);
  const times = { timeHi: 0, timeLo: 0, observedHi: 0, observedLo: 0 };
  readTimes(time, given, active, times);
  const spanContext = active?.spanContext();
  const rules = { lengthLimit: limits.attributeValueLengthLimit, isSecret };
  let sealed = false;
  let kept = 0;
  let dropped = 0;
  const attributes: Record<string, unknown> = Object.create(null);
  const values: Settable = {
    hrTime: toHrTime(times.timeHi, times.timeLo),
    hrTimeObserved: toHrTime(times.observedHi, times.observedLo),
    spanContext: isSpanContextValid(spanContext) ? spanContext : undefined,
    severityNumber: given.severityNumber,
    severityText: given.severityText,
    eventName: given.eventName,
    body: given.body === undefined ? undefined : plainValue(given.body, { lengthLimit: unlimited, isSecret }),
  };

  const record: SdkLogRecord & { seal(): void } = {
    ...values,
    attributes,
    resource,
    instrumentationScope,
    get droppedAttributesCount() {
      return dropped;
    },
    setAttribute(key, value) {
      if (sealed || !key || value === undefined) return record;
      if (!(key in attributes)) {
        if (kept >= limits.attributeCountLimit) {
          dropped++;
          return record;
        }
        kept++;
      }
      attributes[key] = isSecret?.(key) ? redacted : plainValue(value, rules);
      return record;
    },
    setAttributes(more) {
      for (const [key, value] of Object.entries(more)) record.setAttribute(key, value);
      return record;
    },
    setBody: (body) => set('body', body),
    setEventName: (eventName) => set('eventName', eventName),
    setSeverityNumber: (severityNumber) => set('severityNumber', severityNumber),
    setSeverityText: (severityText) => set('severityText', severityText),
    seal() {
      sealed = true;
    },
  };
  function set<K extends keyof Settable>(name: K, value: Settable[K]): typeof record {
    if (!sealed) (record as Settable)[name] = value;
    return record;
  }
  const { exception } = given;
  record.setAttributes({
    ...(exception !== undefined && exception !== null && exceptionAttributes(exception as Error)),
    ...given.attributes,
  });
  return record;
}
