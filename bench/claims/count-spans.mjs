/** Spans in an ExportTraceServiceRequest: resources (1) → scopes (2) → spans (2). A length that does not fit throws. */
export function countSpans(bytes) {
  let pos = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[pos++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const count = (end, [field, ...below]) => {
    let found = 0;
    while (pos < end) {
      const tag = varint();
      if ((tag & 7) !== 2) throw new Error(`unexpected tag ${tag}`);
      const fieldEnd = varint() + pos;
      if (tag >> 3 === field) found += below.length === 0 ? 1 : count(fieldEnd, below);
      pos = fieldEnd;
    }
    if (pos !== end) throw new Error('a length does not fit');
    return found;
  };
  return count(bytes.length, [1, 2, 2]);
}
