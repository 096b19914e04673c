import {
  attributes_create,
  context_traceparent,
  set_bool,
  set_double,
  set_int,
  set_list,
  set_string,
  span_add_event,
  span_current,
  span_end,
  span_is_recording,
  span_record_exception,
  span_set_status,
  span_start,
} from './interface-v1';
import { SpanKind, StatusCode } from './span-kind';

export { SpanKind, StatusCode };

/*
 * Spans of an AssemblyScript module in a host that runs Throughline: `import { Span } from "@throughline/sdk/assemblyscript"`, compiled with `asc`,
 * which finds the package in node_modules by itself. The host instantiates the module with `traceWasm(…).imports()`.
 */

const NOTHING: i32 = 0;
const NO_PARENT: i32 = -1;
const STRINGS: i32 = 0;
const BOOLS: i32 = 1;
const INTS: i32 = 2;
const DOUBLES: i32 = 3;
const TRACEPARENT_LENGTH: i32 = 55;

/** Attributes of an event. Used once: `span.event("discounted", new Attributes().set("percent", 5))`. */
export class Attributes {
  /** @internal */
  readonly handle: i32 = attributes_create();

  /** A string, a boolean, an integer, a float, or an Array of one of these. */
  set<T>(key: string, value: T): Attributes {
    setAttribute<T>(this.handle, key, value);
    return this;
  }
}

/**
 * Something the module does. A span is the current one from its start to its end: what is started meanwhile lies below it, here and in the functions
 * of the host that are called. What is not ended ends when the exported function returns, and the host names it.
 */
export class Span {
  private constructor(
    /** @internal */
    readonly handle: i32,
  ) {}

  /** Below the current span, which is the one around the exported function at first. */
  static start(name: string, kind: SpanKind = SpanKind.Internal): Span {
    return new Span(span_start(changetype<usize>(name), name.length, kind, NOTHING));
  }

  /** Below `parent`, wherever that was started. */
  static startBelow(parent: Span, name: string, kind: SpanKind = SpanKind.Internal): Span {
    return new Span(span_start(changetype<usize>(name), name.length, kind, parent.handle));
  }

  /** The first of a trace of its own. */
  static startRoot(name: string, kind: SpanKind = SpanKind.Internal): Span {
    return new Span(span_start(changetype<usize>(name), name.length, kind, NO_PARENT));
  }

  /** The current span: that of the host, before the module has started one. The host's may be described but not ended. */
  static current(): Span {
    return new Span(span_current());
  }

  /** `false`: nobody will see it, so there is no need to find out what it should say. */
  get isRecording(): bool {
    return span_is_recording(this.handle) !== 0;
  }

  /** A string, a boolean, an integer, a float, or an Array of one of these. */
  set<T>(key: string, value: T): Span {
    setAttribute<T>(this.handle, key, value);
    return this;
  }

  event(name: string, attributes: Attributes | null = null): Span {
    span_add_event(
      this.handle,
      changetype<usize>(name),
      name.length,
      attributes === null ? NOTHING : attributes.handle,
    );
    return this;
  }

  status(code: StatusCode, message: string = ''): Span {
    span_set_status(this.handle, code, changetype<usize>(message), message.length);
    return this;
  }

  /** Something went wrong: recorded as an exception, and the span's status is error. The span still has to end. */
  fail(message: string, type: string = 'Error', stack: string = ''): Span {
    span_record_exception(
      this.handle,
      changetype<usize>(type),
      type.length,
      changetype<usize>(message),
      message.length,
      changetype<usize>(stack),
      stack.length,
    );
    return this.status(StatusCode.Error, message);
  }

  end(): void {
    span_end(this.handle);
  }
}

/** The current context as a W3C `traceparent` header, for a request that the module makes itself; empty where nothing is traced. */
export function traceparent(): string {
  const into = new StaticArray<u16>(TRACEPARENT_LENGTH);
  const length = context_traceparent(changetype<usize>(into), TRACEPARENT_LENGTH);
  return String.fromCharCodes(into.slice<Array<u16>>(0, length).map<i32>((unit) => <i32>unit));
}

function setAttribute<T>(handle: i32, key: string, value: T): void {
  const at = changetype<usize>(key);
  const length = key.length;
  if (isString<T>()) {
    const text = changetype<string>(changetype<usize>(value));
    set_string(handle, at, length, changetype<usize>(text), text.length);
  } else if (isArray<T>()) {
    setList<valueof<T>>(handle, key, changetype<valueof<T>[]>(changetype<usize>(value)));
  } else if (isBoolean<T>()) {
    set_bool(handle, at, length, <i32>value);
  } else if (isFloat<T>()) {
    set_double(handle, at, length, <f64>value);
  } else if (isInteger<T>()) {
    set_int(handle, at, length, <i64>value);
  } else {
    ERROR('An attribute is a string, a boolean, an integer, a float, or an Array of one of these.');
  }
}

function setList<V>(handle: i32, key: string, values: V[]): void {
  const at = changetype<usize>(key);
  const count = values.length;
  if (isString<V>()) {
    // Pairs of pointer and length; `values` keeps the strings alive.
    const pairs = new StaticArray<usize>(count * 2);
    for (let index = 0; index < count; index++) {
      const text = changetype<string>(changetype<usize>(values[index]));
      pairs[index * 2] = changetype<usize>(text);
      pairs[index * 2 + 1] = <usize>text.length;
    }
    set_list(handle, at, key.length, STRINGS, changetype<usize>(pairs), count);
  } else if (isBoolean<V>()) {
    set_list(handle, at, key.length, BOOLS, values.dataStart, count);
  } else if (isFloat<V>()) {
    const doubles = new StaticArray<f64>(count);
    for (let index = 0; index < count; index++) doubles[index] = <f64>values[index];
    set_list(handle, at, key.length, DOUBLES, changetype<usize>(doubles), count);
  } else if (isInteger<V>()) {
    const ints = new StaticArray<i64>(count);
    for (let index = 0; index < count; index++) ints[index] = <i64>values[index];
    set_list(handle, at, key.length, INTS, changetype<usize>(ints), count);
  } else {
    ERROR('A list of attributes holds strings, booleans, integers or floats.');
  }
}
