import { createHash } from 'node:crypto';
import { jsonToProtobuf } from '../../process/json-to-protobuf.js';
import type { Signal } from '../../process/signal.js';
import type { FilePart, ReadAt } from './file-part.js';

/** Of one line; a longer one is skipped: as objects it would take many times that. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
const CHUNK = 256 * 1024;
const NEWLINE = 0x0a;

const SIGNALS: readonly (readonly [Signal, readonly string[]])[] = [
  ['traces', ['resourceSpans', 'resource_spans']],
  ['metrics', ['resourceMetrics', 'resource_metrics']],
  ['logs', ['resourceLogs', 'resource_logs']],
];

/**
 * The export requests in a file of OTLP/JSON lines (opentelemetry.io/docs/specs/otel/protocol/file-exporter), from `start` to `end`. A line without its newline
 * is `unfinished`, unless it is complete all the same and `isFinal` says that nothing will be added. Lines have no ids: they are known by what
 * is in them, so that the same line twice is one batch.
 */
export async function* readLines(read: ReadAt, start: number, end: number, isFinal: boolean): AsyncGenerator<FilePart> {
  let lineStart = start;
  /** Pieces of the line that begins at `lineStart`; dropped where it is too long. */
  let pieces: Buffer[] = [];
  let length = 0;
  for (let at = start; at < end; ) {
    const chunk = await read(at, Math.min(CHUNK, end - at));
    if (chunk.length === 0) break;
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      length += to - from;
      const lineEnd = at + to + 1;
      if (length > MAX_LINE_BYTES)
        yield { kind: 'damaged', offset: lineStart, end: lineEnd, why: 'a line of more than 16 MiB' };
      else yield* readLine(Buffer.concat([...pieces, chunk.subarray(from, to)]), lineStart, lineEnd);
      pieces = [];
      length = 0;
      lineStart = lineEnd;
      from = to + 1;
    }
    length += chunk.length - from;
    if (length > MAX_LINE_BYTES) pieces = [];
    else pieces.push(chunk.subarray(from));
    at += chunk.length;
  }
  if (length === 0) return;
  const parts = isFinal && length <= MAX_LINE_BYTES ? [...readLine(Buffer.concat(pieces), lineStart, end)] : [];
  if (parts.some(({ kind }) => kind === 'batch')) yield* parts;
  else yield { kind: 'unfinished', offset: lineStart, end };
}

function* readLine(line: Buffer, offset: number, end: number): Generator<FilePart> {
  const text = line.toString().trim();
  if (text === '') return;
  let keys: readonly string[] = [];
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) keys = Object.keys(value);
  } catch {
    yield { kind: 'damaged', offset, end, why: 'a line that is not JSON' };
    return;
  }
  const found = SIGNALS.filter(([, names]) => names.some((name) => keys.includes(name)));
  if (found.length === 0) yield { kind: 'damaged', offset, end, why: 'a line that is no OTLP export request' };
  for (const [signal] of found) {
    const request = jsonToProtobuf(line, signal);
    if (request.kind === 'malformed') yield { kind: 'damaged', offset, end, why: request.message.replace(/\.$/, '') };
    else {
      const id = createHash('sha256').update(text).digest('hex').slice(0, 32);
      yield { kind: 'batch', offset, end, signal, id, bytes: request.bytes };
    }
  }
}
