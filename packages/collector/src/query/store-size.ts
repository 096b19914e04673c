import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';

interface StoreSize {
  readonly spans: number;
  readonly logRecords: number;
  readonly metricPoints: number;
  readonly bytesOnDisk: number;
}

/** How much is kept: from the engine's own books, so it costs nothing however much that is. */
export async function storeSize(reader: Reader): Promise<StoreSize> {
  const [row] = await reader.rows<{
    readonly spans: string;
    readonly records: string;
    readonly points: string;
    readonly bytes: string;
  }>(
    `SELECT sumIf(rows, table = 'otel_traces') AS spans, sumIf(rows, table = 'otel_logs') AS records,
       sumIf(rows, startsWith(table, 'otel_metrics_') AND table NOT IN ('otel_metrics_series', 'otel_metrics_sum_steps')) AS points, sum(bytes_on_disk) AS bytes
     FROM system.parts WHERE active AND database = currentDatabase() AND startsWith(table, 'otel_')`,
    createBindings(),
  );
  return {
    spans: Number(row?.spans ?? 0),
    logRecords: Number(row?.records ?? 0),
    metricPoints: Number(row?.points ?? 0),
    bytesOnDisk: Number(row?.bytes ?? 0),
  };
}
