import type { LogRecordDetail } from '#shapes/api.js';
import { loudness } from '../log-record.js';
import type { TraceColumns } from './columns.js';

/** Where a log record happened in the waterfall. */
export interface LogMark {
  /** Nanoseconds since the trace's origin, moved with the clock of the process that wrote it. */
  readonly at: number;
  readonly loudness: ReturnType<typeof loudness>;
  readonly record: LogRecordDetail;
}

/** The records of a trace by the span they belong to, each list in the order of time. Records of no span, or of one that is not there, are left out. */
export function logMarks(
  columns: Pick<TraceColumns, 'originUnixNano' | 'process' | 'processes' | 'spanIds'>,
  records: readonly LogRecordDetail[],
): ReadonlyMap<number, readonly LogMark[]> {
  const marks = new Map<number, LogMark[]>();
  if (records.length === 0) return marks;
  const spanOf = new Map(columns.spanIds.map((id, span) => [id, span]));
  const origin = BigInt(columns.originUnixNano);
  for (const record of records) {
    const span = spanOf.get(record.spanId);
    if (span === undefined) continue;
    const moved = columns.processes[columns.process[span]!]!.movedNano;
    const mark = { at: Number(BigInt(record.timeUnixNano) - origin) + moved, loudness: loudness(record), record };
    const list = marks.get(span);
    if (list === undefined) marks.set(span, [mark]);
    else list.push(mark);
  }
  return marks;
}
