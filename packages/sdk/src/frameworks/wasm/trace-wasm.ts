import type { Tracer } from '@opentelemetry/api';
import type { Diagnostic } from '../../core/options.js';
import { createGuestInterface } from './guest-interface.js';
import { type GuestMemory, readGuestMemory } from './guest-memory.js';
import { createGuestProblems, type GuestProblem } from './guest-problems.js';

export interface TraceWasmOptions {
  /** What the module is called in spans (`wasm.module`) and messages. */
  readonly name: string;
  /** Exported functions that get spans: by name. Default: all but those whose names begin with two underscores (a language's own runtime). */
  readonly only?: readonly string[] | undefined;
  /** Exported functions that get none: called so often that a span would cost more than the call. */
  readonly except?: readonly string[] | undefined;
  /** What the guest does wrong, each kind once. Default: `console.warn`. */
  readonly onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined;
}

export interface WasmGuestStatus {
  /** Handles the guest holds now. */
  readonly openHandles: number;
  /** How often it did each thing wrong. */
  readonly problems: Readonly<Record<GuestProblem, number>>;
}

export interface TracedWasm {
  /**
   * What to instantiate the module with: the host's own imports and Throughline's. A module that imports nothing of Throughline can be
   * instantiated with it as well. The functions of `own` run below the span that the guest is in.
   */
  imports(own?: WebAssembly.Imports): WebAssembly.Imports;
  /**
   * The instance's exports with a span around each function: named for the export, a child of what is active at the call. Arguments, results and
   * exceptions are unchanged; a trap (`WebAssembly.RuntimeError`) is recorded and the span's status is error. Takes what a language's
   * bindings make of the exports as well, as long as it has the `memory`.
   */
  exports<E extends object>(exports: E): E;
  status(): WasmGuestStatus;
}

/** Names of the interface's first version, by how the guest's strings lie in its memory. A later version has names of its own beside these. */
const INTERFACES = { throughline_v1_utf8: 'utf8', throughline_v1_utf16: 'utf16' } as const;
const ERROR = 2;

/**
 * Traces one WebAssembly module of a host: calls into it, and what it says about itself through the imported interface (docs/wasm.md).
 *
 * One for each instance, because handles and memory are an instance's own. Calls are taken to return before anything else runs, as those of
 * WebAssembly do; of one that is suspended (JavaScript Promise Integration) the span ends when it first returns.
 *
 * @param telemetry what `start()` returned, or anything with a tracer of OpenTelemetry's.
 */
export function traceWasm(telemetry: { readonly tracer: Tracer }, options: TraceWasmOptions): TracedWasm {
  const { name: guest, only, except = [], onDiagnostic = toConsole } = options;
  const problems = createGuestProblems(guest, onDiagnostic);
  let memory: GuestMemory | undefined;
  const { tracer } = telemetry;
  const guestInterface = createGuestInterface(tracer, () => memory, problems);
  const isTraced = (name: string): boolean =>
    !except.includes(name) && (only ? only.includes(name) : !name.startsWith('__'));

  const traced = (name: string, run: () => unknown): unknown => {
    const attributes = { 'code.function.name': name, 'wasm.module': guest };
    return tracer.startActiveSpan(name, { attributes }, (span) => {
      try {
        return guestInterface.call(run, span);
      } catch (error) {
        span.recordException((error ?? String(error)) as Error);
        span.setStatus({ code: ERROR, message: String((error as Error | undefined)?.message ?? error) });
        throw error;
      } finally {
        span.end();
      }
    });
  };

  return {
    imports(own = {}) {
      const imports: WebAssembly.Imports = {};
      for (const [module, values] of Object.entries(own)) {
        // What is inherited stays reachable, and what is its own can be copied on: a language's bindings do either.
        const wrapped: WebAssembly.ModuleImports = Object.assign(Object.create(values), values);
        for (const [name, value] of Object.entries(values)) {
          if (value instanceof WebAssembly.Memory) memory ??= readGuestMemory(value);
          if (typeof value === 'function')
            wrapped[name] = (...args: unknown[]) => guestInterface.callOut(() => value(...args));
        }
        imports[module] = wrapped;
      }
      for (const [module, encoding] of Object.entries(INTERFACES)) imports[module] = guestInterface.imports(encoding);
      return imports;
    },
    exports<E extends object>(exports: E): E {
      const found = (exports as { readonly memory?: unknown }).memory;
      if (found instanceof WebAssembly.Memory) memory = readGuestMemory(found);
      const wrapped: Record<string, unknown> = {};
      // The inherited as well: AssemblyScript's bindings lay what they convert over the exports themselves.
      for (const name in exports) {
        const value: unknown = exports[name];
        if (typeof value !== 'function') wrapped[name] = value;
        else {
          const wrapper = function (this: unknown, ...args: unknown[]): unknown {
            const run = () => Reflect.apply(value, this, args);
            return isTraced(name) ? traced(name, run) : guestInterface.call(run);
          };
          wrapped[name] = Object.defineProperties(wrapper, {
            name: { value: name },
            length: { value: value.length },
          });
        }
      }
      return wrapped as E;
    },
    status: () => ({ openHandles: guestInterface.openHandles, problems: { ...problems.counts } }),
  };
}

function toConsole({ code, message }: Diagnostic): void {
  console.warn(`[throughline] ${code}: ${message}`);
}
