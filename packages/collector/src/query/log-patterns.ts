import type { LogPatternsAnswer } from '../shapes/api.js';
import { LOG_MASKS, MOST_CHARACTERS, STRUCTURED_MASK } from '../shapes/log-pattern.js';
import { type Bindings, createBindings } from './bindings.js';
import { everyBlock } from './every-block.js';
import { type LogQuestion, logCondition } from './log-question.js';
import type { Reader } from './reader.js';

/** Of more, so many-th blocks of rows are looked at, evenly over time and services, and counts are multiplied. */
const MOST_LOOKED_AT = 200_000;

/** Similar bodies folded together, the commonest first. */
export async function logPatterns(
  reader: Reader,
  question: LogQuestion & { readonly limit: number },
): Promise<LogPatternsAnswer> {
  const counting = createBindings();
  const [all] = await reader.rows<{ readonly records: string }>(
    `SELECT count() AS records FROM otel_logs WHERE ${logCondition(question, counting)}`,
    counting,
  );
  const records = Number(all?.records ?? 0);
  const every = Math.max(1, Math.ceil(records / MOST_LOOKED_AT));
  const bindings = createBindings();
  const rows = await reader.rows<{
    readonly pattern: string;
    readonly example: string;
    readonly records: string;
    readonly first: string;
    readonly last: string;
    readonly severity: number;
    readonly services: readonly string[];
  }>(
    `SELECT ${maskSql('Text', bindings)} AS pattern, argMax(Text, Timestamp) AS example, count() AS records,
       toUnixTimestamp64Nano(min(Timestamp)) AS first, toUnixTimestamp64Nano(max(Timestamp)) AS last,
       max(SeverityNumber) AS severity, arraySort(groupUniqArray(5)(ServiceName)) AS services
     FROM (SELECT Timestamp, SeverityNumber, ServiceName, BodyType,
         leftUTF8(if(Body = '', toString(EventName), Body), ${MOST_CHARACTERS}) AS Text
       FROM otel_logs ${everyBlock(every)} WHERE ${logCondition(question, bindings)})
     GROUP BY pattern ORDER BY records DESC, pattern LIMIT ${question.limit + 1}`,
    bindings,
  );
  return {
    patterns: rows.slice(0, question.limit).map((row) => ({
      pattern: row.pattern,
      example: row.example,
      records: Number(row.records) * every,
      firstUnixNano: row.first,
      lastUnixNano: row.last,
      severityNumber: row.severity,
      services: row.services,
    })),
    records,
    ...(rows.length > question.limit ? { truncated: true } : {}),
    ...(every > 1 ? { sampled: rows.reduce((sum, row) => sum + Number(row.records), 0) } : {}),
    stats: reader.stats(),
  };
}

function maskSql(column: string, bindings: Bindings): string {
  const replace = (text: string, pattern: string, mark: string) =>
    `replaceRegexpAll(${text}, ${bindings.bind('String', pattern)}, ${bindings.bind('String', mark)})`;
  const [quoted, ...others] = LOG_MASKS;
  const first = `if(BodyType IN ('m', 'a'), ${replace(column, STRUCTURED_MASK.pattern, STRUCTURED_MASK.mark)}, ${replace(column, quoted!.pattern, quoted!.mark)})`;
  return others.reduce((text, { pattern, mark }) => replace(text, pattern, mark), first);
}
