import type { Batch } from '../../sdk/src/core/batch.js';
import { limitDiagnostics } from '../../sdk/src/core/limit-diagnostics.js';
import type { BatchLimits, Diagnostic } from '../../sdk/src/core/options.js';
import { createCopies } from '../../sdk/src/core/outbox/copies.js';
import { createOutbox, type OutboxOptions } from '../../sdk/src/core/outbox/outbox.js';
import type { Outcome, SendOptions, Transport } from '../../sdk/src/core/ports.js';
import { resolveBatchLimits } from '../../sdk/src/core/presets.js';
import { createSmallOutbox } from '../../sdk/src/core/small/small-outbox.js';
import { fakeTime } from './fake-time.js';
import { handBuffer, marksOf, splitByHand } from './hand-buffer.js';

export const accepted: Outcome = { kind: 'accepted', rejectedItems: 0 };
export const away: Outcome = { kind: 'retry', reason: 'away' };

export type Answer = Outcome | Promise<Outcome>;

/** A destination that notes what it is sent and answers as told. */
export function destination(answer: (batch: Batch, options: SendOptions) => Answer = () => accepted, name = 'here') {
  const sends: { batch: Batch; leaving: boolean; atMs: number; answered: boolean }[] = [];
  let closed = 0;
  let clock = () => 0;
  const transport: Transport = {
    destination: name,
    async send(batch, options) {
      const send = { batch, leaving: options.leaving === true, atMs: clock(), answered: false };
      sends.push(send);
      const outcome = await answer(batch, options);
      send.answered = true;
      return outcome;
    },
    async close() {
      closed++;
    },
  };
  return {
    transport,
    sends,
    get closed() {
      return closed;
    },
    marks: () => sends.flatMap(({ batch }) => marksOf(batch.bytes)),
    tellTime(read: () => number) {
      clock = read;
    },
  };
}

function setUpWith(
  create: typeof createOutbox,
  limits: Partial<BatchLimits>,
  destinations: ReturnType<typeof destination>[],
  more: Partial<OutboxOptions> & { copies?: boolean } = {},
) {
  const time = fakeTime();
  const diagnostics: Diagnostic[] = [];
  for (const each of destinations) each.tellTime(time.clock.monotonicMs);
  const outbox = create(
    {
      ports: {
        clock: time.clock,
        timers: time.timers,
        entropy: { fill: (target) => void crypto.getRandomValues(target) },
      },
      destinations: destinations.map(({ transport }) => transport),
      limits: resolveBatchLimits('production', limits, () => {}),
      resource: () => ({ bytes: new Uint8Array(0), schemaUrl: '' }),
      quietly: (run) => run(),
      split: splitByHand,
      report: limitDiagnostics(time.clock, (diagnostic) => diagnostics.push(diagnostic)),
      ...more,
    },
    more.copies ? createCopies : undefined,
  );
  let mark = 0;
  const normal = handBuffer('normal');
  const high = handBuffer('high');
  return {
    time,
    outbox,
    diagnostics,
    write(count = 1, buffer = normal) {
      for (let i = 0; i < count; i++) {
        buffer.write(mark++);
        outbox.onFragment!(buffer);
      }
    },
    high,
    normal,
  };
}

/** Numbers of items. */
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

const oneOf =
  (create: typeof createSmallOutbox): typeof createOutbox =>
  (options) =>
    create({ ...options, destinations: options.destinations[0], store: undefined });

type SetUp = (
  limits: Partial<BatchLimits>,
  destinations: ReturnType<typeof destination>[],
  more?: Partial<OutboxOptions> & { copies?: boolean },
) => ReturnType<typeof setUpWith>;

const outboxOf = (name: string, create: typeof createOutbox, whole: boolean) => ({
  name,
  whole,
  setUp: ((...args) => setUpWith(create, ...args)) as SetUp,
});

/** The small one decides the same for what a page has: one destination, memory, a resource that is complete at once. `whole`: it does the rest as well. */
export const outboxes = [
  outboxOf('createOutbox', createOutbox, true),
  outboxOf('createSmallOutbox', oneOf(createSmallOutbox), false),
];
