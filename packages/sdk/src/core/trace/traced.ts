import type { Exception, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { setSpan } from '../context/span-in-context.js';
import type { TracedOptions } from '../options.js';
import type { ContextStore } from '../ports.js';
import type { AnyFunction, Telemetry } from '../telemetry-handle.js';
import type { followResult } from './follow-result.js';

/** `SpanStatusCode.ERROR`; core has no enums of the API at run time. */
const statusError = 2;

export type TracedFunction = (this: unknown, ...args: unknown[]) => unknown;
/** Ends the span with what became of the work, once, and hands that on: returns a result, throws an error. */
export type WorkEnd = (outcome: unknown) => unknown;

/** One call of a traced function, for whoever follows its work further. */
export interface TracedCall {
  /** Runs a piece of the work in the span's context; the span ends with it if it throws. */
  step(piece: TracedFunction, self: unknown, args: unknown[]): unknown;
  readonly succeed: WorkEnd;
  readonly fail: WorkEnd;
}

/**
 * `traced` and `measure` of a telemetry: the span of a call lasts until the function returns or, where it returns a promise, until
 * that settles; the promise given back settles alike, after the span has ended. With `follow` it lasts as long as the work
 * of other thenables and of generators does.
 */
export function createTraced(
  tracer: Tracer,
  contextStore: ContextStore,
  follow?: typeof followResult,
): Pick<Telemetry, 'traced' | 'measure'> {
  const run = (name: string, options: TracedOptions, fn: TracedFunction, self?: unknown, args?: unknown[]): unknown => {
    const caller = contextStore.active();
    const outer = options.parent ?? caller;
    const span = tracer.startSpan(name, options as SpanOptions, outer);
    const context = setSpan(outer, span);
    let open = true;
    const end = (failed: boolean, outcome: unknown): unknown => {
      if (open) {
        open = false;
        try {
          if (failed) {
            span.recordException((outcome ?? String(outcome)) as Exception);
            span.setStatus({ code: statusError, message: String((outcome as Error | undefined)?.message ?? outcome) });
          } else options.onResult?.(span, outcome);
        } catch (error) {
          // What only describes the work must not break it.
          span.recordException(error as Exception);
        }
        span.end();
      }
      if (failed) throw outcome;
      return outcome;
    };
    const call: TracedCall = {
      step(piece, self, args) {
        try {
          return contextStore.with(context, piece, self, ...args);
        } catch (error) {
          return end(true, error);
        }
      },
      succeed: (outcome) => end(false, outcome),
      fail: (outcome) => end(true, outcome),
    };

    const result = call.step(fn, self, args ?? [span]);
    if (result instanceof Promise) {
      const settle = (failed: boolean) => (outcome: unknown) => {
        contextStore.carry?.(caller);
        return end(failed, outcome);
      };
      // What a library hung on its promise (a child process's streams) stays there.
      return Object.assign(result.then(settle(false), settle(true)), result);
    }
    return follow?.(result, call, contextStore) ? result : end(false, result);
  };

  return {
    traced<F extends AnyFunction>(name: string, options: TracedOptions | F, fn?: F): F {
      const target = (fn ?? options) as F;
      const wrapper = function (this: unknown, ...args: unknown[]): unknown {
        return run(name, fn ? (options as TracedOptions) : {}, target as unknown as TracedFunction, this, args);
      };
      // Frameworks look at a handler's arity, people at its name in a stack.
      return Object.defineProperties(wrapper, {
        name: { value: target.name },
        length: { value: target.length },
      }) as unknown as F;
    },
    measure: <R>(name: string, options: TracedOptions | ((span: Span) => R), fn?: (span: Span) => R): R =>
      run(name, fn ? (options as TracedOptions) : {}, (fn ?? options) as TracedFunction) as R,
  };
}
