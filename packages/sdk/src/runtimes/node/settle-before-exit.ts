import type { Telemetry } from '../../core/telemetry-handle.js';
import { nobodyAnswers } from './flush-before-exit.js';

const LOOK_EVERY_MS = 20;

/**
 * `flush` and `shutdown` that settle also when the process has run out of other work. Telemetry's timers do not keep a process alive, so
 * a program that waits at its top level (`await telemetry.flush()`) would otherwise end there, with Node's exit code 13, whenever
 * nobody answers. It is held until the receiver has answered, until nobody answers (then they settle `false`), or until their own time is up.
 * The process is listened to only while somebody waits.
 */
export function settleBeforeExit(
  telemetry: Pick<Telemetry, 'flush' | 'shutdown' | 'status'>,
  target: Pick<NodeJS.Process, 'on' | 'removeListener'> = process,
): Pick<Telemetry, 'flush' | 'shutdown'> {
  const { flush, shutdown } = telemetry;
  /** What is waited for, and since when. */
  const waiting = new Map<() => void, number>();

  const settling =
    (ask: Telemetry['flush']): Telemetry['flush'] =>
    (options) =>
      new Promise((resolve) => {
        const settle = (sent: boolean): void => {
          waiting.delete(giveUp);
          if (waiting.size === 0) target.removeListener('beforeExit', onBeforeExit);
          resolve(sent);
        };
        const giveUp = (): void => settle(false);
        if (waiting.size === 0) target.on('beforeExit', onBeforeExit);
        waiting.set(giveUp, Date.now());
        void ask(options).then(settle);
      });

  const onBeforeExit = (): void => {
    const held = setInterval(() => {
      for (const [giveUp, sinceMs] of [...waiting]) if (nobodyAnswers(telemetry, sinceMs)) giveUp();
      if (waiting.size === 0) clearInterval(held);
    }, LOOK_EVERY_MS);
  };

  return { flush: settling(flush), shutdown: settling(shutdown) };
}
