import type { Diagnostic } from '../../core/options.js';

/** What a guest can do wrong. None of it is thrown into the guest, and none of it harms the host. */
export type GuestProblem =
  | 'bad-handle'
  | 'bad-pointer'
  | 'bad-value'
  | 'failed'
  | 'left-open'
  | 'no-memory'
  | 'not-yours'
  | 'too-many-open';

const sentences: Readonly<Record<GuestProblem, string>> = {
  'bad-handle': 'used a handle that was never given to it, or one that has ended',
  'bad-pointer': 'gave a string or list that does not lie in its memory',
  'bad-value': 'gave a kind, code or parent that the interface does not have',
  failed: 'made a call that failed here',
  'left-open': 'returned with spans that had not ended; they ended with the call',
  'no-memory':
    'called before its memory was known: in its start function (asc --exportStart NAME makes it one that is called later), or its exports were never handed to exports()',
  'not-yours': 'ended a span of its host',
  'too-many-open': 'has too many handles open; further ones are not made',
};

export interface GuestProblems {
  /** Counts it; the first of each kind is said. `detail` names what it was about, where there is a name. */
  note(problem: GuestProblem, detail?: string, times?: number): void;
  readonly counts: Readonly<Record<GuestProblem, number>>;
}

export function createGuestProblems(guest: string, onDiagnostic: (diagnostic: Diagnostic) => void): GuestProblems {
  const counts: Record<GuestProblem, number> = {
    'bad-handle': 0,
    'bad-pointer': 0,
    'bad-value': 0,
    failed: 0,
    'left-open': 0,
    'no-memory': 0,
    'not-yours': 0,
    'too-many-open': 0,
  };
  return {
    counts,
    note(problem, detail, times = 1) {
      counts[problem] += times;
      if (counts[problem] > times) return;
      const about = detail ? ` (${detail})` : '';
      try {
        onDiagnostic({
          level: 'warn',
          code: `wasm-${problem}`,
          message: `The WebAssembly module ${guest} ${sentences[problem]}${about}. Said once.`,
        });
      } catch {}
    },
  };
}
