/** Microseconds of processor that this process used since `since`, all its threads together: compiling and collecting garbage too. */
export function processorMicros(since) {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

export const median = (values) => percentile(values, 0.5);

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
