import type { Diagnostic } from '../../core/options.js';
import type { LogLevel } from './env/read-environment.js';

type Sink = (diagnostic: Diagnostic) => void;

const severity: Readonly<Record<Diagnostic['level'], number>> = { error: 1, warn: 2, info: 3 };
const shownUpTo: Readonly<Record<LogLevel, number>> = {
  none: 0,
  error: 1,
  warn: 2,
  info: 3,
  debug: 3,
  verbose: 3,
  all: 3,
};

/** The program's own `onDiagnostic`, else standard error; `OTEL_LOG_LEVEL` says from which level on. */
export function diagnosticSink(onDiagnostic: Sink | undefined, level: LogLevel = 'info'): Sink {
  const sink = onDiagnostic ?? writeToConsole;
  return (diagnostic) => {
    if (severity[diagnostic.level] > shownUpTo[level]) return;
    try {
      sink(diagnostic);
    } catch {
      // What listens to telemetry's troubles must not add its own to the program's.
    }
  };
}

function writeToConsole({ level, code, message }: Diagnostic): void {
  // All of it to standard error: a program's standard output is the program's.
  console[level === 'error' ? 'error' : 'warn'](`[throughline] ${code}: ${message}`);
}
