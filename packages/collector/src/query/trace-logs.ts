import { createBindings } from './bindings.js';
import { LOG_ROW, type LogRow, logRecordsJson } from './log-records.js';
import type { Reader } from './reader.js';
import { LAST_NANO, type TimeRange } from './time-range.js';
import { traceTimes, withinAny } from './trace-times.js';

/** What one answer holds at most. */
const MOST_RECORDS = 2_000;
/** A record may be written before its trace's first span has begun, and after its last has ended; further away than this nobody looks. */
const AROUND_NANO = 3_600_000_000_000n;

/** The log records of one trace, earliest first, as the JSON of a `TraceLogsAnswer`. The id is a normal one. */
export async function traceLogs(reader: Reader, traceId: string): Promise<string> {
  const times = await traceTimes(reader, [traceId]);
  const bindings = createBindings();
  // Of a trace whose spans are not known nothing says when it was: the index on the id has to find it in all that is kept.
  const rows = await reader.rows<LogRow>(
    `SELECT ${LOG_ROW} FROM otel_logs
     PREWHERE TraceId = ${bindings.bind('String', traceId)} WHERE ${withinAny(times?.map(around), bindings, 'otel_logs')}
     ORDER BY Timestamp, SpanId LIMIT ${MOST_RECORDS + 1}`,
    bindings,
  );
  const truncated = rows.length > MOST_RECORDS ? ',"truncated":true' : '';
  return `{${logRecordsJson(rows.slice(0, MOST_RECORDS))}${truncated},"stats":${JSON.stringify(reader.stats())}}`;
}

function around({ startNano, endNano }: TimeRange): TimeRange {
  return {
    startNano: startNano > AROUND_NANO ? startNano - AROUND_NANO : 0n,
    endNano: endNano < LAST_NANO - AROUND_NANO ? endNano + AROUND_NANO : LAST_NANO,
  };
}
