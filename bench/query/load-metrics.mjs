/*
 * Fills the table of sums of a data directory by the engine itself: one counter of 10,000 series (ten services, a hundred routes, ten instances of each), a point every 15 s
 * over six hours, each series beginning at another second; a twentieth of them restart once. Run as a program of its own:
 * node load-metrics.mjs <data directory> <points> <end, Unix seconds>
 */
import { fillTable } from './fill-table.mjs';

const [data, pointsText, endText] = process.argv.slice(2);
const endSeconds = Number(endText);
const STEP = 15;
const POINTS = (6 * 3600) / STEP;
const series = Number(pointsText) / POINTS;

const columns =
  'ServiceName, ResourceAttributes, ScopeName, MetricName, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Value, AggregationTemporality, IsMonotonic';
const select = (from, count) => `
SELECT concat('service-', toString(s % 10)) AS ServiceName,
  map('service.name', ServiceName, 'service.instance.id', toString(intDiv(s, 1000)), 'service.version', '1.4.2', 'host.name', concat('node-', toString(s % 12))) AS ResourceAttributes,
  'bench' AS ScopeName, 'http.server.requests' AS MetricName, '{request}' AS MetricUnit,
  map('http.route', concat('/api/', toString(intDiv(s, 10) % 100)), 'http.response.status_code', toString(if(s % 7 = 0, 500, 200)), 'http.request.method', 'GET') AS Attributes,
  s % 20 = 3 AND k >= restart AS restarted,
  fromUnixTimestamp64Nano(toInt64(begin + if(restarted, restart * ${STEP}, -3600)) * 1000000000) AS StartTimeUnix,
  fromUnixTimestamp64Nano(toInt64(begin + k * ${STEP} + s % ${STEP}) * 1000000000 + toInt64(s % 997) * 1000000) AS TimeUnix,
  toFloat64((k - if(restarted, restart, -240)) * (1 + s % 13) + intDiv(cityHash64(s, k) % 3 + 3 * k, 3)) AS Value, 2 AS AggregationTemporality, true AS IsMonotonic
FROM (SELECT number % ${series} AS s, intDiv(number, ${series}) AS k, ${endSeconds - POINTS * STEP} AS begin, 200 + cityHash64(s) % 1000 AS restart
  FROM numbers(${from}, ${count}))`;

await fillTable({ data, table: 'otel_metrics_sum', columns, rows: Number(pointsText), select, multipleOf: series });
