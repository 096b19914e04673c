import { stringField } from './string-field.js';
import { readUtf8 } from './utf8.js';
import { varintSize, writeVarint } from './varint.js';

/** `trace_id` and `span_id` stand first, with their tags and lengths (`writeIds`), and `trace_state` behind them where there is one. */
const idsLength = 28;
const traceStateTag = 0x1a;

/**
 * A span's fragment (a `ScopeSpans.spans` field, as `RecordingSpan.writeTo` writes it) with another tracestate: what is said of a span after it
 * has ended.
 */
export function withSpanTraceState(fragment: Uint8Array, change: (state: string) => string): Uint8Array {
  const [, content] = readLength(fragment, 1);
  const ids = content + idsLength;
  let rest = ids;
  let state = '';
  if (fragment[ids] === traceStateTag) {
    const [length, start] = readLength(fragment, ids + 1);
    rest = start + length;
    state = readUtf8(fragment, start, rest);
  }
  const field = stringField(traceStateTag, change(state));
  const length = fragment.length - content - (rest - ids) + field.length;
  const changed = new Uint8Array(1 + varintSize(length) + length);
  changed[0] = fragment[0]!;
  let at = writeVarint(changed, 1, length);
  for (const part of [fragment.subarray(content, ids), field, fragment.subarray(rest)]) {
    changed.set(part, at);
    at += part.length;
  }
  return changed;
}

/** A length and the position behind it; spans and their parts are shorter than 2^28 bytes. */
function readLength(bytes: Uint8Array, at: number): readonly [length: number, end: number] {
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    length |= (byte & 127) << shift;
    if (byte < 128) return [length, at];
  }
}
