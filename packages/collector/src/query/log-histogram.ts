import type { LogHistogramAnswer } from '../shapes/api.js';
import { SEVERITY_NAMES } from '../shapes/log-filter.js';
import { createBindings } from './bindings.js';
import { stepFor } from './histogram.js';
import { type LogQuestion, logCondition } from './log-question.js';
import type { Reader } from './reader.js';

/** Matching records over time by severity. Buckets start at multiples of their width, so that they stay put while a page refreshes. */
export async function logHistogram(
  reader: Reader,
  question: LogQuestion & { readonly buckets: number },
): Promise<LogHistogramAnswer> {
  const { range } = question;
  const step = stepFor(range, question.buckets);
  const start = (range.startNano / step) * step;
  const length = Number((range.endNano - start + step - 1n) / step);
  const bindings = createBindings();
  // Ranges of four: 0 says none, 1 to 4 is TRACE, 5 to 8 DEBUG …
  const rows = await reader.rows<{ readonly bucket: string; readonly four: number; readonly records: string }>(
    `SELECT intDiv(toUnixTimestamp64Nano(Timestamp) - toInt64(${bindings.bind('Int64', String(start))}), toInt64(${bindings.bind('Int64', String(step))})) AS bucket,
       least(intDiv(SeverityNumber + 3, 4), ${SEVERITY_NAMES.length}) AS four, count() AS records
     FROM otel_logs WHERE ${logCondition(question, bindings)} GROUP BY bucket, four`,
    bindings,
  );
  const counts = new Map<number, number[]>();
  let records = 0;
  for (const row of rows) {
    const count = counts.get(row.four) ?? new Array<number>(length).fill(0);
    counts.set(row.four, count);
    count[Number(row.bucket)] = Number(row.records);
    records += Number(row.records);
  }
  const severities = [...counts]
    .sort(([one], [other]) => other - one)
    .map(([four, count]) => ({ severity: SEVERITY_NAMES[four - 1] ?? ('none' as const), count }));
  return { stepNano: Number(step), startUnixNano: String(start), records, severities, stats: reader.stats() };
}
