import type { InstrumentHost } from '../../core/instrument.js';
import type { TelemetryParts } from '../../core/start-telemetry-with.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { beginCommand, type CommandOptions } from '../../instruments/tauri/command-span.js';
import {
  type AppEvent,
  type AppEventHandler,
  type ObservedAppEvents,
  observeAppEvents,
} from '../../instruments/tauri/observe-app-events.js';
import { observeCommands } from '../../instruments/tauri/observe-commands.js';
import { tauriIpcTransport } from '../../transports/tauri-ipc.js';
import { start as startWeb, type WebOptions } from '../web/index.js';
import { type InvokeOptions, tauriPage } from './internals.js';

export type { Instrument, InstrumentHost, Telemetry, TelemetryParts } from '../web/index.js';
export type { AppEvent, AppEventHandler, InvokeOptions };

export interface TauriOptions extends WebOptions, CommandOptions {
  /** `false` leaves `invoke` as it is. Default `true`. */
  readonly commands?: boolean | undefined;
  /** `false` leaves `listen` as it is. Default `true`. */
  readonly appEvents?: boolean | undefined;
}

interface Running {
  readonly host: InstrumentHost;
  readonly options: TauriOptions;
  readonly events: ObservedAppEvents;
}

/** Per page there is one telemetry. */
let running: Running | undefined;

/**
 * Starts traces in the page of a Tauri program: all that `@throughline/sdk/web` does, its commands, and the backend's events. Batches go to
 * `tauri-plugin-throughline` by IPC, 200 ms after the first span at most, and are safe from a crash there; `service.name`, version
 * and environment are those the backend says, the name with `-page` behind it.
 *
 * Opened in a browser (`vite dev`) the same page is an ordinary one: it sends to `endpoint`.
 */
export function start(options: TauriOptions = {}, parts: Partial<TelemetryParts> = {}): Telemetry {
  const { __TAURI_INTERNALS__: tauri, __THROUGHLINE__: backend } = tauriPage;
  if (!tauri) return startWeb(options, parts);
  const ipcAddress = tauri.convertFileSrc('', 'ipc');
  const observe = (host: InstrumentHost) => {
    const events = observeAppEvents(host, tauri.callbacks);
    const wrapListener = options.appEvents === false ? undefined : events.wrapListener;
    const stopCommands =
      options.commands === false ? () => {} : observeCommands(host, { ...options, ipcAddress, wrapListener });
    running = { host, options, events };
    return () => {
      running = undefined;
      stopCommands();
      events.stop();
    };
  };
  return startWeb(
    {
      destinations: tauriIpcTransport((command, body, { headers }) => tauri.invoke(command, body, { headers })),
      ...options,
      resource: { ...backend?.resource, ...options.resource },
      batch: { maxAgeMs: 200, ...options.batch },
      // On Windows commands are requests of plain HTTP.
      ignoreUrls: [ipcAddress, ...(options.ignoreUrls ?? [])],
      instruments: [...(options.instruments ?? []), observe],
    },
    parts,
  );
}

/**
 * `invoke` with a span, for programs that leave `invoke` unobserved and for web views in which it cannot be. Result, error and arguments are
 * `invoke`'s own.
 */
export async function tracedInvoke<T>(command: string, args: unknown = {}, options: InvokeOptions = {}): Promise<T> {
  const { __TAURI_INTERNALS__: tauri } = tauriPage;
  if (!tauri) throw new Error('This page is not in a Tauri program.');
  if (!running) return (await tauri.invoke(command, args, options)) as T;
  const span = beginCommand(running.host, running.options, command, () => args);
  // A plain object: it may have to travel as JSON.
  const headers = Object.fromEntries(new Headers(options.headers));
  span.propagate((name, value) => {
    headers[name] = value;
  });
  return tauri.invoke(command, args, { ...options, headers }).then(
    (result) => {
      span.succeeded();
      return result as T;
    },
    (error) => {
      span.failed(error);
      throw error;
    },
  );
}

/**
 * Listens to an event of the backend; each is a span, under the context it was sent with (`use tauri_plugin_throughline::Emitter`), and what
 * the handler does is below it. Resolves to how to stop. An observed `listen` makes spans only of events that come with a context.
 */
export async function tracedListen<T>(event: string, handler: AppEventHandler<T>): Promise<() => void> {
  const { __TAURI_INTERNALS__: tauri, __TAURI_EVENT_PLUGIN_INTERNALS__: listeners } = tauriPage;
  if (!tauri) throw new Error('This page is not in a Tauri program.');
  const register = (handler: AppEventHandler<T>) => tauri.transformCallback(handler);
  const id = await tauri.invoke('plugin:event|listen', {
    event,
    target: { kind: 'Any' },
    handler: running ? running.events.register(event, handler, register) : register(handler),
  });
  return () => {
    listeners?.unregisterListener(event, id as number);
    void tauri.invoke('plugin:event|unlisten', { event, eventId: id });
  };
}
