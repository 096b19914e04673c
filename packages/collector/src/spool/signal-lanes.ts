import { LogBlock } from '../process/log-block.js';
import { KnownSeries } from '../process/metrics/known-series.js';
import {
  ExponentialHistogramBlock,
  HistogramBlock,
  NumberBlock,
  SummaryBlock,
} from '../process/metrics/metric-blocks.js';
import { createMetricReader } from '../process/metrics/read-metrics.js';
import type { NativeBlock } from '../process/native-block.js';
import { createLogReader } from '../process/read-logs.js';
import type { ReadResult } from '../process/read-request.js';
import { createTraceReader } from '../process/read-traces.js';
import type { Signal } from '../process/signal.js';
import { TraceBlock } from '../process/trace-block.js';
import { type AnyLane, Lane, type LaneHost } from './lane.js';

interface Incoming {
  readonly bytes: Uint8Array;
  readonly receivedUnixMs: number;
}

interface Way {
  readonly lanes: readonly AnyLane[];
  /** Into the blocks that `blockOf` names. */
  readonly read: (request: Incoming, blockOf: BlockOf) => ReadResult;
  /** Rows that were read do not reach the disk, or not the store. */
  readonly onLost?: () => void;
}

/** Where the rows for a lane go: into the block that it fills, unless they are there already. */
type BlockOf = <Block extends NativeBlock>(lane: Lane<Block>) => Block;

/** The lanes of all tables, and how a request of each signal becomes rows in them. */
export function createSignalLanes(host: LaneHost): Readonly<Record<Signal, Way>> {
  return { traces: traces(host), logs: logs(host), metrics: metrics(host) };
}

function traces(host: LaneHost): Way {
  const reader = createTraceReader();
  const spans = new Lane('otel_traces', () => new TraceBlock(), host);
  return {
    lanes: [spans],
    read: ({ bytes, receivedUnixMs }, blockOf) => reader.read(bytes, blockOf(spans), receivedUnixMs),
  };
}

function logs(host: LaneHost): Way {
  const reader = createLogReader();
  const records = new Lane('otel_logs', () => new LogBlock(), host);
  return {
    lanes: [records],
    read: ({ bytes, receivedUnixMs }, blockOf) => reader.read(bytes, blockOf(records), receivedUnixMs),
  };
}

function metrics(host: LaneHost): Way {
  const known = new KnownSeries();
  const reader = createMetricReader(known);
  const gauge = new Lane('otel_metrics_gauge', () => new NumberBlock('gauge'), host);
  const sum = new Lane('otel_metrics_sum', () => new NumberBlock('sum'), host);
  const histogram = new Lane('otel_metrics_histogram', () => new HistogramBlock(), host);
  const exponential = new Lane('otel_metrics_exp_histogram', () => new ExponentialHistogramBlock(), host);
  const summary = new Lane('otel_metrics_summary', () => new SummaryBlock(), host);
  const lanes = [gauge, sum, histogram, exponential, summary];
  return {
    lanes,
    onLost() {
      known.forget();
      for (const { filling } of lanes) filling.knowsNoSeries();
    },
    read: ({ bytes, receivedUnixMs }, blockOf) =>
      reader.read(
        bytes,
        {
          gauge: blockOf(gauge),
          sum: blockOf(sum),
          histogram: blockOf(histogram),
          exponentialHistogram: blockOf(exponential),
          summary: blockOf(summary),
        },
        receivedUnixMs,
      ),
  };
}
