/** W3C trace flags. */
export const sampledFlag = 1;
export const randomFlag = 2;
/** Not a W3C flag, kept above its byte: the span context came from another process. */
export const remoteFlag = 0x100;

/**
 * The `flags` of spans and links on the wire (trace.proto, SpanFlags): the W3C flags of `flags`, bit 8 "it is known whether the
 * context is remote", bit 9 "it is". For a span, `whose` are its parent's flags, -1 without one; for a link its own.
 */
export const wireFlags = (flags: number, whose: number): number =>
  (flags & 0xff) | (whose >= 0 && whose & remoteFlag ? 0x300 : 0x100);
