import type { Batch, EncodedResource, OpenBuffer } from '../core/batch.js';
import type { OutboxRequest } from '../core/outbox/full-outbox.js';
import type { Outbox } from '../core/outbox/outbox.js';
import { sealIds } from '../core/outbox/seal-ids.js';
import { field, join, text } from '../core/small/protobuf.js';
import type { OpenStore } from './open-store.js';
import type { WhoLives } from './who-lives.js';

export interface KeepOpenOptions extends OutboxRequest {
  /** While it rests, others may take what it left. Absent: they cannot while it lives. */
  readonly lives?: Pick<WhoLives, 'resting'> | undefined;
  /** When an item is handed to the store. `step`, the default: when the task in which it ended is over, with the others of that. `item`: before what ended it goes on. */
  readonly each?: 'step' | 'item' | undefined;
  /**
   * The script may be ended in the midst of a call of the store, which takes its time, and `suspend` be called after that: so Firefox closes a tab. Then
   * nothing is stored while items are written or sealed, but behind that, when a second `suspend` finds all of it and stores it. Default `false`: what
   * is sealed in the midst of a task is in the store before that.
   */
  readonly interruptible?: boolean | undefined;
}

/** An open buffer whose items are in a store as well, under the id that their batch will have. */
interface KeptBuffer extends OpenBuffer {
  /** Takes over what was written since; it goes to the store. */
  keep(): void;
  /** Items of it that the store has. */
  readonly stored: number;
}

/**
 * An outbox whose items are stored before they are sealed: when the task in which they were written is over, they are handed to the store as a part
 * of the batch they will be in, under its id. A program that is killed between two batches loses nothing that the store has. Sealed, the batch takes
 * the place of its parts.
 *
 * Copies to several destinations are batches of their own, whose ids nobody knows before: they are stored when they are sealed. And while the program
 * rests, so that others may take what it left, what is written is sealed at once: what others take must not grow any more.
 */
export function keepOpenBatches(
  outbox: Outbox,
  store: OpenStore,
  { lives, each = 'step', interruptible, ...request }: KeepOpenOptions,
): Outbox {
  const { onFragment } = outbox;
  const { destinations, resource, ports } = request;
  const first = destinations && 'failover' in destinations ? destinations.failover[0] : destinations;
  if (!onFragment || !first || 'copies' in first || first.signals) return outbox;
  const nextId = sealIds(ports.entropy);
  const kept = new Map<OpenBuffer, KeptBuffer>();
  const { destination } = first;
  /** Not with the store yet, in their order. */
  const waiting: (() => void)[] = [];
  /** Each is forgotten when the store has been handed it, and not before. */
  const storeParts = (): void => {
    for (; waiting[0]; waiting.shift()) waiting[0]();
  };

  function keepBuffer(buffer: OpenBuffer): KeptBuffer {
    const { signal, priority } = buffer;
    let id = '';
    let createdUnixMs = 0;
    let scopes: Uint8Array[] = [];
    let items = 0;
    let byteLength = 0;
    let parts = 0;
    let stored = 0;

    return {
      signal,
      priority,
      get items() {
        return items + buffer.items;
      },
      get byteLength() {
        return byteLength + buffer.byteLength;
      },
      get stored() {
        return items && stored;
      },
      take(resource) {
        // Sealed in the midst of a task, or before the store has answered: until the batch is stored, its parts have to be all of it.
        this.keep();
        if (!items) return undefined;
        const sealed = { bytes: requestOf(resource, scopes), items, id };
        scopes = [];
        items = byteLength = 0;
        return sealed;
      },
      keep() {
        const taken = buffer.take(resource());
        if (!taken) return;
        if (!items) {
          id = nextId();
          createdUnixMs = Math.round(ports.clock.wallMs());
          parts = stored = 0;
        }
        items += taken.items;
        for (const scope of scopesOf(taken.bytes)) {
          scopes.push(scope);
          byteLength += scope.length;
        }
        const part: Batch = { v: 1, id, signal, priority, destination, createdUnixMs, ...taken };
        const at = parts++;
        waiting.push(() => {
          // What cannot be stored now is stored when it is sealed, and what stands against it is said then.
          store.append(part, at).then(
            (kept) => {
              if (kept && part.id === id) stored += part.items;
            },
            () => {},
          );
        });
        if (!interruptible) storeParts();
      },
    };
  }

  const written = new Set<KeptBuffer>();
  const suspend = (): void => {
    outbox.suspend();
    // Of batches that are not whole in the store by now.
    storeParts();
  };
  const keepWritten = (): void => {
    if (lives?.resting) suspend();
    else for (const buffer of written) buffer.keep();
    written.clear();
    storeParts();
  };
  return {
    ...outbox,
    suspend,
    onFragment(buffer) {
      let own = kept.get(buffer);
      if (!own) {
        own = keepBuffer(buffer);
        kept.set(buffer, own);
      }
      if (each === 'item') own.keep();
      else {
        if (!written.size) void Promise.resolve().then(keepWritten);
        written.add(own);
      }
      onFragment(own);
    },
    status() {
      const status = outbox.status();
      const open = [...kept.values()].reduce((sum, { stored }) => sum + stored, 0);
      return { ...status, stored: { ...status.stored, items: status.stored.items + open } };
    },
  };
}

/** The `scope_…` fields of a request, of all its resources. https://github.com/open-telemetry/opentelemetry-proto, the same for every signal */
const scopesOf = (request: Uint8Array): Uint8Array[] =>
  fieldsOf(request).flatMap(({ content }) =>
    fieldsOf(content)
      .filter(({ tag }) => tag === 18)
      .map(({ whole }) => whole),
  );

interface Field {
  readonly tag: number;
  readonly content: Uint8Array;
  /** With its tag and length. */
  readonly whole: Uint8Array;
}

/** The fields of a message as our encoders write these two: each has a tag of one byte and a length. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length; ) {
    const begin = at++;
    let length = 0;
    let byte = 128;
    for (let scale = 1; byte > 127; scale *= 128) {
      byte = message[at++]!;
      length += (byte & 127) * scale;
    }
    const start = at;
    at += length;
    fields.push({ tag: message[begin]!, content: message.subarray(start, at), whole: message.subarray(begin, at) });
  }
  return fields;
}

const requestOf = ({ bytes, schemaUrl }: EncodedResource, scopes: readonly Uint8Array[]): Uint8Array =>
  join(field(10, field(10, bytes), scopes, text(26, schemaUrl || undefined)));
