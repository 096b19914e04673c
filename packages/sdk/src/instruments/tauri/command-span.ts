import type { Attributes, Context, Exception } from '@opentelemetry/api';
import { setSpan } from '../../core/context/span-in-context.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { holdInteraction } from '../../core/interaction.js';

export interface CommandOptions {
  /**
   * Arguments to record, by command: `{ create_person: ['name'] }` records `tauri.command.argument.name`. Default: none, because a
   * program's arguments are a person's data.
   */
  readonly recordArguments?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The span of one command as the page sees it: from the call until its answer has been read. */
export interface CommandSpan {
  /** What the call ran in. */
  readonly parent: Context;
  /** Hands over what the backend is told, one by one. */
  propagate(setHeader: (name: string, value: string) => void): void;
  /** Ends it. The code that waits for the answer continues the call's context. */
  succeeded(): void;
  failed(error: unknown): void;
}

const CLIENT = 2;
const ERROR_STATUS = 2;

/** `args`: asked for only where arguments of this command are recorded. */
export function beginCommand(
  { tracer, contextStore, propagator }: InstrumentHost,
  { recordArguments }: CommandOptions,
  command: string,
  args: () => unknown,
): CommandSpan {
  const parent = contextStore.active();
  const attributes: Attributes = { 'rpc.system.name': 'tauri', 'rpc.method': command };
  const named = recordArguments?.[command];
  if (named) {
    const given = (args() ?? {}) as Record<string, unknown>;
    for (const name of named) {
      const value = given[name];
      if (value !== undefined) attributes[`tauri.command.argument.${name}`] = textOf(value);
    }
  }
  const span = tracer.startSpan(command, { kind: CLIENT, attributes }, parent);
  const release = holdInteraction(parent);
  const end = (): void => {
    span.end();
    release();
    contextStore.carry?.(parent);
  };
  return {
    parent,
    propagate: (setHeader) =>
      propagator.inject(setSpan(parent, span), setHeader, { set: (set, name, value) => set(name, value) }),
    succeeded: end,
    failed(error) {
      const { type, message } = describeError(error);
      span.setAttribute('error.type', type);
      span.recordException({ name: type, message } as Exception);
      span.setStatus({ code: ERROR_STATUS, message });
      end();
    },
  };
}

/** A command rejects with whatever its error was made into: a text, or an object that says its kind in one of a few members. */
function describeError(error: unknown): { readonly type: string; readonly message: string } {
  const { type, kind, code, name, message } = Object(error) as Record<string, unknown>;
  const said = [type, kind, code, name].find((one) => typeof one === 'string') as string | undefined;
  return { type: said ?? 'error', message: typeof message === 'string' ? message : textOf(error) };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : String(JSON.stringify(value)));
