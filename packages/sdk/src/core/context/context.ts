import type { Context } from '@opentelemetry/api';

/**
 * Where the OpenTelemetry API keeps the active span in a context. The API makes its keys with `Symbol.for`, so that a span put
 * there by any copy of the API, or by us, is found by all of them.
 */
export const spanKey: symbol = Symbol.for('OpenTelemetry Context Key SPAN');

/**
 * An immutable bag of values. The span has a place of its own and everything else shares one copy-on-write map: making a
 * span active costs one small object, and a context never keeps the contexts (and spans) it was made from alive.
 */
class ImmutableContext implements Context {
  readonly #span: unknown;
  readonly #rest: ReadonlyMap<symbol, unknown> | undefined;

  constructor(span?: unknown, rest?: ReadonlyMap<symbol, unknown>) {
    this.#span = span;
    this.#rest = rest;
  }

  getValue(key: symbol): unknown {
    return key === spanKey ? this.#span : this.#rest?.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return key === spanKey
      ? new ImmutableContext(value, this.#rest)
      : new ImmutableContext(this.#span, new Map(this.#rest).set(key, value));
  }

  deleteValue(key: symbol): Context {
    // Nobody can ask what keys there are: one without a value is one that is not there.
    return this.setValue(key, undefined);
  }
}

/** The context that holds nothing; what is active where nobody made another active. */
export const rootContext: Context = /* @__PURE__ */ new ImmutableContext();

/** A key that no other call returns. `description` is for people reading a debugger; it need not be unique. */
export const createContextKey = (description: string): symbol => Symbol(description);
