import { AppendFile } from './append-file';
import { Bytes } from './bytes';
import { crc32 } from './crc32';
import { environmentVariable, randomBytes } from './host';

const HEADER_BYTES: i32 = 20;
const ID_BYTES: i32 = 32;
const TRACES: i32 = 1;
/** A batch is written when it has this many spans or bytes, however long a trace lasts. */
const MAX_SPANS: i32 = 512;
const MAX_BYTES: i32 = 256 * 1024;
/** What waits for a file that cannot be written; beyond it whole batches are given up. */
const MAX_WAITING: i32 = 16;
const DIGITS = '0123456789abcdef';

/**
 * Where this program's spans go: a file of frames (docs/wasi.md). A batch is written when the outermost span ends, when it is large enough, and by
 * `flush()`. Nothing here traps; what could not be written is counted in `dropped`.
 */
export class SpanFile {
  private static current: SpanFile | null = null;

  private readonly file: AppendFile;
  private readonly resource: Bytes = new Bytes();
  private readonly process: string = hex(randomBytes(8));
  private spans: Bytes = new Bytes(4_096);
  private count: i32 = 0;
  private batches: u64 = 0;
  /** Frames that the file has not taken, the oldest first, and the spans in each. */
  private waiting: Bytes[] = [];
  private waitingCounts: i32[] = [];
  /** Spans given up because the file could not be written. */
  dropped: i32 = 0;

  private constructor(path: string) {
    this.file = new AppendFile(path);
  }

  /**
   * From here on spans go to the file at `path`, below a folder that the host has opened for the program. `service` is what the explorer shows;
   * `OTEL_SERVICE_NAME` wins over it.
   */
  static open(path: string, service: string): SpanFile {
    const opened = new SpanFile(path);
    const named = environmentVariable('OTEL_SERVICE_NAME');
    opened.describe('service.name', named.length > 0 ? named : service);
    opened.describe('telemetry.sdk.name', '@throughline/sdk');
    opened.describe('telemetry.sdk.language', 'assemblyscript');
    SpanFile.current = opened;
    return opened;
  }

  /** The file that was opened last. */
  static get active(): SpanFile | null {
    return SpanFile.current;
  }

  /** A further attribute of the resource, for batches from now on. */
  describe(key: string, value: string): SpanFile {
    const text = new Bytes();
    text.text(1, value);
    const pair = new Bytes();
    pair.text(1, key);
    pair.message(2, text);
    this.resource.message(1, pair);
    return this;
  }

  /** @internal A span that has ended, encoded. `isOutermost`: nothing is open any more. */
  add(span: Bytes, isOutermost: bool): void {
    this.spans.message(2, span);
    this.count++;
    if (isOutermost || this.count >= MAX_SPANS || this.spans.length >= MAX_BYTES) this.flush();
  }

  /** Writes what has ended. `false`: the file did not take all of it; it is tried again with the next batch. */
  flush(): bool {
    if (this.count > 0) this.seal();
    while (this.waiting.length > 0) {
      const frame = this.waiting[0];
      if (!this.file.append(frame.start, frame.length)) return false;
      this.waiting.shift();
      this.waitingCounts.shift();
    }
    return true;
  }

  /** Writes what has ended and lets go of the file. Spans that end later open it again. */
  close(): bool {
    const written = this.flush();
    this.file.close();
    return written;
  }

  private seal(): void {
    const scope = new Bytes();
    scope.text(1, '@throughline/sdk/assemblyscript');
    // ResourceSpans: the resource, then one ScopeSpans with its scope before its spans.
    const scopeSpans = new Bytes(this.spans.length + 64);
    scopeSpans.message(1, scope);
    scopeSpans.raw(this.spans.start, this.spans.length);
    const resourceSpans = new Bytes(scopeSpans.length + this.resource.length + 16);
    resourceSpans.message(1, this.resource);
    resourceSpans.message(2, scopeSpans);
    const request = new Bytes(resourceSpans.length + 16);
    request.message(1, resourceSpans);
    this.waiting.push(this.frame(request));
    this.waitingCounts.push(this.count);
    this.spans.clear();
    this.count = 0;
    if (this.waiting.length > MAX_WAITING) {
      this.waiting.shift();
      this.dropped += this.waitingCounts.shift();
    }
  }

  private frame(request: Bytes): Bytes {
    const frame = new Bytes(HEADER_BYTES + ID_BYTES + request.length);
    frame.u8(0xf5);
    frame.u8(0x54);
    frame.u8(0x4c);
    frame.u8(0x31);
    frame.u8(TRACES);
    frame.u8(ID_BYTES);
    frame.u8(0);
    frame.u8(0);
    frame.u32(request.length);
    const sums = frame.length;
    frame.u32(0);
    frame.u32(0);
    const id = this.process + hexOf(this.batches++);
    for (let at = 0; at < ID_BYTES; at++) frame.u8(id.charCodeAt(at));
    frame.raw(request.start, request.length);
    store<u32>(frame.start + sums, crc32(frame.start + HEADER_BYTES, ID_BYTES + request.length));
    store<u32>(frame.start + sums + 4, crc32(frame.start, sums + 4));
    return frame;
  }
}

export function hex(bytes: StaticArray<u8>): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += DIGITS.charAt(bytes[at] >> 4) + DIGITS.charAt(bytes[at] & 15);
  return text;
}

function hexOf(value: u64): string {
  let text = '';
  for (let shift = 60; shift >= 0; shift -= 4) text += DIGITS.charAt(<i32>((value >> shift) & 15));
  return text;
}
