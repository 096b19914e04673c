import { expect, test } from 'vitest';
import { decode, encodeLogs, encodeMetrics, encodeTraces } from '../../../test/otlp-proto.js';
import type { Signal } from '../signal.js';
import { applyRules } from './apply-rules.js';
import { readRules } from './read-rules.js';
import { sampleTrace } from './sample-trace.js';

const counted: string[] = [];
const account = {
  dropped: (signal: string, rule: string) => void counted.push(`${signal} ${rule}`),
  redacted: (rule: string) => void counted.push(rule),
};
const apply = (
  bytes: Uint8Array,
  given: { redact?: readonly string[]; drop?: readonly string[]; sample?: string },
  signal: Signal = 'traces',
): Uint8Array => {
  counted.length = 0;
  return applyRules(bytes, signal, readRules({ redact: [], drop: [], ...given })!, account);
};
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const spanOf = (attributes: object[], more: object = {}): object => ({
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 2),
  name: 'GET /health/live',
  startTimeUnixNano: '1700000000000000000',
  attributes,
  ...more,
});
const traces = (spans: object[], resource: object[] = []): Uint8Array =>
  encodeTraces({ resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }] });
const read = (bytes: Uint8Array): string => JSON.stringify(decode('ExportTraceServiceRequest', bytes));

test('by key an attribute is deleted, replaced or hashed, wherever it stands: resource, span, event, link', () => {
  const attributes = [
    text('enduser.id', 'ada'),
    text('http.request.header.x', 'y'),
    text('db.query.text', 'SELECT 1'),
    text('kept', 'k'),
  ];
  const request = traces(
    [
      spanOf(attributes, {
        events: [{ name: 'e', attributes }],
        links: [{ traceId: Buffer.alloc(16, 3), spanId: Buffer.alloc(8, 4), attributes }],
      }),
    ],
    attributes,
  );
  const result = apply(request, { redact: ['hash:enduser.id', 'delete:http.request.header.*', 'replace:DB.QUERY.*'] });
  const json = read(result);
  for (const gone of ['ada', 'http.request.header.x', 'SELECT 1']) expect(json).not.toContain(gone);
  expect(json.match(/\[redacted\]/g)).toHaveLength(4);
  // sha256('\n\x03ada'), the value with its type, cut to 32 digits: the same everywhere, so that it can be joined.
  expect(new Set(json.match(/[0-9a-f]{32}/g)).size).toBe(1);
  expect(json.match(/"kept"/g)).toHaveLength(4);
  expect(counted.filter((rule) => rule === 'hash:enduser.id')).toHaveLength(4);
  expect(
    Buffer.from(
      apply(request, { redact: ['hash:enduser.id', 'delete:http.request.header.*', 'replace:DB.QUERY.*'] }),
    ).equals(Buffer.from(result)),
  ).toBe(true);
});

test('presets find tokens, cookies, numbers of cards with their check digit, and addresses, also within texts', () => {
  const attributes = [
    text('http.request.header.authorization', 'secret-1'),
    text('user.password', 'secret-2'),
    text('note', 'sent Bearer abcdefghijklmnop to it'),
    text('jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc'),
    text('http.request.header.cookie', 'session=secret-3'),
    text('comment', 'card 4111 1111 1111 1111, order 4111 1111 1111 1112, mail ada@example.com'),
    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'bob@example.org' }] } } },
    { key: 'gen_ai.usage.input_tokens', value: { intValue: 7 } },
  ];
  const json = read(
    apply(
      traces([
        spanOf(attributes, { name: 'to eve@example.net', status: { code: 2, message: 'no mallory@example.com' } }),
      ]),
      { redact: ['tokens', 'cookies', 'cards', 'emails'] },
    ),
  );
  for (const gone of ['secret-', 'abcdefghijklmnop', 'eyJ', '4111 1111 1111 1111', '@example'])
    expect(json, gone).not.toContain(gone);
  for (const kept of [
    'order 4111 1111 1111 1112',
    'gen_ai.usage.input_tokens',
    'card [redacted]',
    'sent [redacted] to it',
  ])
    expect(json, kept).toContain(kept);
  expect(new Set(counted)).toEqual(new Set(['tokens', 'cookies', 'cards', 'emails']));
});

test('what rules do not find stays the very same bytes', () => {
  const request = traces([spanOf([text('kept', 'k')])]);
  expect(
    apply(request, {
      redact: ['tokens', 'cookies', 'cards', 'emails', 'delete:other'],
      drop: ['traces:name=x', 'logs:name=*'],
    }),
  ).toBe(request);
});

test('spans, log records and metrics are dropped by name, service and attribute; their neighbours stay', () => {
  const other = spanOf([text('http.route', '/cart')], { name: 'GET /cart' });
  const request = traces([spanOf([]), other], [text('service.name', 'shop')]);
  expect(apply(request, { drop: ['traces:name=get /health*'] })).toHaveLength(
    traces([other], [text('service.name', 'shop')]).length,
  );
  expect(counted).toEqual(['traces traces:name=get /health*']);
  expect(read(apply(request, { drop: ['traces:service=shop'] }))).not.toContain('GET');
  expect(read(apply(request, { drop: ['traces:http.route=/cart'] }))).toContain('/health');
  const logs = encodeLogs({
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              { body: { stringValue: 'mail ada@example.com' } },
              { eventName: 'noise', body: { stringValue: 'gone' } },
            ],
          },
        ],
      },
    ],
  });
  const left = Buffer.from(apply(logs, { drop: ['logs:name=noise'], redact: ['emails'] }, 'logs')).toString('latin1');
  expect(left).toContain('mail [redacted]');
  expect(left).not.toContain('gone');
  const metrics = encodeMetrics({
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              { name: 'jvm.gc', sum: { dataPoints: [{ asInt: 1 }] } },
              { name: 'work', gauge: { dataPoints: [{ asInt: 1, attributes: [text('user', 'ada@example.com')] }] } },
            ],
          },
        ],
      },
    ],
  });
  const kept = Buffer.from(apply(metrics, { drop: ['metrics:name=jvm.*'], redact: ['emails'] }, 'metrics')).toString(
    'latin1',
  );
  expect(kept).not.toMatch(/jvm|example/);
  expect(kept).toContain('work');
});

test('a share of traces is kept by their ids alone: the same for all spans, smaller shares within larger ones, stricter ones before respected', () => {
  const ids = Array.from({ length: 4_000 }, (_, index) => {
    const id = Buffer.alloc(16, 7);
    id.writeUInt32BE(Math.imul(index, 0x9e3779b1) >>> 0, 9);
    return id;
  });
  const kept = (share: number): Set<number> =>
    new Set(ids.flatMap((id, index) => (sampleTrace(id, '', share).isKept ? [index] : [])));
  const tenth = kept(0.1);
  expect(tenth.size / ids.length).toBeCloseTo(0.1, 1);
  const half = kept(0.5);
  for (const index of tenth) expect(half.has(index)).toBe(true);
  const lucky = Buffer.alloc(16, 0xff);
  expect(sampleTrace(lucky, '', 0.5)).toEqual({ isKept: true, traceState: 'ot=th:8' });
  expect(sampleTrace(lucky, 'a=1,ot=rv:fffffffffffff0;th:4,b=2', 0.25)).toEqual({
    isKept: true,
    traceState: 'ot=th:c;rv:fffffffffffff0,a=1,b=2',
  });
  expect(sampleTrace(lucky, 'ot=rv:00000000000001', 0.5)).toEqual({ isKept: false });
  // Sampled at 10 % before: that is stricter than a half, and its word stays.
  expect(sampleTrace(Buffer.alloc(16), 'ot=th:e6666666666668', 0.5)).toEqual({ isKept: true });
  const request = traces([spanOf([], { traceId: lucky }), spanOf([], { traceId: Buffer.alloc(16, 0x01) })]);
  expect(read(apply(request, { sample: '50%' }))).toContain('ot=th:8');
  expect(counted).toEqual(['traces sample']);
});

test('a rule that cannot be read is named, with what there is', () => {
  const wrong = (given: object): string => {
    try {
      readRules({ redact: [], drop: [], ...given });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(wrong({ redact: ['tokns'] })).toMatch(/^--redact: "tokns" is none of tokens, cookies, cards, emails/);
  expect(wrong({ redact: ['replace:/(/'] })).toMatch(/^--redact: the pattern of "replace:\/\(\/" cannot be read/);
  expect(wrong({ drop: ['spans:name=x'] })).toMatch(/^--drop: "spans:name=x" is not of the form/);
  expect(wrong({ sample: '0' })).toMatch(/^--sample must be a share/);
  expect(readRules({ redact: [], drop: [], sample: '100' })).toBeUndefined();
});
