import { type Admission, RETRY_AFTER_SECONDS } from '../../admit/admission.js';
import type { Intake } from '../../admit/intake.js';
import type { Submit } from './hand-in.js';

/** Thrown where the collector stops before a batch was taken. */
export class Stopping extends Error {}

/**
 * Hands batches of files to the collector of this process. A file can wait, and there is nobody to be told to: it is tried until there is room, or `stop` says
 * that the collector ends.
 */
export function submitHere(intake: Intake, admission: Admission, stop: AbortSignal): Submit {
  const wait = (): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(done, RETRY_AFTER_SECONDS * 1_000);
      stop.addEventListener('abort', () => {
        clearTimeout(timer);
        done();
      });
    });
  return async ({ signal, id, bytes }) => {
    for (;;) {
      if (stop.aborted) throw new Stopping();
      const ticket = admission.enter(bytes.length);
      if (ticket === undefined) {
        await wait();
        continue;
      }
      try {
        const verdict = await intake.submit({ signal, bytes, batchId: id, way: 'file' });
        if (verdict.kind === 'accepted') return { kind: 'taken', rejected: verdict.rejected, message: verdict.message };
        if (verdict.kind === 'malformed' || verdict.kind === 'too-large')
          return { kind: 'refused', message: verdict.message };
      } finally {
        ticket.leave();
      }
      await wait();
    }
  };
}
