import fc from 'fast-check';
import type { AnyValue, KeyValue, Request, Span } from './expected-rows.js';

/*
 * Export requests as fast-check thinks them up: any text (lone surrogates too), 64-bit edges, NaN and infinities, nothing and much.
 */
export const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 12 }),
  fc.constant('x'.repeat(300)),
  fc.constantFrom('\ud800', 'a\udfffb', '', '\0'),
);
export const id = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).filter((bytes) => bytes.some((byte) => byte !== 0));
export const traceId = fc.oneof({ weight: 9, arbitrary: id(16) }, { weight: 1, arbitrary: id(8) });
export const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.constantFrom(
    0n,
    -1n,
    2n ** 53n,
    2n ** 53n - 1n,
    -(2n ** 53n),
    -(2n ** 63n),
    2n ** 63n - 1n,
    999_999_999n,
    1_000_000_000n,
    -999_999_999n,
    -1_000_000_000n,
    2n ** 32n,
    -(2n ** 32n),
  ),
);
const scalar: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 4, arbitrary: text.map((stringValue) => ({ stringValue })) },
  { weight: 1, arbitrary: fc.boolean().map((boolValue) => ({ boolValue })) },
  { weight: 2, arbitrary: int64.map((intValue) => ({ intValue })) },
  { weight: 2, arbitrary: fc.double().map((doubleValue) => ({ doubleValue })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }).map((bytesValue) => ({ bytesValue })) },
  { weight: 1, arbitrary: fc.constant({}) },
);
export const { value } = fc.letrec<{ value: AnyValue; entry: KeyValue }>((tie) => ({
  entry: fc.record({ key: text, value: tie('value') }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }).map((values) => ({ arrayValue: { values } })) },
    { weight: 1, arbitrary: fc.array(tie('entry'), { maxLength: 4 }).map((values) => ({ kvlistValue: { values } })) },
  ),
}));
const keys = fc.oneof(text, fc.constantFrom('http.route', 'http.request.method', 'service.name', 'a', 'b', 'c'));
export const attributes: fc.Arbitrary<KeyValue[]> = fc.array(
  fc.record({ key: keys, value }, { requiredKeys: ['key'] }),
  {
    maxLength: 12,
  },
);
export const count = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
/** Days close to one another, so that a request stays within what an insert may touch. */
export const start = fc.oneof(
  fc.bigInt({ min: 1_700_000_000_000_000_000n, max: 1_700_400_000_000_000_000n }),
  fc.constantFrom(1n, 1_544_712_660_000_000_000n, 5_000_000_000_000_000_000n),
);
const duration = fc.oneof(
  fc.bigInt({ min: 0n, max: 10_000_000_000n }),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 60n),
);

const span: fc.Arbitrary<Span> = fc
  .record(
    {
      traceId,
      spanId: id(8),
      parentSpanId: fc.oneof(id(8), fc.constant(new Uint8Array(0))),
      traceState: text,
      name: text,
      kind: fc.integer({ min: 0, max: 7 }),
      startTimeUnixNano: start,
      duration,
      attributes,
      droppedAttributesCount: count,
      events: fc.array(
        fc.record(
          { timeUnixNano: start, name: text, attributes, droppedAttributesCount: count },
          { requiredKeys: ['timeUnixNano'] },
        ),
        { maxLength: 3 },
      ),
      droppedEventsCount: count,
      links: fc.array(
        fc.record(
          { traceId, spanId: id(8), traceState: text, attributes, droppedAttributesCount: count, flags: count },
          { requiredKeys: ['traceId', 'spanId'] },
        ),
        { maxLength: 3 },
      ),
      droppedLinksCount: count,
      status: fc.record({ message: text, code: fc.integer({ min: 0, max: 4 }) }, { requiredKeys: [] }),
      flags: count,
    },
    { requiredKeys: ['traceId', 'spanId', 'startTimeUnixNano', 'duration'] },
  )
  .map(({ duration: length, ...rest }) => ({ ...rest, endTimeUnixNano: rest.startTimeUnixNano + length }));

/** Resources with scopes with items; the names of the lists are the signal's. */
export function arbitraryResources<Item>(
  names: { readonly resources: string; readonly scopes: string; readonly items: string },
  item: fc.Arbitrary<Item>,
): fc.Arbitrary<object> {
  const scopes = fc.array(
    fc.record(
      {
        scope: fc.record(
          { name: text, version: text, attributes, droppedAttributesCount: count },
          { requiredKeys: [] },
        ),
        schemaUrl: text,
        [names.items]: fc.array(item, { maxLength: 5 }),
      },
      { requiredKeys: [names.items] },
    ),
    { maxLength: 3 },
  );
  const resources = fc.record(
    {
      resource: fc.record({ attributes, droppedAttributesCount: count }, { requiredKeys: [] }),
      schemaUrl: text,
      [names.scopes]: scopes,
    },
    { requiredKeys: [names.scopes] },
  );
  return fc.record({ [names.resources]: fc.array(resources, { maxLength: 3 }) });
}

export const arbitraryRequest = arbitraryResources(
  { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  span,
) as fc.Arbitrary<Request>;
