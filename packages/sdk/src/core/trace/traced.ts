import type { Context, Exception, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { setSpan } from '../context/span-in-context.js';
import type { TracedOptions } from '../options.js';
import type { ContextStore } from '../ports.js';
import type { Telemetry } from '../telemetry-handle.js';

/** `SpanStatusCode.ERROR`; core has no enums of the API at run time. */
const statusError = 2;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Ends the span of one call, once, with what became of it. */
function createEnding(span: Span, onResult: TracedOptions['onResult']) {
  let open = true;
  return (failed: boolean, outcome: unknown): void => {
    if (!open) return;
    open = false;
    if (failed) {
      span.recordException((outcome ?? String(outcome)) as Exception);
      span.setStatus({ code: statusError, message: String((outcome as Error | undefined)?.message ?? outcome) });
    } else if (onResult) {
      try {
        onResult(span, outcome);
      } catch (error) {
        // What only describes the work must not break it.
        span.recordException(error as Exception);
      }
    }
    span.end();
  };
}

/**
 * `traced` and `measure` of a telemetry: the span of a call lasts as long as its work does.
 *
 * - A value: until the function returns.
 * - A promise: until it settles. The promise given back settles alike, after the span has ended.
 * - Another thenable (a query builder that runs when it is awaited): the same object, and the span ends when it has run.
 *   Nothing calls its `then` but the program, so that a lazy one is not run twice.
 * - A generator, sync or async: the same object, each step running in the span's context, until it is done.
 */
export function createTraced(tracer: Tracer, contextStore: ContextStore): Pick<Telemetry, 'traced' | 'measure'> {
  function run(name: string, options: TracedOptions, fn: AnyFunction, self: unknown, args: unknown[] | undefined) {
    const caller = contextStore.active();
    const outer = options.parent ?? caller;
    const span = tracer.startSpan(name, options as SpanOptions, outer);
    const context = setSpan(outer, span);
    const end = createEnding(span, options.onResult);
    let result: unknown;
    try {
      result = contextStore.with(context, fn, self, ...(args ?? [span]));
    } catch (error) {
      end(true, error);
      throw error;
    }
    if (result instanceof Promise) {
      const settled = result.then(
        (value) => {
          end(false, value);
          contextStore.carry?.(caller);
          return value;
        },
        (error) => {
          end(true, error);
          contextStore.carry?.(caller);
          throw error;
        },
      );
      // What a library hung on its promise (a child process's streams) stays there.
      return Object.assign(settled, result);
    }
    const methods = followLater(result);
    if (!methods) end(false, result);
    else for (const method of methods) followMethod(result as object, method, context, end);
    return result;
  }

  /** Replaces one method of a thenable or generator by one that runs in the span's context and notices the end. */
  function followMethod(
    target: object,
    method: string,
    context: Context,
    end: (failed: boolean, outcome: unknown) => void,
  ) {
    const original = (target as Record<string, AnyFunction | undefined>)[method];
    if (!original) return;
    const fail = (error: unknown): never => {
      end(true, error);
      throw error;
    };
    const follow = (step: unknown): unknown => {
      const { done, value } = step as IteratorResult<unknown>;
      if (done) end(false, value);
      return step;
    };
    const value = function (this: unknown, ...args: unknown[]): unknown {
      const outer = contextStore.active();
      const settle = (failed: boolean, next: unknown) => (outcome: unknown) => {
        end(failed, outcome);
        if (typeof next === 'function') return contextStore.with(outer, next as AnyFunction, undefined, outcome);
        if (failed) throw outcome;
        return outcome;
      };
      try {
        if (method === 'then') {
          return contextStore.with(context, original, this, settle(false, args[0]), settle(true, args[1]));
        }
        const step = contextStore.with(context, original, this, ...args);
        return step instanceof Promise ? step.then(follow, fail) : follow(step);
      } catch (error) {
        return fail(error);
      }
    };
    // A frozen object keeps its methods; its span says how long making it took.
    if (!Reflect.defineProperty(target, method, { value, configurable: true, writable: true })) end(false, target);
  }

  return {
    traced<F extends (...args: never[]) => unknown>(name: string, options: TracedOptions | F, fn?: F): F {
      const [target, settings] = fn ? [fn, options as TracedOptions] : [options as F, {}];
      const wrapper = function (this: unknown, ...args: unknown[]): unknown {
        return run(name, settings, target as unknown as AnyFunction, this, args);
      };
      // Frameworks look at a handler's arity, people at its name in a stack.
      return Object.defineProperties(wrapper, {
        name: { value: target.name, configurable: true },
        length: { value: target.length, configurable: true },
      }) as unknown as F;
    },
    measure<R>(name: string, options: TracedOptions | ((span: Span) => R), fn?: (span: Span) => R): R {
      const [target, settings] = fn ? [fn, options as TracedOptions] : [options as (span: Span) => R, {}];
      return run(name, settings, target as AnyFunction, undefined, undefined) as R;
    },
  };
}

/** The methods through which the work of `result` goes on after it was returned; `undefined` for a finished value. */
function followLater(result: unknown): readonly string[] | undefined {
  if (typeof result !== 'object' || result === null) {
    return undefined;
  }
  if (/Generator\]$/.test(Object.prototype.toString.call(result))) return ['next', 'return', 'throw'];
  return typeof (result as { then?: unknown }).then === 'function' ? ['then'] : undefined;
}
