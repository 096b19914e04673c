import type { Intake } from './intake.js';

/**
 * Two places for every request: it is acknowledged when it is durable in both. `first` reads it and has the word on what is in it; what it cannot use the second never sees. Where
 * one of them has no room the sender comes again, and the other one knows the batch by its id.
 */
export function createBothIntake(first: Intake, second: Intake): Intake {
  return {
    async submit(request) {
      // Both copy or read the bytes before they return, and after that their memory is somebody else's.
      const bytes = Buffer.from(request.bytes);
      const verdict = await first.submit(request);
      if (verdict.kind !== 'accepted') return verdict;
      const other = await second.submit({ ...request, bytes });
      return other.kind === 'accepted' ? verdict : other;
    },
  };
}
