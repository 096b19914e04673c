import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DAYS } from '../src/process/open-request.js';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import { arbitraryRequest } from './arbitrary-request.js';
import { type AnyValue, expectedRows, type Request, type Row, type Span } from './expected-rows.js';
import { nativeRows } from './native-block.js';
import { encodeTraces } from './otlp-proto.js';

const NOW = 1_795_149_538_000;
const reader = createTraceReader();

function rowsOf(block: TraceBlock, from?: number, to?: number): Row[] {
  return nativeRows(Buffer.concat(block.toNative(from, to)));
}

const span = (overrides: Partial<Span> = {}): Span => ({
  traceId: Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'),
  spanId: Buffer.from('1112131415161718', 'hex'),
  name: 'work',
  startTimeUnixNano: 1_700_000_000_000_000_000n,
  endTimeUnixNano: 1_700_000_000_000_001_000n,
  ...overrides,
});
const requestOf = (...spans: Span[]): Request => ({
  resourceSpans: [
    { resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ spans }] },
  ],
});

function read(request: Request): { result: ReturnType<typeof reader.read>; rows: Row[] } {
  const block = new TraceBlock();
  const result = reader.read(encodeTraces(request), block, NOW);
  return { result, rows: rowsOf(block) };
}

describe('what another encoder writes', () => {
  test('becomes the rows that the objects say, for any request', () => {
    const block = new TraceBlock();
    fc.assert(
      fc.property(fc.array(arbitraryRequest, { minLength: 1, maxLength: 3 }), (requests) => {
        block.clear();
        for (const request of requests) {
          expect(reader.read(encodeTraces(request), block, NOW)).toMatchObject({
            kind: 'read',
            rejected: 0,
            message: '',
          });
        }
        expect(rowsOf(block)).toEqual(requests.flatMap(expectedRows));
      }),
      { numRuns: 300 },
    );
  });

  test('comes out the same when it is written in pieces', () => {
    const block = new TraceBlock();
    fc.assert(
      fc.property(
        fc.array(arbitraryRequest, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 5 }),
        (requests, size) => {
          block.clear();
          for (const request of requests) reader.read(encodeTraces(request), block, NOW);
          const pieces: Row[] = [];
          for (let from = 0; from < block.rows; from += size)
            pieces.push(...rowsOf(block, from, Math.min(block.rows, from + size)));
          expect(pieces).toEqual(rowsOf(block));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('may stand in any order: resource after spans, attributes on both sides of events', () => {
    const inOrder = encodeTraces(
      requestOf(
        span({
          attributes: [{ key: 'a', value: { intValue: 1n } }],
          events: [{ timeUnixNano: 5n, attributes: [{ key: 'a', value: { boolValue: true } }] }],
        }),
      ),
    );
    const field = (number: number, content: Uint8Array): Uint8Array =>
      Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
    const attribute = (key: string): Uint8Array =>
      field(9, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from([0x18, 7]))]));
    const event = field(11, Buffer.concat([field(2, Buffer.from('e')), field(3, field(1, Buffer.from('x')))]));
    const spanBytes = Buffer.concat([
      attribute('x'),
      event,
      attribute('y'),
      field(2, span().spanId),
      field(1, span().traceId),
      attribute('x'),
      Buffer.from([0x39, 1, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    const resource = field(
      1,
      field(1, Buffer.concat([field(1, Buffer.from('service.name')), field(2, field(1, Buffer.from('late')))])),
    );
    const request = field(1, Buffer.concat([field(2, field(2, spanBytes)), resource]));
    const block = new TraceBlock();
    reader.read(inOrder, block, NOW);
    expect(reader.read(request, block, NOW)).toMatchObject({ kind: 'read', accepted: 1 });
    expect(rowsOf(block)[1]).toMatchObject({
      ServiceName: 'late',
      SpanAttributes: [
        ['x', '7'],
        ['y', '7'],
      ],
      SpanAttributeTypes: 'ii',
      'Events.Attributes': [[['x', '']]],
      EventAttributeTypes: ['n'],
    });
  });

  test('in thousands of spans with many different keys and names needs wider indexes and longer dictionaries', () => {
    const spans = Array.from({ length: 3000 }, (_, index) =>
      span({
        name: `name ${index}`,
        attributes: Array.from({ length: 30 }, (_, key) => ({
          key: `key ${(index * 30 + key) % 70_000}`,
          value: { intValue: BigInt(key) },
        })),
      }),
    );
    const { rows } = read(requestOf(...spans));
    expect(rows).toEqual(expectedRows(requestOf(...spans)));
  });
});

describe('a span that cannot be kept', () => {
  const zeros = (count: number) => new Uint8Array(count);
  test.each([
    ['an empty trace id', { traceId: zeros(0) }],
    ['a trace id of 15 bytes', { traceId: new Uint8Array(15).fill(1) }],
    ['a trace id of 17 bytes', { traceId: new Uint8Array(17).fill(1) }],
    ['a trace id of zeros', { traceId: zeros(16) }],
    ['a 64-bit trace id of zeros', { traceId: zeros(8) }],
    ['no span id', { spanId: zeros(0) }],
    ['a span id of zeros', { spanId: zeros(8) }],
    ['a span id of 16 bytes', { spanId: new Uint8Array(16).fill(1) }],
    ['a parent id of 7 bytes', { parentSpanId: new Uint8Array(7).fill(1) }],
  ] as [string, Partial<Span>][])('for %s is left out and counted, and its neighbours stay', (_, overrides) => {
    const odd = span({
      ...overrides,
      attributes: [{ key: 'gone', value: { intValue: 1n } }],
      events: [{ timeUnixNano: 1n, attributes: [{ key: 'gone', value: {} }] }],
      links: [{ traceId: span().traceId, spanId: span().spanId }],
    });
    const before = span({ name: 'before', events: [{ timeUnixNano: 3n, name: 'kept' }] });
    const after = span({ name: 'after', attributes: [{ key: 'k', value: { doubleValue: 0.5 } }] });
    const { result, rows } = read(requestOf(before, odd, after));
    expect(result).toMatchObject({
      kind: 'read',
      accepted: 2,
      rejected: 1,
      message: expect.stringContaining('an id of'),
    });
    expect(rows).toEqual(expectedRows(requestOf(before, after)));
  });

  test('because its request spans too many days is left out, and the next request begins anew', () => {
    const spans = Array.from({ length: MAX_DAYS + 5 }, (_, day) => {
      const start = 1_600_000_000_000_000_000n + BigInt(day) * 86_400_000_000_000n;
      return span({ startTimeUnixNano: start, endTimeUnixNano: start });
    });
    const block = new TraceBlock();
    expect(reader.read(encodeTraces(requestOf(...spans)), block, NOW)).toMatchObject({
      accepted: MAX_DAYS,
      rejected: 5,
    });
    expect(reader.read(encodeTraces(requestOf(...spans.slice(-5))), block, NOW)).toMatchObject({
      accepted: 5,
      rejected: 0,
    });
  });
});

test('a 64-bit trace id is padded on the left', () => {
  const { rows } = read(requestOf(span({ traceId: Buffer.from('a1a2a3a4a5a6a7a8', 'hex') })));
  expect(rows[0]?.TraceId).toBe('0000000000000000a1a2a3a4a5a6a7a8');
});

test('a parent of zeros is no parent', () => {
  expect(read(requestOf(span({ parentSpanId: new Uint8Array(8) }))).rows[0]?.ParentSpanId).toBe('');
});

test('a link that points nowhere is left out and counted as dropped', () => {
  const links = [
    { traceId: new Uint8Array(16), spanId: span().spanId },
    { traceId: span().traceId, spanId: span().spanId, attributes: [{ key: 'k', value: { stringValue: 'v' } }] },
  ];
  const { result, rows } = read(requestOf(span({ links, droppedLinksCount: 3 })));
  expect(result).toMatchObject({ accepted: 1, rejected: 0, message: expect.stringContaining('link') });
  expect(rows[0]).toMatchObject({
    'Links.SpanId': ['1112131415161718'],
    'Links.Attributes': [[['k', 'v']]],
    DroppedLinks: 4,
  });
});

test('times that cannot be do not fail the neighbours: the span stands at its arrival and says what it was told', () => {
  const beyond = 6_000_000_000_000_000_000n;
  const { result, rows } = read(
    requestOf(
      span({ startTimeUnixNano: 0n, endTimeUnixNano: 0n }),
      span({
        startTimeUnixNano: beyond,
        endTimeUnixNano: beyond + 5n,
        attributes: [{ key: 'n', value: { intValue: 1n } }],
      }),
      span({ startTimeUnixNano: 2n ** 64n - 1n, endTimeUnixNano: 1n }),
      span({ startTimeUnixNano: 1_700_000_000_000_000_000n, endTimeUnixNano: 1_600_000_000_000_000_000n }),
      span(),
    ),
  );
  expect(result).toMatchObject({
    accepted: 5,
    rejected: 0,
    message: expect.stringContaining('throughline.original_time'),
  });
  const received = BigInt(NOW) * 1_000_000n;
  expect(rows.map((row) => [row.Timestamp, row.Duration])).toEqual([
    [received, 0n],
    [received, 0n],
    [received, 0n],
    [1_700_000_000_000_000_000n, 0n],
    [1_700_000_000_000_000_000n, 1000n],
  ]);
  expect(rows[1]).toMatchObject({
    SpanAttributes: [
      ['n', '1'],
      ['throughline.original_time', `${beyond}/${beyond + 5n}`],
    ],
    SpanAttributeTypes: 'is',
  });
  expect(rows[3]?.SpanAttributes).toEqual([['throughline.original_time', '1700000000000000000/1600000000000000000']]);
});

test('a span without an end is kept with no duration', () => {
  const { result, rows } = read(requestOf(span({ endTimeUnixNano: 0n })));
  expect(result).toMatchObject({ message: '' });
  expect(rows[0]).toMatchObject({ Timestamp: 1_700_000_000_000_000_000n, Duration: 0n, SpanAttributes: [] });
});

test('bytes that are not UTF-8 become U+FFFD, in short and in long texts', () => {
  const bytes = encodeTraces(
    requestOf(
      span({ name: 'short-XX', attributes: [{ key: 'key-XX', value: { stringValue: `${'long '.repeat(40)}XX` } }] }),
    ),
  );
  for (let at = bytes.indexOf(0x58); at >= 0; at = bytes.indexOf(0x58)) bytes[at] = 0xff;
  const block = new TraceBlock();
  reader.read(bytes, block, NOW);
  expect(rowsOf(block)[0]).toMatchObject({
    SpanName: 'short-\ufffd\ufffd',
    SpanAttributes: [['key-\ufffd\ufffd', `${'long '.repeat(40)}\ufffd\ufffd`]],
  });
});

test('arrays in arrays are followed to a depth and no further', () => {
  let value: AnyValue = { stringValue: 'deep' };
  for (let depth = 0; depth < 40; depth++) value = { arrayValue: { values: [value] } };
  const { rows } = read(requestOf(span({ attributes: [{ key: 'nest', value }] })));
  expect(rows[0]?.SpanAttributes).toEqual([['nest', `${'['.repeat(32)}null${']'.repeat(32)}`]]);
});

test('a malformed request leaves the block as it was', () => {
  const block = new TraceBlock();
  const good = requestOf(span({ events: [{ timeUnixNano: 1n, name: 'e' }] }), span({ name: 'second' }));
  reader.read(encodeTraces(good), block, NOW);
  const before = rowsOf(block);
  const bytes = encodeTraces(requestOf(span(), span({ attributes: [{ key: 'k', value: { stringValue: 'v' } }] })));
  for (let length = 1; length < bytes.length; length++) {
    const result = reader.read(bytes.subarray(0, length), block, NOW);
    expect(result.kind, `cut to ${length} of ${bytes.length}`).toBe('malformed');
  }
  expect(reader.read(Buffer.from('this is not protobuf'), block, NOW).kind).toBe('malformed');
  expect(rowsOf(block)).toEqual(before);
});

test('an empty request is a request', () => {
  expect(reader.read(new Uint8Array(0), new TraceBlock(), NOW)).toEqual({
    kind: 'read',
    accepted: 0,
    rejected: 0,
    message: '',
  });
});
