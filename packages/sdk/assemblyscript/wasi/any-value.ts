import { Bytes } from './bytes';

/** An OTLP `AnyValue` of a string, a boolean, an integer, a float, or an Array of one of these. */
export function anyValue<T>(value: T): Bytes {
  const into = new Bytes(32);
  if (isString<T>()) {
    into.text(1, changetype<string>(changetype<usize>(value)));
  } else if (isArray<T>()) {
    const list = new Bytes();
    const values = changetype<valueof<T>[]>(changetype<usize>(value));
    for (let at = 0; at < values.length; at++) list.message(1, anyValue<valueof<T>>(values[at]));
    into.message(5, list);
  } else if (isBoolean<T>()) {
    into.tag(2, 0);
    into.varint(value ? 1 : 0);
  } else if (isFloat<T>()) {
    into.tag(4, 1);
    into.f64(<f64>value);
  } else if (isInteger<T>()) {
    into.tag(3, 0);
    into.varint(<u64>(<i64>value));
  } else {
    ERROR('An attribute is a string, a boolean, an integer, a float, or an Array of one of these.');
  }
  return into;
}
