/*
 * Fills the tables of a data directory by the engine itself, with spans as a shop of many services makes them: skewed services, a few
 * operations each, ten attributes (of HTTP where a service is entered, of a database elsewhere), random ids, a day of time. Run as a program of its own (the engine takes one directory per process):
 * node load-spans.mjs <data directory> <spans> <end, Unix seconds>
 */
import { fillTable } from './fill-table.mjs';

const [data, spansText, endText] = process.argv.slice(2);
const spans = Number(spansText);
const endSeconds = Number(endText);
const PER_TRACE = 20;
const traces = spans / PER_TRACE;
const DAY_NANO = 86_400_000_000_000;

// Traces start evenly over the day; `t` is the trace's number, `i` the span's place in it, `h` random per trace.
const select = (from, count) => `
SELECT
  fromUnixTimestamp64Nano(toInt64(${endSeconds}000000000) - toInt64(${DAY_NANO}) + toInt64(toUInt64(t) * ${Math.floor(DAY_NANO / traces)})
    + toInt64(i * 2000000) + toInt64(cityHash64(number, 'ns') % 1900000)) AS Timestamp,
  lower(hex(sipHash128(t, 'trace'))) AS TraceId,
  lower(hex(reinterpret(sipHash64(number, 'span'), 'FixedString(8)'))) AS SpanId,
  if(i = 0, '', lower(hex(reinterpret(sipHash64(t * ${PER_TRACE} + intDiv(i - 1, 3), 'span'), 'FixedString(8)')))) AS ParentSpanId,
  '' AS TraceState,
  arrayElement(['GET', 'POST', 'SELECT', 'process', 'fetch', 'publish', 'render', 'INSERT'], 1 + (h + i) % 8) AS verb,
  concat(verb, ' /', toString(1 + (h + i * 7) % 12)) AS SpanName,
  if(i = 0, 'Server', arrayElement(['Client', 'Server', 'Internal', 'Client', 'Producer', 'Consumer', 'Internal', 'Client'], 1 + (h + i) % 8)) AS SpanKind,
  concat('service-', leftPad(toString(least(bitCount(h % 1048576), 10) + 10 * ((h + intDiv(i, 4)) % 3)), 2, '0')) AS ServiceName,
  (sipHash64(t, intDiv(i, 4)) % 5) AS instance,
  map('service.name', ServiceName, 'service.version', concat('1.', toString(cityHash64(ServiceName) % 9)), 'host.name', concat('node-', toString(cityHash64(ServiceName, instance) % 12)),
    'k8s.pod.name', concat(ServiceName, '-', lower(hex(cityHash64(ServiceName, instance) % 65536))), 'deployment.environment.name', 'production',
    'telemetry.sdk.language', 'nodejs') AS ResourceAttributes,
  'throughline' AS ScopeName, '0.1.0' AS ScopeVersion,
  i % 4 = 0 AS entry,
  if(entry,
    map('http.request.method', verb, 'http.route', concat('/api/', toString(1 + (h + i * 7) % 12), '/{id}'), 'url.path', concat('/api/', toString(1 + (h + i * 7) % 12), '/', toString(sipHash64(number, 'path') % 20000)),
      'http.response.status_code', toString(if(failed, 500, 200)), 'server.address', concat(ServiceName, '.internal'), 'server.port', '8080', 'network.protocol.version', '1.1',
      'user.id', concat('u', toString(sipHash64(t, 'user') % 100000)), 'thread.id', toString(i % 8), 'app.cart.items', toString(sipHash64(t, 'cart') % 20)),
    map('db.system.name', 'postgresql', 'db.namespace', 'shop', 'db.operation.name', verb, 'db.collection.name', concat('table_', toString((h + i) % 9)),
      'db.query.text', concat(verb, ' something of table_', toString((h + i) % 9), ' where id = $1 and owner = $2'), 'db.response.returned_rows', toString(sipHash64(number, 'rows') % 50),
      'server.address', 'postgres.internal', 'server.port', '5432', 'network.transport', 'tcp', 'thread.id', toString(i % 8))) AS SpanAttributes,
  toUInt64(200000 * exp(9 * pow((sipHash64(number, 'duration') % 1000000) / 1000000., 3))) AS Duration,
  if(failed, 'Error', 'Unset') AS StatusCode,
  if(failed, 'upstream failed', '') AS StatusMessage,
  'ssssss' AS ResourceAttributeTypes, if(entry, 'sssisissii', 'sssssisisi') AS SpanAttributeTypes, 257 AS SpanFlags
FROM (SELECT number, intDiv(number, ${PER_TRACE}) AS t, number % ${PER_TRACE} AS i, sipHash64(t) AS h, sipHash64(number, 'failed') % 100 = 0 AS failed
      FROM numbers(${from}, ${count}))`;
const columns =
  'Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage, ResourceAttributeTypes, SpanAttributeTypes, SpanFlags';

await fillTable({ data, table: 'otel_traces', columns, rows: spans, select, multipleOf: PER_TRACE });
