import type { Diagnostic } from './options.js';
import type { Clock } from './ports.js';

/** Says one thing about telemetry itself. Never throws. */
export type Report = (level: Diagnostic['level'], code: string, message: string) => void;

const QUIET_MS = 60_000;

/** Each kind (`code`) reaches `sink` once a minute at most: a dead collector must not fill a log. What `sink` throws is swallowed. */
export function limitDiagnostics(clock: Clock, sink: ((diagnostic: Diagnostic) => void) | undefined): Report {
  const saidMs: Record<string, number> = {};
  return (level, code, message) => {
    const now = clock.monotonicMs();
    if (!sink || now - saidMs[code]! < QUIET_MS) return;
    saidMs[code] = now;
    try {
      sink({ level, code, message });
    } catch {}
  };
}
