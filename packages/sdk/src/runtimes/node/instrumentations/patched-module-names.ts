import type { Instrumentation } from './instrumentation.js';

/** Names of the modules these instrumentations want to patch, Node's own among them; each once. */
export function patchedModuleNames(instrumentations: readonly Instrumentation[]): string[] {
  const names = new Set<string>();
  for (const instrumentation of instrumentations) {
    try {
      for (const { name } of definitions(instrumentation)) names.add(name);
    } catch {
      // Its own trouble; it is reported when it is enabled.
    }
  }
  return [...names];
}

function definitions(instrumentation: Instrumentation): readonly { readonly name: string }[] {
  // The list itself, where the base class keeps it; asking makes a new one and is possible in newer versions only.
  const { _modules } = instrumentation as { _modules?: readonly { readonly name: string }[] };
  return _modules ?? instrumentation.getModuleDefinitions?.() ?? [];
}
