import type { Telemetry } from '../../core/telemetry-handle.js';

const LOOK_EVERY_MS = 20;

/**
 * Sends what is left, metrics that were not collected yet included, when the process has run out of work. Holds it until all is accepted, until nobody answers, or for
 * `timeoutMs`, whichever comes first: the end of a script must not wait for a collector that is not there. Returns how to
 * stop listening.
 */
export function flushBeforeExit(
  telemetry: Pick<Telemetry, 'flush' | 'status'>,
  timeoutMs: number,
  target: Pick<NodeJS.Process, 'on' | 'removeListener'> = process,
): () => void {
  let givenUp = false;
  /** What a store still had when all of this process's was sent: other processes' or of other destinations, and safe there. */
  let others = 0;

  const onBeforeExit = (): void => {
    const { state, queued, stored, uncollected } = telemetry.status();
    // Node says it again after each piece of work that was begun here; a collector that is away is not asked in a loop.
    if (givenUp || state === 'shut-down' || (queued.items === 0 && stored.items <= others && !uncollected)) return;
    const begunMs = Date.now();
    const release = (sent: boolean): void => {
      givenUp ||= !sent;
      others = telemetry.status().stored.items;
      clearInterval(held);
    };
    // Nothing of telemetry keeps a process alive by itself, so this does.
    const held = setInterval(() => {
      if (Date.now() - begunMs >= timeoutMs || nobodyAnswers(telemetry, begunMs)) release(false);
    }, LOOK_EVERY_MS);
    void telemetry.flush({ timeoutMs }).then(release);
  };

  target.on('beforeExit', onBeforeExit);
  return () => {
    target.removeListener('beforeExit', onBeforeExit);
  };
}

/** Every destination has failed since then, and its next attempt is a matter of seconds. */
export function nobodyAnswers(telemetry: Pick<Telemetry, 'status'>, sinceMs: number): boolean {
  const { destinations, lastError } = telemetry.status();
  return (
    lastError !== undefined &&
    lastError.unixMs >= sinceMs &&
    destinations.every(({ failures, nextAttemptUnixMs }) => failures > 0 && (nextAttemptUnixMs ?? 0) > Date.now())
  );
}
