import * as module from 'node:module';
import type { Instrumentation } from './instrumentation.js';
import { patchedModuleNames } from './patched-module-names.js';

/**
 * Patches Node's own modules (`http`, `dns`) that these enabled instrumentations name. An instrumentation patches when
 * somebody calls `require`; then Node is asked to show the same to those who `import` the module, also to those who did before.
 * Returns what shows the originals again once the instrumentations are disabled.
 */
export function patchBuiltinModules(instrumentations: readonly Instrumentation[]): () => void {
  const names = patchedModuleNames(instrumentations).filter((name) => module.isBuiltin(name));
  if (names.length === 0) return () => {};
  const require = module.createRequire(import.meta.url);
  for (const name of names) require(name);
  module.syncBuiltinESMExports();
  return () => module.syncBuiltinESMExports();
}
