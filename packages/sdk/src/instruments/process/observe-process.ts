import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { Attributes, BatchObservableResult, Observable } from '@opentelemetry/api';
import type { InstrumentHost } from '../../core/instrument.js';
import { sdkVersion } from '../../core/resource/sdk-version.js';
import { diskBytes, openFileDescriptors, processStatus } from './proc.js';

/** Node is asked for these at each collection; none is counted in between. */
type Read = (observe: (value: number | undefined, attributes?: Attributes) => void) => void;

/**
 * Metrics of the operating system's process: processor time and share of it, memory, descriptors, threads, page faults, context switches, bytes to
 * and from storage, age (semantic conventions, "OS process metrics"). A worker thread observes none: they are the whole process's. What an
 * operating system does not tell is left out.
 */
export function observeProcess(host: InstrumentHost): () => void {
  const meter = isMainThread ? host.meterProvider?.getMeter('@throughline/sdk', sdkVersion) : undefined;
  if (!meter) return () => {};
  const all: [Observable, Read][] = [];
  const counter = (name: string, unit: string, description: string, read: Read) =>
    all.push([meter.createObservableCounter(name, { unit, description }), read]);
  const upDown = (name: string, unit: string, description: string, read: Read) =>
    all.push([meter.createObservableUpDownCounter(name, { unit, description }), read]);
  const gauge = (name: string, unit: string, description: string, read: Read) =>
    all.push([meter.createObservableGauge(name, { unit, description }), read]);

  const user = { 'cpu.mode': 'user' };
  const system = { 'cpu.mode': 'system' };
  let before = { ms: performance.now(), cpu: process.cpuUsage() };
  let status = processStatus();
  let usage = process.resourceUsage();
  let disk = diskBytes();

  counter('process.cpu.time', 's', 'Total CPU seconds broken down by different CPU modes.', (observe) => {
    observe(usage.userCPUTime / 1e6, user);
    observe(usage.systemCPUTime / 1e6, system);
  });
  gauge(
    'process.cpu.utilization',
    '1',
    'Difference in process.cpu.time since the last measurement, divided by the elapsed time and number of CPUs available to the process.',
    (observe) => {
      const now = { ms: performance.now(), cpu: process.cpuUsage() };
      // In microseconds, as processor time is.
      const available = (now.ms - before.ms) * 1e3 * availableParallelism();
      if (available > 0) {
        observe((now.cpu.user - before.cpu.user) / available, user);
        observe((now.cpu.system - before.cpu.system) / available, system);
      }
      before = now;
    },
  );
  upDown('process.memory.usage', 'By', 'The amount of physical memory in use.', (observe) =>
    observe(process.memoryUsage.rss()),
  );
  upDown('process.memory.virtual', 'By', 'The amount of committed virtual memory.', (observe) =>
    observe(status.virtualBytes),
  );
  upDown('process.thread.count', '{thread}', 'Process threads count.', (observe) => observe(status.threads));
  upDown(
    'process.unix.file_descriptor.count',
    '{file_descriptor}',
    'Number of UNIX file descriptors in use by the process.',
    (observe) => observe(openFileDescriptors()),
  );
  counter(
    'process.context_switches',
    '{context_switch}',
    'Number of times the process has been context switched.',
    (observe) => {
      observe(usage.voluntaryContextSwitches, { 'process.context_switch.type': 'voluntary' });
      observe(usage.involuntaryContextSwitches, { 'process.context_switch.type': 'involuntary' });
    },
  );
  counter('process.paging.faults', '{fault}', 'Number of page faults the process has made.', (observe) => {
    observe(usage.minorPageFault, { 'system.paging.fault.type': 'minor' });
    observe(usage.majorPageFault, { 'system.paging.fault.type': 'major' });
  });
  counter('process.disk.io', 'By', 'Disk bytes transferred.', (observe) => {
    observe(disk.read, { 'disk.io.direction': 'read' });
    observe(disk.write, { 'disk.io.direction': 'write' });
  });
  gauge('process.uptime', 's', 'The time the process has been running.', (observe) => observe(process.uptime()));

  const observables = all.map(([observable]) => observable);
  const observeAll = (result: BatchObservableResult): void => {
    status = processStatus();
    usage = process.resourceUsage();
    disk = diskBytes();
    for (const [observable, read] of all)
      read((value, attributes) => value !== undefined && result.observe(observable, value, attributes));
  };
  meter.addBatchObservableCallback(observeAll, observables);
  return () => meter.removeBatchObservableCallback(observeAll, observables);
}
