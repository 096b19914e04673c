/**
 * How the type of an attribute's value survives a table whose attribute values are strings.
 *
 * Next to each map stands a string with one letter per entry, in the map's own order; the empty string says that every value is a
 * string. The value itself is written as OpenTelemetry's ClickHouse exporter writes it, so other people's SQL reads it:
 * integers and doubles in decimal, `true`/`false`, bytes in base64, arrays and nested maps as JSON, no value as ''.
 *
 * Inside that JSON a double always carries a point or an exponent (`1.0`), integers beyond 2^53 are `{"$int":"…"}`, bytes
 * `{"$bytes":"base64"}`, non-finite doubles `{"$double":"NaN"}`: the shapes of `AttributeValue` in shapes/api.ts.
 */
export const ATTRIBUTE_TYPE = {
  string: 's',
  bool: 'b',
  int: 'i',
  double: 'd',
  bytes: 'y',
  array: 'a',
  map: 'm',
  /** A key whose `AnyValue` says nothing at all. */
  empty: 'n',
} as const;
