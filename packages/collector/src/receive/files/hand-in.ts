import { countItems } from '../../process/count-items.js';
import type { Signal } from '../../process/signal.js';
import type { FileBatch, FilePart } from './file-part.js';

/** What became of a batch. Resolves only when that is certain; whoever cannot say yet waits, or throws to stop. */
export type Submit = (batch: FileBatch) => Promise<Submitted>;
type Submitted =
  /** Durable, but for `rejected` items. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly message: string }
  /** No export request. It will never be taken, whoever sends it. */
  | { readonly kind: 'refused'; readonly message: string };

/** What a file gave. */
export interface Tally {
  batches: number;
  /** Spans, data points and log records. */
  readonly items: Record<Signal, number>;
  rejected: number;
  /** Places where something was skipped: damage and what was refused. */
  damaged: number;
  /** The place of the last one that is not whole. */
  unfinishedAt: number | undefined;
}

export const emptyTally = (): Tally => ({
  batches: 0,
  items: { traces: 0, metrics: 0, logs: 0 },
  rejected: 0,
  damaged: 0,
  unfinishedAt: undefined,
});

/** Batches under way at once, by number and size: each is a write to the disk that others can share. */
const TOGETHER = 8;
const TOGETHER_BYTES = 16 * 1024 * 1024;
/** Places of one file that are named one by one. */
const MAX_SAID = 20;

/**
 * Hands the batches of one file in, a few at a time, and counts into `tally`. `name` is what the file is called in what is said; everything that is skipped is said with its
 * place. Resolves with the place up to which all of it is done, when all of it is.
 */
export async function handIn(
  name: string,
  parts: AsyncIterable<FilePart>,
  submit: Submit,
  tally: Tally,
  say: (line: string) => void,
): Promise<number | undefined> {
  let doneTo: number | undefined;
  let together: FileBatch[] = [];
  let togetherBytes = 0;
  const skip = (offset: number, what: string): void => {
    tally.damaged++;
    if (tally.damaged <= MAX_SAID) say(`${name}: at offset ${offset} ${what}.`);
    else if (tally.damaged === MAX_SAID + 1) say(`${name}: further places are skipped without being named.`);
  };
  const flush = async (): Promise<void> => {
    const results = await Promise.all(together.map(submit));
    for (const [at, result] of results.entries()) {
      const { offset, bytes, signal } = together[at]!;
      if (result.kind === 'refused') {
        skip(offset, `a batch was skipped: ${result.message.replace(/\.$/, '')}`);
        continue;
      }
      const counted = countItems(bytes, signal);
      tally.batches++;
      tally.items[signal] += counted.kind === 'counted' ? counted.items : 0;
      tally.rejected += result.rejected;
      if (result.message !== '') say(`${name}: of the batch at offset ${offset}: ${result.message}`);
    }
    together = [];
    togetherBytes = 0;
  };
  for await (const part of parts) {
    if (part.kind === 'batch') {
      together.push(part);
      togetherBytes += part.bytes.length;
      if (together.length === TOGETHER || togetherBytes >= TOGETHER_BYTES) await flush();
    } else {
      await flush();
      tally.unfinishedAt = part.kind === 'unfinished' ? part.offset : undefined;
      if (part.kind === 'damaged') skip(part.offset, `${part.end - part.offset} bytes were skipped: ${part.why}`);
    }
    if (part.kind !== 'unfinished') doneTo = part.end;
  }
  await flush();
  return doneTo;
}
