/** What Tauri 2 puts into each page, as far as it is used here (`@tauri-apps/api` is made of the same). */
interface TauriInternals {
  invoke(command: string, args?: unknown, options?: InvokeOptions): Promise<unknown>;
  /** Gives a function a number by which the backend can call it. */
  transformCallback(callback: (data: never) => unknown, once?: boolean): number;
  /** The address under which the backend serves `path` of a scheme; of `ipc` it is where commands go. */
  convertFileSrc(path: string, scheme: string): string;
  readonly callbacks?: Map<number, (data: unknown) => unknown>;
}

export interface InvokeOptions {
  readonly headers?: HeadersInit | undefined;
}

interface TauriPage {
  readonly __TAURI_INTERNALS__?: TauriInternals;
  readonly __TAURI_EVENT_PLUGIN_INTERNALS__?: { unregisterListener(event: string, id: number): void };
  /** What the plugin says: the attributes of the page's resource. */
  readonly __THROUGHLINE__?: { readonly resource: Record<string, string> };
}

export const tauriPage = globalThis as TauriPage;
