import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partialSuccess, rpcStatus } from '../../../testkit/src/otlp-answers.js';
import { type HttpAnswer, httpOutcome, retryAfterMs } from './http-answer.js';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const encode = (text: string) => new TextEncoder().encode(text);

const outcomeOf = ({
  contentType = 'application/x-protobuf',
  ...answer
}: Partial<HttpAnswer> & { contentType?: string | null | undefined }) =>
  httpOutcome({
    status: 200,
    header: (name) => (name === 'content-type' ? contentType : null),
    body: new Uint8Array(0),
    ...answer,
  });

describe('httpOutcome', () => {
  test('what is retryable is what the OTLP specification says, and nothing else', () => {
    const kinds = Array.from({ length: 500 }, (_, at) => [at + 100, outcomeOf({ status: at + 100 }).kind] as const);
    const of = (kind: string) => kinds.filter((each) => each[1] === kind).map(([status]) => status);
    expect(of('retry')).toEqual([429, 502, 503, 504]);
    expect(of('too-large')).toEqual([413]);
    expect(of('accepted')).toEqual(Array.from({ length: 100 }, (_, at) => 200 + at));
  });

  test('a partial success is read from protobuf and from JSON, numbers and strings', () => {
    const expected = { kind: 'accepted', rejectedItems: 300, message: 'größer' };
    expect(outcomeOf({ body: partialSuccess(300, 'größer') })).toEqual(expected);
    for (const rejected of ['"300"', '300']) {
      const body = encode(`{"partialSuccess":{"rejectedSpans":${rejected},"errorMessage":"größer"}}`);
      expect(outcomeOf({ contentType: 'application/json; charset=utf-8', body })).toEqual(expected);
    }
    const nothing = { kind: 'accepted', rejectedItems: 0, message: undefined };
    expect(outcomeOf({})).toEqual(nothing);
    expect(outcomeOf({ contentType: 'application/json', body: encode('{}') })).toEqual(nothing);
    expect(outcomeOf({ contentType: 'application/json', body: encode('{"partialSuccess":{}}') })).toEqual(nothing);
    expect(outcomeOf({ contentType: null })).toEqual(nothing);
  });

  test('the server’s message is in the reason, from a google.rpc.Status in either encoding, or as plain text', () => {
    const reason = (answer: Parameters<typeof outcomeOf>[0]) =>
      (outcomeOf({ status: 400, ...answer }) as { reason: string }).reason;
    expect(reason({ body: rpcStatus(3, 'no ids', 500) })).toBe('HTTP 400 no ids');
    expect(reason({ contentType: 'application/json', body: encode('{"code":3,"message":"no ids"}') })).toBe(
      'HTTP 400 no ids',
    );
    expect(reason({ contentType: 'text/html', body: encode('<h1>no</h1>') })).toBe('HTTP 400 <h1>no</h1>');
    expect(reason({ contentType: 'application/json', body: encode('<h1>') })).toBe('HTTP 400');
    const said = JSON.stringify({ message: 'a "quoted" ü' });
    expect(reason({ contentType: 'application/json', body: encode(said) })).toBe('HTTP 400 a "quoted" ü');
    expect(reason({})).toBe('HTTP 400');
    expect(reason({ contentType: 'text/plain', body: encode('x'.repeat(5_000)) }).length).toBeLessThan(320);
  });

  test('the message of a request that was taken is cut like any other', () => {
    const message = 'x'.repeat(5_000);
    for (const answer of [
      { body: partialSuccess(1, message) },
      { contentType: 'application/json', body: encode(JSON.stringify({ partialSuccess: { errorMessage: message } })) },
    ])
      expect(outcomeOf(answer)).toMatchObject({ kind: 'accepted', message: 'x'.repeat(300) });
  });

  test('no body can make it throw, hang or answer anything but an outcome', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom('application/x-protobuf', 'application/json', 'text/plain', undefined),
        fc.integer({ min: 100, max: 599 }),
        (body, contentType, status) => {
          expect(['accepted', 'retry', 'refused', 'too-large']).toContain(
            outcomeOf({ body, contentType, status }).kind,
          );
        },
      ),
    );
  });
});

describe('retryAfterMs', () => {
  test('seconds and dates; what is past is now; what is neither is nothing', () => {
    expect(retryAfterMs('120', nowMs)).toBe(120_000);
    expect(retryAfterMs('0', nowMs)).toBe(0);
    expect(retryAfterMs('Sun, 01 Mar 2026 12:00:30 GMT', nowMs)).toBe(30_000);
    expect(retryAfterMs('Sun, 01 Mar 2026 11:00:00 GMT', nowMs)).toBe(0);
    for (const none of ['', undefined, null, 'soon']) expect(retryAfterMs(none, nowMs)).toBeUndefined();
  });
});
