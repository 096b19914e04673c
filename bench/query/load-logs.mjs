/*
 * Fills `otel_logs` of a data directory by the engine itself, with a day of records as services of a shop write them: five kinds of sentences with
 * numbers in them, a word of sixteen digits that comes once, one of five letters and digits that comes some twenty times, five attributes, a twentieth of them errors. Run as a program of its own:
 * node load-logs.mjs <data directory> <records> <end, Unix seconds>
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { Session } = createRequire(import.meta.url)('chdb');

const [data, recordsText, endText] = process.argv.slice(2);
const records = Number(recordsText);
const endSeconds = Number(endText);
const DAY_NANO = 86_400_000_000_000;
/** As a collector inserts: in the order of time, some hundred thousand rows in a part. */
const BATCH = 500_000;

const session = new Session(join(data, 'engine'));
await session.queryAsync('USE otel', { format: 'TSV' });

const select = (from, count) => `
SELECT
  fromUnixTimestamp64Nano(toInt64(${endSeconds}000000000) - toInt64(${DAY_NANO}) + toInt64(number * ${DAY_NANO / records})) AS Timestamp,
  if(kind < 2, lower(hex(sipHash128(intDiv(number, 7), 'trace'))), '') AS TraceId,
  if(kind < 2, lower(hex(reinterpret(sipHash64(number, 'span'), 'FixedString(8)'))), '') AS SpanId,
  if(failed, 'ERROR', if(h % 13 = 0, 'WARN', 'INFO')) AS SeverityText, if(failed, 17, if(h % 13 = 0, 13, 9)) AS SeverityNumber,
  concat('service-', leftPad(toString(h % 20), 2, '0')) AS ServiceName,
  concat(arrayElement(['Order ', 'Payment of order ', 'User u', 'Cache miss for key session:', 'Request to /api/items/'], 1 + kind), toString(h % 1000000),
    if(failed, ' failed: connection reset by ', arrayElement([' taken by worker ', ' declined by the bank after ', ' logged in from 10.0.', ' reloaded from database in ', ' answered 200 in '], 1 + kind)),
    toString(sipHash64(number, 'ms') % 5000), ' ms req=', lower(hex(sipHash64(number, 'req'))), ' batch=k', lower(hex(toUInt32(sipHash64(number, 'batch') % ${Math.max(1, Math.round(records / 20))})))) AS Body,
  map('service.name', ServiceName, 'service.version', concat('1.', toString(h % 9)), 'host.name', concat('node-', toString(h % 12)), 'deployment.environment.name', 'production') AS ResourceAttributes,
  'shop' AS ScopeName,
  map('thread.id', toString(h % 8), 'http.route', concat('/api/', toString(h % 12)), 'user.id', concat('u', toString(h % 100000)), 'code.function.name', concat('handle', toString(kind)), 'retry', toString(h % 3)) AS LogAttributes,
  'isssi' AS LogAttributeTypes
FROM (SELECT number, sipHash64(number) AS h, h % 5 AS kind, sipHash64(number, 'failed') % 20 = 0 AS failed FROM numbers(${from}, ${count}))`;
const columns =
  'Timestamp, TraceId, SpanId, SeverityText, SeverityNumber, ServiceName, Body, ResourceAttributes, ScopeName, LogAttributes, LogAttributeTypes';

for (let from = 0; from < records; from += BATCH) {
  await session.queryAsync(
    `INSERT INTO otel_logs (${columns}) SELECT ${columns} FROM (${select(from, Math.min(BATCH, records - from))}) SETTINGS async_insert = 0, max_block_size = 65536, min_insert_block_size_rows = ${BATCH}, min_insert_block_size_bytes = 0`,
    { format: 'Null' },
  );
  process.send?.({ loaded: Math.min(from + BATCH, records) });
}
// What the engine merges by itself within the next minutes, so that figures do not depend on the moment they are taken.
await session.queryAsync('OPTIMIZE TABLE otel_logs', { format: 'Null' }).catch(() => undefined);
for (;;) {
  const merging = session.query('SELECT count() FROM system.merges', 'TSV').trim();
  if (merging === '0') break;
  await new Promise((later) => setTimeout(later, 500));
}
session.close();
process.exit(0);
