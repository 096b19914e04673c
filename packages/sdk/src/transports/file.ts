import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Batch } from '../core/batch.js';
import type { Outcome, Transport } from '../core/ports.js';
import { exportRequestToJson } from '../core/wire/export-request-to-json.js';
import { batchFrame } from './batch-frame.js';

export interface FileTransportOptions {
  /** Created where missing, with what is below it only; batches are appended. Several programs may write to one file. */
  readonly path: string;
  /** A batch counts as sent only when it would survive a loss of power. Default `false`: it survives the end of the program. */
  readonly sync?: boolean | undefined;
  /**
   * `frames`, the default: protobuf with each batch's id, which makes a second copy harmless. `json-lines`: a line of OTLP/JSON for each batch, as
   * OpenTelemetry's file exporters write and its collector reads (specification "OTLP File Exporter"); without ids.
   */
  readonly format?: 'frames' | 'json-lines' | undefined;
}

/** A file that is taken away again and again while one batch is written is no place to write to. */
const MAX_ATTEMPTS = 100;

/**
 * Appends batches to a file, from which `throughline import FILE` or `throughline up --watch FOLDER` takes them, while this goes on
 * writing.
 *
 * Whoever takes a file renames it first. So after each write the name must still lead to the file that was written to; where it does not, what was
 * written may have been overlooked and is written to the new file again. The batch's id makes a second copy harmless.
 */
export function fileTransport({ path: given, sync = false, format = 'frames' }: FileTransportOptions): Transport {
  const path = resolve(given);
  let file: FileHandle | undefined;
  /** The last write stopped half-way. */
  let torn = false;
  /** The last write; one at a time, so that a write which stopped half-way is followed by nothing else's. */
  let last: Promise<unknown> = Promise.resolve();

  /** Whether the name still leads to the open file. */
  const isThere = async (handle: FileHandle): Promise<boolean> => {
    const [mine, named] = await Promise.all([
      handle.stat({ bigint: true }),
      stat(path, { bigint: true }).catch(() => undefined),
    ]);
    return named !== undefined && named.ino === mine.ino && named.dev === mine.dev;
  };

  const leave = async (): Promise<void> => {
    const handle = file;
    file = undefined;
    await handle?.close().catch(() => undefined);
  };

  const append = async (batch: Batch): Promise<Outcome> => {
    const frame = format === 'json-lines' ? jsonLine(batch, torn) : batchFrame(batch);
    try {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        file ??= await open(path, 'a');
        const { bytesWritten } = await file.write(frame);
        // What is there of it is damage that a reader steps over; it comes again whole.
        torn = bytesWritten < frame.length;
        if (torn) return { kind: 'retry', reason: `${path} took a part of the batch only` };
        if (sync) await file.datasync();
        if (await isThere(file)) return { kind: 'accepted', rejectedItems: 0 };
        await leave();
      }
      return { kind: 'retry', reason: `${path} is taken away faster than it can be written to` };
    } catch (error) {
      await leave();
      return { kind: 'retry', reason: `${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? error}` };
    }
  };

  return {
    destination: pathToFileURL(path).href,
    kind: 'otlp_file',
    send(batch) {
      const sent = last.then(() => append(batch));
      last = sent;
      return sent;
    },
    async close() {
      await last;
      await leave();
    },
  };
}

/** Behind a part of a line a new one begins, so that only the part is damage. */
const jsonLine = ({ signal, bytes }: Batch, behindPart: boolean): Uint8Array =>
  Buffer.from(`${behindPart ? '\n' : ''}${exportRequestToJson(signal, bytes)}\n`);
