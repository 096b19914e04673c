import { createHash } from 'node:crypto';
import type { Intake } from '../admit/intake.js';
import type { IntakeAccount } from '../ops/intake-account.js';
import { countItems } from '../process/count-items.js';
import type { BodySpool } from '../spool/bodies/body-spool.js';
import type { Forwarder } from './forwarder.js';

/**
 * Where a gateway's receivers hand requests in. A request is looked at down to its items: that they are there, and that each ends where it should. What is wrong inside
 * of one the destination finds out, and since every batch is forwarded by itself, it refuses that one batch.
 *
 * With several destinations a batch belongs to one of them from the moment that it is written down: the first of an order which its id alone decides, or the first of them
 * that is taking telemetry.
 */
export function createForwardIntake(
  spool: BodySpool,
  forwarders: readonly Forwarder[],
  names: readonly string[],
  account?: IntakeAccount,
): Intake {
  const choose = (id: string): number => {
    if (names.length === 1) return 0;
    const order = orderOf(id, names);
    return order.find((at) => forwarders[at]!.isReady) ?? order[0]!;
  };
  return {
    async submit({ signal, bytes, batchId, way }) {
      const begun = performance.now();
      const { length } = bytes;
      const counted = countItems(bytes, signal);
      if (counted.kind === 'malformed') {
        account?.refused(way, 'malformed');
        return counted;
      }
      const { items } = counted;
      // An empty request asks whether somebody is there; nobody further on has to hear of it.
      const failure = items === 0 ? undefined : await spool.append({ signal, bytes, batchId }, choose);
      if (failure !== undefined) {
        account?.refused(way, 'spool');
        return { kind: 'busy', message: failure };
      }
      account?.received({
        signal,
        way,
        items,
        rejected: 0,
        bytes: length,
        seconds: (performance.now() - begun) / 1000,
      });
      return { kind: 'accepted', rejected: 0, message: '' };
    },
  };
}

/** Rendezvous hashing: each name's rank for an id is its own, so one that comes or goes moves only what was or becomes its own. */
function orderOf(id: string, names: readonly string[]): number[] {
  const ranks = names.map((name) => createHash('sha1').update(`${id} ${name}`).digest().readUInt32BE(0));
  return names.map((_, at) => at).sort((a, b) => ranks[b]! - ranks[a]!);
}
