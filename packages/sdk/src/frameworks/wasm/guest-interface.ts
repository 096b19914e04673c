import type { Attributes, AttributeValue, Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { rootContext } from '../../core/context/context.js';
import { isSpanContextValid } from '../../core/context/span-context-validity.js';
import { deleteSpan, getSpan, setSpan } from '../../core/context/span-in-context.js';
import { registeredContext } from '../../core/otel-api.js';
import type { GuestMemory, StringEncoding } from './guest-memory.js';
import type { GuestProblems } from './guest-problems.js';

/** Handles a guest may hold at once. */
const MAX_OPEN = 4_096;
/** In place of a parent: the span begins a trace of its own. */
const NO_PARENT = -1;
const ERROR = 2;
/** Spans named in one message. */
const MAX_NAMED = 10;

/** What a handle stands for: a span, the guest's own or its host's, or attributes on their way to an event. */
type Held =
  | { readonly kind: 'span'; readonly span: Span; readonly name: string; readonly mine: boolean }
  | { readonly kind: 'attributes'; readonly attributes: Attributes };

/** One call into the guest. */
interface Frame {
  /** How many spans were open when it began: those above are of this call. */
  readonly base: number;
  /** Handles from here on are of this call. */
  readonly firstHandle: number;
  /** The span of the call itself, where it has one. */
  readonly span: Span | undefined;
  /** The handle of the host's span, once the guest has asked for it. */
  hostHandle: number;
}

export interface GuestInterface {
  /** The functions of one encoding. */
  imports(encoding: StringEncoding): Record<string, WebAssembly.ImportValue>;
  /** Runs a call into the guest, in `span` where it has one; what it leaves open ends with it. */
  call<R>(run: () => R, span?: Span): R;
  /** Runs a call out of the guest below the span the guest is in. */
  callOut<R>(run: () => R): R;
  readonly openHandles: number;
}

const active = (): Context => registeredContext()?.active() ?? rootContext;

/**
 * The functions a guest imports, over one table of handles. A handle is a positive 32-bit integer that is never given twice; 0 stands for
 * nothing and everything may be done to it, so that a guest need not look at what it got. Whatever a guest passes, no function throws.
 */
export function createGuestInterface(
  tracer: Tracer,
  memory: () => GuestMemory | undefined,
  problems: GuestProblems,
): GuestInterface {
  const held = new Map<number, Held>();
  /** Handles of the guest's open spans, the current one last. */
  const open: number[] = [];
  const frames: Frame[] = [];
  let lastHandle = 0;

  const hold = (value: Held): number => {
    if (held.size >= MAX_OPEN || lastHandle === 0x7fff_ffff) {
      problems.note('too-many-open');
      return 0;
    }
    held.set(++lastHandle, value);
    return lastHandle;
  };

  const find = (handle: number): Held | undefined => {
    const found = held.get(handle);
    if (!found && handle !== 0) problems.note('bad-handle');
    return found;
  };
  const spanOf = (handle: number): Span | undefined => {
    const found = find(handle);
    if (found?.kind === 'attributes') problems.note('bad-handle');
    return found?.kind === 'span' ? found.span : undefined;
  };

  /** The span the guest is in; none where it has started none in this call. */
  const current = (): Span | undefined => {
    const handle = open.length > (frames.at(-1)?.base ?? 0) ? open.at(-1)! : 0;
    const found = held.get(handle);
    return found?.kind === 'span' ? found.span : undefined;
  };
  /** The span around the guest. */
  const hosts = (): Span | undefined => frames.at(-1)?.span ?? getSpan(active());

  const release = (handle: number): void => {
    held.delete(handle);
    const at = open.lastIndexOf(handle);
    if (at >= 0) open.splice(at, 1);
  };

  /** What a guest left: ended, and named unless the guest was torn out of it. */
  const leave = (frame: Frame, torn: { readonly error: unknown } | undefined): void => {
    const forgotten: string[] = [];
    const left = [...held].filter(([handle]) => handle >= frame.firstHandle);
    for (const [handle, found] of left.reverse()) {
      release(handle);
      if (found.kind !== 'span' || !found.mine) continue;
      if (!torn) forgotten.unshift(`"${found.name}"`);
      try {
        if (torn) found.span.setStatus({ code: ERROR, message: messageOf(torn.error) });
        found.span.end();
      } catch (error) {
        problems.note('failed', messageOf(error));
      }
    }
    if (forgotten.length > 0) problems.note('left-open', forgotten.slice(0, MAX_NAMED).join(', '), forgotten.length);
  };

  const setAttribute = (handle: number, key: string, value: AttributeValue): void => {
    const found = find(handle);
    if (found?.kind === 'span') found.span.setAttribute(key, value);
    else if (found) found.attributes[key] = value;
  };

  return {
    imports(encoding) {
      /** Of what a guest points at, or the problem. */
      const read = <T>(from: (memory: GuestMemory) => T | undefined): T | undefined => {
        const readable = memory();
        const value = readable && from(readable);
        if (value === undefined) problems.note(readable ? 'bad-pointer' : 'no-memory');
        return value;
      };
      const text = (pointer: number, length: number): string | undefined =>
        read((memory) => memory.text(pointer, length, encoding));
      const lists: readonly ((pointer: number, count: number) => AttributeValue | undefined)[] = [
        (pointer, count) => read((memory) => memory.texts(pointer, count, encoding)),
        (pointer, count) => read((memory) => memory.bools(pointer, count)),
        (pointer, count) => read((memory) => memory.ints(pointer, count))?.map(integer) as AttributeValue | undefined,
        (pointer, count) => read((memory) => memory.doubles(pointer, count)),
      ];
      const set = (target: number, key: string | undefined, value: AttributeValue | undefined): void => {
        if (key !== undefined && value !== undefined) setAttribute(target, key, value);
      };

      const functions = {
        span_start(name: number, nameLength: number, kind: number, parent: number): number {
          const named = text(name, nameLength);
          if (named === undefined) return 0;
          if (kind < 0 || kind > 4) problems.note('bad-value', `kind ${kind} of "${named}"`);
          if (parent < NO_PARENT) problems.note('bad-value', `parent ${parent} of "${named}"`);
          const above = parent > 0 ? spanOf(parent) : (current() ?? frames.at(-1)?.span);
          // Without one above, the tracer knows what is active.
          const context = parent === NO_PARENT ? deleteSpan(active()) : above ? setSpan(active(), above) : undefined;
          const span = tracer.startSpan(named, { kind: kind >= 0 && kind <= 4 ? kind : 0 }, context);
          const handle = hold({ kind: 'span', span, name: named, mine: true });
          if (handle > 0) open.push(handle);
          return handle;
        },
        span_current(): number {
          const frame = frames.at(-1);
          if (open.length > (frame?.base ?? 0)) return open.at(-1)!;
          const span = hosts();
          if (!span) return 0;
          const make = () => hold({ kind: 'span', span, name: '', mine: false });
          if (!frame) return make();
          frame.hostHandle ||= make();
          return frame.hostHandle;
        },
        span_is_recording: (span: number): number => (spanOf(span)?.isRecording() ? 1 : 0),
        set_string(target: number, key: number, keyLength: number, value: number, valueLength: number): void {
          set(target, text(key, keyLength), text(value, valueLength));
        },
        set_bool(target: number, key: number, keyLength: number, value: number): void {
          set(target, text(key, keyLength), value !== 0);
        },
        set_int(target: number, key: number, keyLength: number, value: bigint): void {
          set(target, text(key, keyLength), integer(value));
        },
        set_double(target: number, key: number, keyLength: number, value: number): void {
          set(target, text(key, keyLength), value);
        },
        set_list(target: number, key: number, keyLength: number, kind: number, items: number, count: number): void {
          const list = lists[kind];
          if (list) set(target, text(key, keyLength), list(items, count));
          else problems.note('bad-value', `list of kind ${kind}`);
        },
        attributes_create: (): number => hold({ kind: 'attributes', attributes: {} }),
        span_add_event(span: number, name: number, nameLength: number, attributes: number): void {
          const named = text(name, nameLength);
          const given = find(attributes);
          if (given?.kind === 'span') problems.note('bad-handle');
          else if (given) release(attributes);
          if (named !== undefined) spanOf(span)?.addEvent(named, given?.kind === 'attributes' ? given.attributes : {});
        },
        span_set_status(span: number, code: number, message: number, messageLength: number): void {
          const said = text(message, messageLength);
          if (code < 0 || code > ERROR) problems.note('bad-value', `status ${code}`);
          else spanOf(span)?.setStatus({ code, ...(said && { message: said }) });
        },
        span_record_exception(
          span: number,
          type: number,
          typeLength: number,
          message: number,
          messageLength: number,
          stack: number,
          stackLength: number,
        ): void {
          const [name, said = '', where] = [
            text(type, typeLength),
            text(message, messageLength),
            text(stack, stackLength),
          ];
          spanOf(span)?.recordException({ message: said, ...(name && { name }), ...(where && { stack: where }) });
        },
        span_end(handle: number): void {
          const found = find(handle);
          if (found?.kind === 'span' && !found.mine) problems.note('not-yours');
          else if (found) {
            release(handle);
            if (found.kind === 'span') found.span.end();
          }
        },
        context_traceparent(into: number, capacity: number): number {
          const spanContext = (current() ?? hosts())?.spanContext();
          if (!isSpanContextValid(spanContext)) return 0;
          return read((memory) => memory.write(traceparent(spanContext), into, capacity, encoding)) || 0;
        },
      };
      return guarded(functions, problems);
    },

    call(run, span) {
      const frame: Frame = { base: open.length, firstHandle: lastHandle + 1, span, hostHandle: 0 };
      frames.push(frame);
      let torn: { readonly error: unknown } | undefined;
      try {
        return run();
      } catch (error) {
        torn = { error };
        throw error;
      } finally {
        frames.pop();
        leave(frame, torn);
      }
    },
    callOut(run) {
      const span = current();
      const context = registeredContext();
      return span && context ? context.with(setSpan(context.active(), span), run) : run();
    },
    get openHandles() {
      return held.size;
    },
  };
}

/** A processor or sampler of the program that throws must not unwind the guest. */
function guarded<F extends Record<string, (...args: never[]) => unknown>>(
  functions: F,
  problems: GuestProblems,
): Record<string, WebAssembly.ImportValue> {
  const wrap =
    (run: (...args: never[]) => unknown) =>
    (...args: never[]): unknown => {
      try {
        return run(...args);
      } catch (error) {
        problems.note('failed', messageOf(error));
        return 0;
      }
    };
  return Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, wrap(run)]));
}

/** As a number where that is exact, else in digits: not every tracer takes a bigint. */
const integer = (value: bigint): number | string => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
};

const messageOf = (error: unknown): string => String((error as Error | undefined)?.message ?? error);

/** W3C trace context, "traceparent header": 55 characters. */
const traceparent = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${(traceFlags & 3).toString(16).padStart(2, '0')}`;
