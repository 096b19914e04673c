import type { Lifecycle } from '../../../core/ports.js';

/** The part of `process` a lifecycle needs, so that tests bring their own. */
interface ProcessLike {
  readonly pid: number;
  on(signal: NodeJS.Signals, listener: NodeJS.SignalsListener): unknown;
  on(event: 'uncaughtExceptionMonitor' | 'exit', listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: NodeJS.SignalsListener): unknown;
  removeListener(event: 'uncaughtExceptionMonitor' | 'exit', listener: () => void): unknown;
  listeners(signal: NodeJS.Signals): readonly unknown[];
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

export interface NodeLifecycleOptions {
  /** Signals after which telemetry is sent before the process ends. */
  readonly signals: readonly NodeJS.Signals[];
  /** The process is held no longer than this, in milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** What can be written in the last turn outlives the process: then `process.exit()` is one. Default `false`. */
  readonly lastTurn?: boolean | undefined;
  readonly process?: ProcessLike;
}

export const defaultSignals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * What a Node process lives through.
 *
 * - A signal nobody else listens to: shut down, within the time-out, then let the signal do what it does by default, so
 *   that the exit code is the one the process would have had.
 * - A signal the program itself listens to: send what has ended and leave the rest to the program, which is draining
 *   connections whose spans are still to come. It calls `telemetry.shutdown()`, or just lets the process run out of work.
 * - The same signal again: somebody is in a hurry; the signal takes effect at once.
 * - An exception that nobody caught: what is there is handed on in this turn; what becomes of the process is not changed.
 *
 * The process is listened to while somebody listens here, so that a telemetry that has ended leaves nothing behind.
 */
export function createNodeLifecycle(options: NodeLifecycleOptions): Lifecycle {
  const target = options.process ?? process;
  const suspends = new Set<() => void>();
  const shutdowns = new Set<() => Promise<void>>();
  let listening = false;
  let stopping = false;

  const onSignal: MarkedListener = (signal) => {
    if (othersListen(target, signal)) {
      suspend();
      return;
    }
    if (stopping) {
      for (const listener of ours(target, signal)) target.removeListener(signal, listener);
      target.kill(target.pid, signal);
      return;
    }
    stopping = true;
    let raised = false;
    const raise = (): void => {
      if (raised) return;
      raised = true;
      clearTimeout(timer);
      listen(false);
      // Another telemetry of this process (a second copy of the package) may still be sending; the last one raises.
      if (ours(target, signal).length === 0) target.kill(target.pid, signal);
    };
    // This timer is the one that holds the process: nothing else of telemetry does.
    const timer = setTimeout(raise, options.shutdownTimeoutMs);
    void Promise.allSettled([...shutdowns].map((run) => run())).then(raise);
  };
  onSignal[mark] = true;

  const suspend = (): void => {
    for (const run of [...suspends]) {
      try {
        run();
      } catch {
        // The program's own exception is the one that is told.
      }
    }
  };
  const lastTurns = ['uncaughtExceptionMonitor', ...(options.lastTurn ? (['exit'] as const) : [])] as const;

  const listen = (wanted: boolean): void => {
    if (wanted === listening) return;
    listening = wanted;
    for (const event of lastTurns) {
      if (wanted) target.on(event, suspend);
      else target.removeListener(event, suspend);
    }
    for (const signal of options.signals) {
      if (wanted) target.on(signal, onSignal);
      else target.removeListener(signal, onSignal);
    }
  };

  const subscribe = <T>(set: Set<T>, run: T): (() => void) => {
    set.add(run);
    listen(true);
    return () => {
      set.delete(run);
      // While it is stopping, the listener is what keeps the signal from taking effect too early.
      if (!stopping && suspends.size + shutdowns.size === 0) listen(false);
    };
  };

  return {
    onSuspend: (run) => subscribe(suspends, run),
    onResume: () => () => {},
    onShutdown: (run) => subscribe(shutdowns, run),
  };
}

/** Known to every copy of this package, so that two of them in one process do not take each other for the program. */
const mark = Symbol.for('throughline.signal-listener');
type MarkedListener = NodeJS.SignalsListener & { [mark]?: true };

function ours(target: ProcessLike, signal: NodeJS.Signals): MarkedListener[] {
  return (target.listeners(signal) as MarkedListener[]).filter((listener) => listener[mark]);
}

/**
 * Whether the program itself handles the signal. The `signal-exit` package, which many command-line libraries bring along, ends the
 * process only where nobody but itself listens; counting it as a handler would leave two who wait for each other.
 */
function othersListen(target: ProcessLike, signal: NodeJS.Signals): boolean {
  const known = globalThis as { [key: symbol]: { count?: number } | undefined };
  const signalExit4 = known[Symbol.for('signal-exit emitter')]?.count ?? 0;
  const signalExit3 = (target as { __signal_exit_emitter__?: { count?: number } }).__signal_exit_emitter__?.count ?? 0;
  return target.listeners(signal).length - ours(target, signal).length - signalExit4 - signalExit3 > 0;
}
