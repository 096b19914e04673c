import type { Batch } from '../core/batch.js';
import type { Outcome, SendOptions, Transport } from '../core/ports.js';

/** Tauri's own `invoke`: bytes go as the body, `headers` beside them. */
export type InvokeBytes = (
  command: string,
  body: Uint8Array,
  options: { readonly headers: Record<string, string> },
) => Promise<unknown>;

/**
 * Out of a Tauri page through the program's backend, which has `tauri-plugin-throughline`: the bytes of a batch by IPC, without any network
 * permission. `accepted` means that the batch is in the backend's spool, safe from a crash of either side; from there it is sent, with this
 * id, until the collector has taken it.
 */
export function tauriIpcTransport(invoke: InvokeBytes): Transport {
  return {
    destination: 'tauri',
    async send({ id, signal, createdUnixMs, bytes }: Batch, { abort }: SendOptions): Promise<Outcome> {
      if (abort.aborted) return { kind: 'retry', reason: 'aborted' };
      let giveUp = () => {};
      // An `invoke` cannot be aborted. What arrives after all is the same batch again.
      const aborted = new Promise<Outcome>((resolve) => {
        giveUp = () => resolve({ kind: 'retry', reason: 'no answer from the backend' });
        abort.addEventListener('abort', giveUp, { once: true });
      });
      const headers = {
        'throughline-batch': id,
        'throughline-signal': signal,
        'throughline-created': String(createdUnixMs),
      };
      const sent = invoke('plugin:throughline|batch', bytes, { headers }).then(
        (): Outcome => ({ kind: 'accepted', rejectedItems: 0 }),
        (error): Outcome => ({ kind: 'retry', reason: `tauri-plugin-throughline: ${error}` }),
      );
      const outcome = await Promise.race([sent, aborted]);
      abort.removeEventListener('abort', giveUp);
      return outcome;
    },
  };
}
