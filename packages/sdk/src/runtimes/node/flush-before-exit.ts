import type { Telemetry } from '../../core/telemetry-handle.js';

/**
 * Sends what is left when the process has run out of work. Holds it for at most `timeoutMs`, and once only: a collector that is
 * away must not turn the end of a program into a loop. Returns how to stop listening.
 */
export function flushBeforeExit(
  telemetry: Telemetry,
  timeoutMs: number,
  target: Pick<NodeJS.Process, 'on' | 'removeListener'> = process,
): () => void {
  let failed = false;
  const onBeforeExit = (): void => {
    const { state, queued, stored } = telemetry.status();
    if (failed || state === 'shut-down' || queued.items + stored.items === 0) return;
    // Nothing of telemetry keeps a process alive by itself, so something must while this lasts.
    const held = setTimeout(() => {}, timeoutMs);
    void telemetry.flush({ timeoutMs }).then((sent) => {
      failed = !sent;
      clearTimeout(held);
    });
  };
  target.on('beforeExit', onBeforeExit);
  return () => {
    target.removeListener('beforeExit', onBeforeExit);
  };
}
