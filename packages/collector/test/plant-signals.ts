import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogBlock } from '../src/process/log-block.js';
import { createMetricReader } from '../src/process/metrics/read-metrics.js';
import type { NativeBlock } from '../src/process/native-block.js';
import { createLogReader } from '../src/process/read-logs.js';
import type { Store } from '../src/store/store.js';
import type { TableName } from '../src/store/stored-tables.js';
import { createMetricBlocks } from './create-metric-blocks.js';
import type { LogRecord } from './expected-log-rows.js';
import type { Metric } from './expected-metric-rows.js';
import { encodeLogs, encodeMetrics } from './otlp-proto.js';

let inserts = 0;

async function insert(store: Pick<Store, 'insert'>, table: TableName, block: NativeBlock): Promise<void> {
  if (block.rows === 0) return;
  const file = join(tmpdir(), `throughline-plant-${process.pid}-${++inserts}.native`);
  writeFileSync(file, Buffer.concat(block.toNative()));
  await store.insert({ table, file, rows: block.rows, token: file });
  rmSync(file);
}

const resourceOf = (service: string) => ({ attributes: [{ key: 'service.name', value: { stringValue: service } }] });

/** Log records of one service, as they would have come. */
export async function plantLogs(
  store: Pick<Store, 'insert'>,
  service: string,
  logRecords: readonly LogRecord[],
): Promise<void> {
  const block = new LogBlock();
  const scopeLogs = [{ scope: { name: 'test' }, logRecords }];
  createLogReader().read(encodeLogs({ resourceLogs: [{ resource: resourceOf(service), scopeLogs }] }), block, 0);
  await insert(store, 'otel_logs', block);
}

/** Metrics of one service. */
export async function plantMetrics(
  store: Pick<Store, 'insert'>,
  service: string,
  metrics: readonly Metric[],
): Promise<void> {
  const blocks = createMetricBlocks();
  const scopeMetrics = [{ metrics }];
  createMetricReader().read(
    encodeMetrics({ resourceMetrics: [{ resource: resourceOf(service), scopeMetrics }] }),
    blocks,
    0,
  );
  await insert(store, 'otel_metrics_gauge', blocks.gauge);
  await insert(store, 'otel_metrics_sum', blocks.sum);
  await insert(store, 'otel_metrics_histogram', blocks.histogram);
  await insert(store, 'otel_metrics_exp_histogram', blocks.exponentialHistogram);
  await insert(store, 'otel_metrics_summary', blocks.summary);
}
