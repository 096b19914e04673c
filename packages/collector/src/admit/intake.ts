import { countItems } from '../process/count-items.js';
import type { Spool } from '../spool/spool.js';

export type Signal = 'traces' | 'metrics' | 'logs';

interface ExportRequest {
  readonly signal: Signal;
  /** Protobuf. */
  readonly bytes: Uint8Array;
  readonly batchId?: string | undefined;
}

/** What a receiver tells its client, each in its protocol's words. */
export type Verdict =
  /** Durable, but for `rejected` items. `message` is for the operator of the client; may be empty. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'busy'; readonly message: string };

interface IntakeCounts {
  requests: number;
  spans: number;
  rejectedSpans: number;
  malformed: number;
  busy: number;
}

/**
 * Where every receiver hands a request in, whatever protocol it came by. Resolves when it is durable; never rejects. The bytes are
 * read before `submit` returns, so their memory may be used again at once.
 */
export interface Intake {
  submit(request: ExportRequest): Promise<Verdict>;
  readonly counts: Readonly<IntakeCounts>;
}

const ITEMS = { metrics: 'metrics', logs: 'logs' } as const;

export function createIntake(spool: Spool): Intake {
  const counts: IntakeCounts = { requests: 0, spans: 0, rejectedSpans: 0, malformed: 0, busy: 0 };
  return {
    counts,
    async submit(request) {
      counts.requests++;
      if (request.signal !== 'traces') {
        const counted = countItems(request.bytes, request.signal);
        if (counted.kind === 'malformed') {
          counts.malformed++;
          return counted;
        }
        // The honest answer for a signal that has no table yet: nothing was kept, and sending it again would not change that.
        return {
          kind: 'accepted',
          rejected: counted.items,
          message: counted.items === 0 ? '' : `Throughline keeps traces; ${ITEMS[request.signal]} are not kept yet.`,
        };
      }
      const result = await spool.append({ bytes: request.bytes, batchId: request.batchId, receivedUnixMs: Date.now() });
      switch (result.kind) {
        case 'read':
          counts.spans += result.accepted;
          counts.rejectedSpans += result.rejected;
          return { kind: 'accepted', rejected: result.rejected, message: result.message };
        case 'malformed':
          counts.malformed++;
          return { kind: 'malformed', message: `This is not an OTLP export request: ${result.message}.` };
        case 'failed':
          counts.busy++;
          return { kind: 'busy', message: result.message };
      }
    },
  };
}
