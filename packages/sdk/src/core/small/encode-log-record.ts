import type { HrTime, SpanContext } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';
import type { LogRecord } from '../telemetry-handle.js';
import { cutText } from '../trace/attribute-value.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import { redacted } from '../trace/redact.js';
import { encodedTime } from './encode-span.js';
import { anyValue, type Bytes, count, field, hex, text } from './protobuf.js';

/** As in `plainValue`: values of one record at most, and how deep they may be nested. */
const MAX_VALUES = 1_000;
const MAX_DEPTH = 16;

interface SmallLogRecord extends Pick<LogRecord, 'severityText' | 'eventName' | 'body' | 'attributes' | 'exception'> {
  readonly time: HrTime;
  readonly observed: HrTime;
  readonly severityNumber: number;
  readonly spanContext: SpanContext | undefined;
}

interface RecordRules {
  readonly attributes: number;
  readonly length: number;
  isSecret(key: string): boolean;
}

/** A log record as the field `log_records` of `ScopeLogs` (logs.proto). What may be in it, and what becomes of the rest, is as `plainValue` says. */
export function encodeLogRecord(record: SmallLogRecord, { attributes: most, length, isSecret }: RecordRules): Bytes {
  const { severityText, eventName, body, exception, spanContext } = record;
  const around: object[] = [];
  let left = MAX_VALUES;

  const value = (given: unknown, longest: number): Bytes => {
    if (typeof given === 'string') return text(10, cutText(given, longest));
    if (typeof given === 'bigint') {
      if (BigInt.asIntN(64, given) !== given) return text(10, `${given}`);
      const bytes = [24];
      let rest = BigInt.asUintN(64, given);
      for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
      return [bytes, Number(rest)];
    }
    if (typeof given !== 'object' || !given) return anyValue(given);
    if (given instanceof Uint8Array) return field(58, given.slice(0, longest));
    if (around.length >= MAX_DEPTH || around.includes(given)) return [];
    around.push(given);
    try {
      if (Array.isArray(given))
        return field(
          42,
          given.map((item) => (left-- > 0 ? field(10, value(item, longest)) : [])),
        );
      const inside = given instanceof Error ? exceptionAttributes(given) : given;
      const { toJSON } = inside as { toJSON?: unknown };
      if (typeof toJSON === 'function') return value(toJSON.call(inside), longest);
      // A key that is there twice, as a number and as a text, is one on the wire.
      const found: [string, unknown][] = inside instanceof Map ? [...inside] : Object.entries(inside);
      const entries = Object.entries(Object.fromEntries(found.filter(([, item]) => item !== undefined)));
      return field(
        50,
        entries.map(([key, item]) => (left-- > 0 ? keyValue(10, key, item, longest) : [])),
      );
    } catch {
      // A getter or a `toJSON` of the program's.
      return [];
    } finally {
      around.pop();
    }
  };
  const keyValue = (tag: number, key: string, item: unknown, longest: number): Bytes =>
    field(tag, text(10, key), field(18, isSecret(key) ? text(10, redacted) : value(item, longest)));
  /** The body and each attribute may have so many. */
  const fresh = <T>(made: () => T): T => {
    left = MAX_VALUES;
    return made();
  };

  const given = { ...(exception != null && exceptionAttributes(exception as Error)), ...record.attributes };
  const entries = Object.entries(given).filter(([key, item]) => key && item !== undefined);
  return field(
    18,
    encodedTime(9, record.time),
    encodedTime(89, record.observed),
    count(16, record.severityNumber),
    text(26, severityText || undefined),
    body === undefined ? [] : field(42, value(body, 1 / 0)),
    entries.slice(0, most).map(([key, item]) => fresh(() => keyValue(50, key, item, length))),
    count(56, Math.max(entries.length - most, 0)),
    isSpanContextValid(spanContext)
      ? [69, spanContext.traceFlags, 0, 0, 0, hex(74, spanContext.traceId), hex(82, spanContext.spanId)]
      : [],
    text(98, eventName || undefined),
  );
}
