import type { Metrics } from './metrics.js';

/** What Prometheus' own clients say of every process, under the same names. */
export function addProcessMetrics(metrics: Metrics, version: string): void {
  metrics.counter('throughline_build_info', 'Always 1; the version stands in the label.', ['version']).add(1, version);
  const startedSeconds = Math.round(Date.now() / 1000 - process.uptime());
  metrics.gauge('process_start_time_seconds', 'When the process started, in Unix seconds.', () => startedSeconds);
  metrics.total('process_cpu_seconds_total', 'Processor time of this process, without the engine’s.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge('process_resident_memory_bytes', 'Memory of this process, without the engine’s.', () =>
    process.memoryUsage.rss(),
  );
}
