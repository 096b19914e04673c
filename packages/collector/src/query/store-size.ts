import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';

/** How much is kept: from the engine's own books, so it costs nothing however much that is. */
export async function storeSize(reader: Reader): Promise<{ readonly spans: number; readonly bytesOnDisk: number }> {
  const [row] = await reader.rows<{ readonly spans: string; readonly bytes: string }>(
    `SELECT sumIf(rows, table = 'otel_traces') AS spans, sum(bytes_on_disk) AS bytes
     FROM system.parts WHERE active AND database = currentDatabase() AND startsWith(table, 'otel_')`,
    createBindings(),
  );
  return { spans: Number(row?.spans ?? 0), bytesOnDisk: Number(row?.bytes ?? 0) };
}
