import {
  ExponentialHistogramBlock,
  HistogramBlock,
  type MetricBlocks,
  NumberBlock,
  SummaryBlock,
} from '../src/process/metrics/metric-blocks.js';
import type { NativeBlock } from '../src/process/native-block.js';

export const createMetricBlocks = (): MetricBlocks & Readonly<Record<string, NativeBlock>> => ({
  gauge: new NumberBlock('gauge'),
  sum: new NumberBlock('sum'),
  histogram: new HistogramBlock(),
  exponentialHistogram: new ExponentialHistogramBlock(),
  summary: new SummaryBlock(),
});
