import type { Span } from '@opentelemetry/api';
import { NonRecordingSpan } from '../../core/context/non-recording-span.js';
import type { TracedOptions } from '../../core/options.js';
import { currentTelemetry } from '../../core/telemetry-global.js';
import type { AnyFunction, Telemetry } from '../../core/telemetry-handle.js';

/*
 * `telemetry.traced` and `telemetry.measure` for a Worker, whose modules run before its telemetry can start. Until then, and where it
 * does not start, functions run as they are.
 */

const nobody = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };

/** `traced` of the telemetry that runs when the function is called; may be used at global scope. */
export const traced: Telemetry['traced'] = <F extends AnyFunction>(
  name: string,
  given: TracedOptions | F,
  fn?: F,
): F => {
  const target = (fn ?? given) as F;
  let telemetry: Telemetry | undefined;
  let current = target;
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const running = currentTelemetry();
    if (running !== telemetry) {
      telemetry = running;
      current = running?.traced(name, fn ? (given as TracedOptions) : {}, target) ?? target;
    }
    return Reflect.apply(current as never, this, args);
  };
  return Object.defineProperties(wrapper, {
    name: { value: target.name },
    length: { value: target.length },
  }) as unknown as F;
};

/** `measure` of the telemetry that runs now. */
export const measure: Telemetry['measure'] = <R>(
  name: string,
  given: TracedOptions | ((span: Span) => R),
  fn?: (span: Span) => R,
): R => {
  const work = (fn ?? given) as (span: Span) => R;
  const telemetry = currentTelemetry();
  return telemetry
    ? telemetry.measure(name, fn ? (given as TracedOptions) : {}, work)
    : work(new NonRecordingSpan(nobody));
};
