import type { ServiceErrorsAnswer } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { IS_ERROR } from './stored-names.js';
import { type TimeRange, withinRange } from './time-range.js';

const MOST_KINDS = 50;
/** So many frames of a stack tell one failure from another; what lies below is who called it. */
const TOP_FRAMES = 3;

interface Row {
  readonly fingerprint: string;
  readonly type: string;
  readonly message: string;
  readonly frames: readonly string[];
  readonly operation: string;
  readonly count: string;
  readonly first: string;
  readonly last: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly versions: readonly string[];
}

/** What of a message differs from one time to the next: ids, numbers, what stands in quotes. */
const SHAPE = `replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(substring(message, 1, 500),
  '"[^"]*"|''[^'']*''|\`[^\`]*\`', '…'), '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|\\\\b[0-9a-fA-F]{8,}\\\\b', '…'), '[0-9]+(?:[.,][0-9]+)*', '…')`;
/** Frames without their places: a line that moves is the same failure. Those of V8, Python, the JVM, .NET, Firefox and Go. */
const FRAMES = `arraySlice(arrayMap(line -> replaceRegexpAll(replaceRegexpAll(trimBoth(line), '[?#][^):]*', ''), ':[0-9]+(?::[0-9]+)?|, line [0-9]+|:line [0-9]+', ''),
  arrayFilter(line -> match(line, '^\\\\s*at |^\\\\s*File "|^[^ ]*@.*:[0-9]+|^\\\\s+/.*\\\\.go:[0-9]+'), splitByChar('\\n', substring(stack, 1, 8000)))), 1, ${TOP_FRAMES})`;

/**
 * What went wrong in a service, each failure once: the same type, the same message but for what differs each time, the same top frames. Of exceptions on spans, and of failed spans that
 * have none; those that happened last come first.
 */
export async function serviceErrors(
  reader: Reader,
  { service, range }: { readonly service: string; readonly range: TimeRange },
): Promise<ServiceErrorsAnswer> {
  const bindings = createBindings();
  const where = `ServiceName = ${bindings.bind('String', service)} AND ${withinRange(range, bindings)}`;
  const columns =
    "SpanName::String AS operation, Timestamp AS began, TraceId, SpanId, ResourceAttributes['service.version'] AS version";
  const rows = await reader.rows<Row>(
    `SELECT toString(cityHash64(type, shape, top)) AS fingerprint, type, argMax(message, moment) AS message, top AS frames, argMax(operation, moment) AS operation, count() AS count,
       toUnixTimestamp64Nano(min(moment)) AS first, toUnixTimestamp64Nano(max(moment)) AS last, argMax(TraceId, moment) AS traceId, argMax(SpanId, moment) AS spanId,
       arraySort(groupUniqArray(10)(version)) AS versions
     FROM (SELECT type, message, ${SHAPE} AS shape, ${FRAMES} AS top, moment, operation, TraceId, SpanId, version
       FROM (
         SELECT ${columns}, moment, attributes['exception.type'] AS type, attributes['exception.message'] AS message, attributes['exception.stacktrace'] AS stack
         FROM otel_traces ARRAY JOIN Events.Name AS name, Events.Timestamp AS moment, Events.Attributes AS attributes WHERE ${where} AND name = 'exception'
         UNION ALL
         SELECT ${columns}, began AS moment, SpanAttributes['error.type'] AS type, StatusMessage AS message, '' AS stack
         FROM otel_traces WHERE ${where} AND ${IS_ERROR} AND NOT has(Events.Name, 'exception')))
     GROUP BY type, shape, top ORDER BY last DESC, fingerprint LIMIT ${MOST_KINDS}`,
    bindings,
  );
  return {
    errors: rows.map(({ count, first, last, versions, ...row }) => ({
      ...row,
      count: Number(count),
      firstUnixNano: first,
      lastUnixNano: last,
      versions: versions.filter((version) => version !== ''),
    })),
    stats: reader.stats(),
  };
}
