import type { BatchLimits } from '../options.js';
import type { Outcome, Transport } from '../ports.js';

/** A destination and its circuit: after a failure nothing goes there until `nextMs`, then one batch to see. */
export interface Route {
  readonly transport: Transport;
  sending: number;
  /** In a row. */
  failures: number;
  nextMs: number;
  /** `nextMs` is the server's own word, which `flush` and `resume` respect too. */
  told: boolean;
  reachable: boolean | undefined;
}

export const createRoute = (transport: Transport): Route => ({
  transport,
  sending: 0,
  failures: 0,
  nextMs: 0,
  told: false,
  reachable: undefined,
});

/** May a batch go there, or does one find out at this moment whether it can? */
export const isFree = (route: Route): boolean => !(route.failures && route.sending);

/** It answered, whatever it said. A wait it has asked for since that was sent still holds. */
export function closeCircuit(route: Route, nowMs: number): void {
  route.reachable = true;
  if (!route.told || route.nextMs <= nowMs) route.failures = route.nextMs = 0;
}

/** It answers, but is not asked again at once: a first wait, which does not grow, for one that is reachable. */
export function pause(route: Route, limits: Pick<BatchLimits, 'firstRetryMs' | 'maxRetryMs'>, nowMs: number): void {
  if (route.nextMs > nowMs) return;
  openCircuit(route, undefined, limits, nowMs);
  route.reachable = true;
}

/** Longer waits overflow the timers of some runtimes. */
const LONGEST_WAIT_MS = 86_400_000;

/** It gave no answer, or asked to wait: the server's word first, else exponential with ±50 % jitter. */
export function openCircuit(
  route: Route,
  afterMs: Extract<Outcome, { kind: 'retry' }>['afterMs'],
  limits: Pick<BatchLimits, 'firstRetryMs' | 'maxRetryMs'>,
  nowMs: number,
): void {
  // Several sends that were under way together fail as one.
  if (route.nextMs <= nowMs) route.failures++;
  route.reachable = false;
  const told = afterMs! > 0;
  // A wait of zero is believed once (a kept connection was over); a server that always says so would be asked in a hot loop.
  const waitMs =
    told || (afterMs === 0 && route.failures < 2)
      ? afterMs!
      : Math.min(limits.firstRetryMs * 2 ** (route.failures - 1), limits.maxRetryMs) * (0.5 + Math.random());
  const nextMs = nowMs + Math.min(waitMs, LONGEST_WAIT_MS);
  if (nextMs > route.nextMs) {
    route.nextMs = nextMs;
    route.told = told;
  }
}
