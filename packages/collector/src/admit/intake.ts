import type { IntakeAccount, Way } from '../ops/intake-account.js';
import type { Signal } from '../process/signal.js';
import type { Spool } from '../spool/spool.js';

export interface ExportRequest {
  readonly signal: Signal;
  /** Protobuf. */
  readonly bytes: Uint8Array;
  readonly batchId?: string | undefined;
  /** By which protocol it came. */
  readonly way: Way;
}

/** What a receiver tells its client, each in its protocol's words. */
export type Verdict =
  /** Durable, but for `rejected` items. `message` is for the operator of the client; may be empty. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string }
  | { readonly kind: 'malformed'; readonly message: string }
  /** Smaller ones of the same would be taken. */
  | { readonly kind: 'too-large'; readonly message: string }
  | { readonly kind: 'busy'; readonly message: string };

/**
 * Where every receiver hands a request in, whatever protocol it came by. Resolves when it is durable; never rejects. The bytes are
 * read before `submit` returns, so their memory may be used again at once.
 */
export interface Intake {
  submit(request: ExportRequest): Promise<Verdict>;
}

/** `account` is told of each request that was acknowledged, and why others were not. */
export function createIntake(spool: Spool, account?: IntakeAccount): Intake {
  return {
    async submit(request) {
      const { signal, way } = request;
      const bytes = request.bytes.length;
      const begun = performance.now();
      const result = await spool.append({
        signal,
        bytes: request.bytes,
        batchId: request.batchId,
        receivedUnixMs: Date.now(),
      });
      switch (result.kind) {
        case 'read':
          account?.received({
            signal,
            way,
            bytes,
            items: result.accepted,
            rejected: result.rejected,
            seconds: (performance.now() - begun) / 1000,
          });
          return { kind: 'accepted', rejected: result.rejected, message: result.message };
        case 'malformed':
          account?.refused(way, 'malformed');
          return { kind: 'malformed', message: `This is not an OTLP export request: ${result.message}.` };
        case 'too-large':
          account?.refused(way, 'too-large');
          return { kind: 'too-large', message: `${result.message} Send smaller batches.` };
        case 'failed':
          account?.refused(way, 'spool');
          return { kind: 'busy', message: result.message };
      }
    },
  };
}
