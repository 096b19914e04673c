import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countItems } from '../../process/count-items.js';
import type { FilePart, ReadAt } from './file-part.js';
import { MAX_LINE_BYTES, readLines } from './read-lines.js';

const from =
  (text: string | Buffer): ReadAt =>
  async (offset, length) =>
    (typeof text === 'string' ? Buffer.from(text) : text).subarray(offset, offset + length);

async function partsOf(text: string | Buffer, { isFinal = true, start = 0 } = {}): Promise<FilePart[]> {
  const parts: FilePart[] = [];
  for await (const part of readLines(from(text), start, Buffer.byteLength(text), isFinal)) parts.push(part);
  return parts;
}

const traces = (name: string): string =>
  JSON.stringify({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: '01'.repeat(16), spanId: '02'.repeat(8), name, startTimeUnixNano: '1' }] }] },
    ],
  });
const kinds = (parts: readonly FilePart[]): string[] =>
  parts.map(({ kind, offset, end }) => `${kind} ${offset}-${end}`);

describe('a file of OTLP/JSON lines', () => {
  test('gives a batch for each line, of the signal that is in it', async () => {
    const logs = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] });
    const metrics = JSON.stringify({ resource_metrics: [] });
    const parts = await partsOf(`${traces('a')}\n\n${logs}\r\n  ${metrics}\n`);
    expect(parts.map((part) => part.kind === 'batch' && part.signal)).toEqual(['traces', 'logs', 'metrics']);
    const [first, second] = parts as Extract<FilePart, { kind: 'batch' }>[];
    expect(first!.id).toMatch(/^[0-9a-f]{32}$/);
    expect(countItems(first!.bytes, 'traces')).toEqual({ kind: 'counted', items: 1 });
    expect(countItems(second!.bytes, 'logs')).toEqual({ kind: 'counted', items: 2 });
  });

  test('knows a line again by what is in it, and only by that', async () => {
    const [a, b, again] = (await partsOf(`${traces('a')}\n${traces('b')}\n ${traces('a')}\r\n`)) as { id: string }[];
    expect(again!.id).toBe(a!.id);
    expect(b!.id).not.toBe(a!.id);
  });

  test('skips what is no export request and says where and why', async () => {
    const parts = await partsOf(`nonsense\n{"a":1}\n[1]\n{"resourceSpans":1}\n${traces('a')}\n`);
    expect(parts.map((part) => (part.kind === 'damaged' ? part.why : part.kind))).toEqual([
      'a line that is not JSON',
      'a line that is no OTLP export request',
      'a line that is no OTLP export request',
      'body.resourceSpans must be an array',
      'batch',
    ]);
    expect(kinds(parts).slice(0, 2)).toEqual(['damaged 0-9', 'damaged 9-17']);
  });

  test('whose last line has no end is unfinished while it is written, and taken where nobody writes any more', async () => {
    const line = traces('a');
    const file = `${line}\n${line}`;
    const whole = [`batch 0-${line.length + 1}`];
    const rest = `${line.length + 1}-${file.length}`;
    expect(kinds(await partsOf(file, { isFinal: false }))).toEqual([...whole, `unfinished ${rest}`]);
    expect(kinds(await partsOf(file))).toEqual([...whole, `batch ${rest}`]);
    expect(kinds(await partsOf(file.slice(0, -5)))).toEqual([
      ...whole,
      `unfinished ${line.length + 1}-${file.length - 5}`,
    ]);
  });

  test('with a line that is longer than anybody’s goes on behind it', async () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 10, 0x20);
    long[long.length - 1] = 0x0a;
    const parts = await partsOf(Buffer.concat([long, Buffer.from(`${traces('a')}\n`)]));
    expect(parts.map(({ kind }) => kind)).toEqual(['damaged', 'batch']);
  });

  test('of any bytes at all is read to its end without an exception', async () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('\n', '{', traces('x'), '{"resourceSpans":', '\r\n', '"\uffff'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.boolean(), async (pieces, isFinal) => {
        const text = pieces.join('');
        const parts = await partsOf(text, { isFinal });
        for (const part of parts) expect(part.end).toBeLessThanOrEqual(Buffer.byteLength(text));
        expect(parts.slice(0, -1).map(({ kind }) => kind)).not.toContain('unfinished');
      }),
    );
  });
});
