import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Attributes, Meter } from '@opentelemetry/api';

/** Each look wakes the process: at 10 ms an idle one used 0.4 % of a processor on the machine where this was measured, at 20 ms 0.2 %. */
const defaultResolutionMs = 20;

export interface EventLoopOptions {
  /**
   * A timer of Node's looks this often how late it is, in milliseconds from 1. Default 20. What blocks for less is not seen, and the delays that are told
   * contain it: in a process with nothing to do they are about as large as this.
   */
  readonly resolutionMs?: number | undefined;
}

const quantiles = [50, 90, 99] as const;

/**
 * `nodejs.eventloop.delay.*`, of the time since they were collected last; `nodejs.eventloop.utilization`, of the same time; `nodejs.eventloop.time`,
 * since the loop began (semantic conventions, "Node.js runtime metrics").
 */
export function observeEventLoop(
  meter: Meter,
  attributes: Attributes,
  { resolutionMs = defaultResolutionMs }: EventLoopOptions,
): () => void {
  const delay = (name: string, description: string) =>
    meter.createObservableGauge(`nodejs.eventloop.delay.${name}`, { unit: 's', description });
  const min = delay('min', 'Event loop minimum delay.');
  const max = delay('max', 'Event loop maximum delay.');
  const mean = delay('mean', 'Event loop mean delay.');
  const stddev = delay('stddev', 'Event loop standard deviation delay.');
  const percentiles = quantiles.map(
    (percent) => [percent, delay(`p${percent}`, `Event loop ${percent} percentile delay.`)] as const,
  );
  const utilization = meter.createObservableGauge('nodejs.eventloop.utilization', {
    unit: '1',
    description: 'Event loop utilization.',
  });
  const time = meter.createObservableCounter('nodejs.eventloop.time', {
    unit: 's',
    description: 'Cumulative duration of time the event loop has been in each state.',
  });
  const active = { ...attributes, 'nodejs.eventloop.state': 'active' };
  const idle = { ...attributes, 'nodejs.eventloop.state': 'idle' };

  const histogram = monitorEventLoopDelay({ resolution: Math.max(1, Math.round(resolutionMs)) || defaultResolutionMs });
  histogram.enable();
  let before: EventLoopUtilization = performance.eventLoopUtilization();

  const all = [min, max, mean, stddev, ...percentiles.map(([, gauge]) => gauge), utilization, time];
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    // Without one sample the least is the largest there is.
    if (histogram.count > 0) {
      result.observe(min, histogram.min / 1e9, attributes);
      result.observe(max, histogram.max / 1e9, attributes);
      result.observe(mean, histogram.mean / 1e9, attributes);
      result.observe(stddev, histogram.stddev / 1e9, attributes);
      for (const [percent, gauge] of percentiles)
        result.observe(gauge, histogram.percentile(percent) / 1e9, attributes);
      histogram.reset();
    }
    const now = performance.eventLoopUtilization();
    result.observe(utilization, performance.eventLoopUtilization(now, before).utilization, attributes);
    result.observe(time, now.active / 1e3, active);
    result.observe(time, now.idle / 1e3, idle);
    before = now;
  };
  meter.addBatchObservableCallback(observe, all);
  return () => {
    meter.removeBatchObservableCallback(observe, all);
    histogram.disable();
  };
}
